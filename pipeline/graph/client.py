"""The one seam to Neo4j: runs statements in managed transactions, and turns the driver's errors into ours.

Managed transactions repeat themselves when the server says that another try may succeed (two writers in each other's way, say), so
there is no retry loop here; and the driver need not tell of it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import neo4j
from neo4j import exceptions

from pipeline.errors import (
    ConfigurationError,
    GraphAccessError,
    GraphError,
    GraphSchemaError,
    GraphStatementError,
    GraphUnavailableError,
)
from pipeline.graph.connection import Connection
from pipeline.graph.statement import Statement

logging.getLogger("neo4j").setLevel(logging.ERROR)

Row = dict[str, Any]
"""One record: values by name."""


class GraphClient:
    """A connection pool to one database; use it as a context manager.

    Parameters
    ----------
    connection
        Where the database is.

    Raises
    ------
    GraphUnavailableError
        On entering, if the database does not answer.
    GraphAccessError
        On entering, if it refuses the user.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        with _errors_of(connection, "connecting"):
            self._driver = neo4j.GraphDatabase.driver(
                connection.uri, auth=(connection.user, connection.password), notifications_min_severity="OFF"
            )

    def __enter__(self) -> Self:
        try:
            with _errors_of(self.connection, "connecting"):
                self._driver.verify_connectivity()
        except GraphError:
            self._driver.close()
            raise
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._driver.close()

    def read(self, statement: Statement, **parameters: object) -> list[Row]:
        """All records of a reading statement."""
        _check_parameters(statement, parameters)
        with _errors_of(self.connection, statement.name), self._session() as session:
            return session.execute_read(lambda tx: tx.run(statement.text, parameters).data())

    def columns(self, statement: Statement, **parameters: object) -> dict[str, list[Any]]:
        """All records of a reading statement, turned into one list per column: for long tables."""
        _check_parameters(statement, parameters)

        def work(tx: neo4j.ManagedTransaction) -> dict[str, list[Any]]:
            result = tx.run(statement.text, parameters)
            columns: dict[str, list[Any]] = {key: [] for key in result.keys()}  # noqa: SIM118 - a Result is no dictionary
            appends = [column.append for column in columns.values()]
            for record in result:
                for append, value in zip(appends, record.values(), strict=True):
                    append(value)
            return columns

        with _errors_of(self.connection, statement.name), self._session() as session:
            return session.execute_read(work)

    def write(self, statement: Statement, **parameters: object) -> neo4j.SummaryCounters:
        """Run a writing statement in one transaction, and say what it changed."""
        _check_parameters(statement, parameters)
        with _errors_of(self.connection, statement.name), self._session() as session:
            return session.execute_write(lambda tx: tx.run(statement.text, parameters).consume().counters)

    def write_alone(self, statement: Statement, **parameters: object) -> neo4j.SummaryCounters:
        """Run a statement that manages its own transactions (``CALL … IN TRANSACTIONS``) or changes the schema."""
        _check_parameters(statement, parameters)
        with _errors_of(self.connection, statement.name), self._session() as session:
            return session.run(neo4j.Query(statement.text), parameters).consume().counters

    def write_batches(
        self,
        statement: Statement,
        rows: Sequence[object],
        *,
        batch_size: int,
        concurrency: int = 1,
        advance: Callable[[int], None],
        **parameters: object,
    ) -> None:
        """Run a statement once per batch of rows, each batch in a transaction of its own.

        Parameters
        ----------
        statement
            A statement with a parameter ``$rows``.
        rows
            All rows; every batch is a slice of them.
        batch_size
            Rows per transaction.
        concurrency
            Transactions under way at once. More than one is for statements that do not lock the same nodes.
        advance
            Told the number of rows of each finished batch.
        **parameters
            The statement's other parameters.
        """

        def work(start: int) -> int:
            batch = rows[start : start + batch_size]
            self.write(statement, rows=batch, **parameters)
            return len(batch)

        with ThreadPoolExecutor(concurrency, thread_name_prefix="write") as pool:
            futures = [pool.submit(work, start) for start in range(0, len(rows), batch_size)]
            try:
                for future in futures:
                    advance(future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _session(self) -> neo4j.Session:
        return self._driver.session(database=self.connection.database)


def _check_parameters(statement: Statement, parameters: dict[str, object]) -> None:
    if parameters.keys() != statement.parameters:
        raise ValueError(f"{statement.name} needs the parameters {sorted(statement.parameters)}, given are {sorted(parameters)}")


@contextmanager
def _errors_of(connection: Connection, what: str) -> Iterator[None]:
    """Turn the driver's errors into ours; ``what`` is the statement's name or what was being done."""
    try:
        yield
    except exceptions.AuthError as error:
        raise GraphAccessError(
            f"Neo4j at {connection.uri} refuses user {connection.user!r}: {error.message or error}",
            hint="check NEO4J_USER and NEO4J_PASSWORD",
        ) from error
    except exceptions.Forbidden as error:
        raise GraphAccessError(
            f"{what}: user {connection.user!r} may not do this: {error.message}", hint="use a user that may write data and indexes"
        ) from error
    except (exceptions.ServiceUnavailable, exceptions.SessionExpired, exceptions.TransientError) as error:
        raise GraphUnavailableError(
            f"{what}: Neo4j at {connection.uri} does not answer: {error}",
            hint="see `hyperlearn status`; start the embedded server with `hyperlearn up`, or check NEO4J_URI",
        ) from error
    except exceptions.ConstraintError as error:
        raise GraphSchemaError(f"{what}: {error.message}") from error
    except exceptions.Neo4jError as error:
        raise GraphStatementError(f"{what}: {error.code}: {error.message}") from error
    except (exceptions.ConfigurationError, ValueError) as error:
        if what != "connecting":
            raise
        raise ConfigurationError(
            f"NEO4J_URI {connection.uri!r} is not an address: {error}", hint="bolt://host:7687, for example"
        ) from error
    except exceptions.DriverError as error:
        raise GraphUnavailableError(f"{what}: {error}") from error
