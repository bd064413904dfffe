"""The one seam to Neo4j: runs statements in managed transactions, and turns the driver's errors into ours.

Managed transactions repeat themselves when the server says that another try may succeed (two writers in each other's way, say), so
there is no retry loop here; and the driver need not tell of it.

A client under a lease (`GraphClient.under`) writes only as long as the lease is held: each of its transactions checks that.
"""

import copy
import logging
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import neo4j
import neo4j.time
import numpy as np
import numpy.typing as npt
from neo4j import exceptions
from neo4j.vector import Vector

from pipeline.errors import (
    ConfigurationError,
    GraphAccessError,
    GraphError,
    GraphSchemaError,
    GraphStatementError,
    GraphStorageError,
    GraphUnavailableError,
    LeaseLostError,
    PipelineError,
)
from pipeline.graph.connection import Connection
from pipeline.graph.lease import (
    EXPIRY_S,
    SCHEMA_BLOCKED_S,
    SCHEMA_LEASE_S,
    SCHEMA_PATIENCE_S,
    SCHEMA_PAUSE_S,
    SCHEMA_S,
    WRITE_S,
    Lease,
)
from pipeline.graph.statement import Statement, load

logging.getLogger("neo4j").setLevel(logging.ERROR)

OLDEST_VERSION = (5, 26)
"""The oldest Neo4j that the statements are tested with."""

ANSWER_S = 15.0
"""How long a server may take to answer a new connection: a stall of Neo4j's own lasts some ten seconds."""

_READ_ONLY = ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase")
_STORAGE = "Neo.DatabaseError.Transaction."
"""What comes when a transaction cannot be logged, and at each one after that until a restart."""

_T = TypeVar("_T")

_THERE_ALREADY = "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists"
"""Two created the same at once: ``IF NOT EXISTS`` looks before it waits."""

_OVERDUE = (
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
)
"""A transaction took longer than it may; the second where the client has said how long."""

_PACKED_VECTORS = (6, 0)
"""The first version of Bolt that carries vectors."""

Row = dict[str, Any]
"""One record: values by name."""

_Item = TypeVar("_Item")


class _Batch(dict[str, object]):
    """A parameter that holds many rows.

    The driver makes text of all parameters for a line of its log, printed or not. Of 2,000 vectors as lists that took 0.12 s, ten
    times as long as all else that it does with them.
    """

    def __repr__(self) -> str:
        return "{…}"


class GraphClient:
    """A connection pool to one database; use it as a context manager.

    Parameters
    ----------
    connection
        Where the database is.

    Attributes
    ----------
    lease
        The lease that its writes are checked against, or None.

    Raises
    ------
    GraphUnavailableError
        On entering, if the database does not answer.
    GraphAccessError
        On entering, if it refuses the user.
    ConfigurationError
        On entering, if it is no Neo4j, or one that is too old.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lease: Lease | None = None
        self._packs_vectors = False
        with _errors_of(connection, "connecting"):
            self._driver = neo4j.GraphDatabase.driver(
                connection.uri,
                auth=(connection.user, connection.password),
                notifications_min_severity="OFF",
                connection_timeout=ANSWER_S,
                connection_acquisition_timeout=ANSWER_S,
            )

    def __enter__(self) -> Self:
        try:
            with _errors_of(self.connection, "connecting"):
                server = self._driver.get_server_info()
            _check_version(server.agent, self.connection)
            self._packs_vectors = server.protocol_version >= _PACKED_VECTORS
        except PipelineError:
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
            # Not `Result.data`: it looks at every byte of a value that is bytes.
            return session.execute_read(
                lambda tx: [dict(zip(record.keys(), record.values(), strict=True)) for record in tx.run(statement.text, parameters)]
            )

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

    def under(self, lease: Lease) -> Self:
        """The same client, which writes only as long as the lease is held.

        Every transaction that writes checks the lease and keeps it from being taken over until the commit; so whoever lost it,
        however long it slept in between, writes nothing more (`LeaseLostError`). It shares the connections: close the original.
        """
        leased = copy.copy(self)
        leased.lease = lease
        return leased

    def read_pages(
        self, statement: Statement, pages: Iterable[Mapping[str, object]], *, concurrency: int, **parameters: object
    ) -> Iterator[Row]:
        """A long table in pages, each the one record of a transaction of its own: values are lists, one per column.

        A record per row costs the driver ten times as much as a list per column. Pages come in their order; at most `concurrency`
        of them are read ahead, and no more are in memory.

        Parameters
        ----------
        statement
            A statement that returns one record.
        pages
            The parameters that tell one page from another.
        concurrency
            Transactions under way at once.
        **parameters
            The statement's other parameters.
        """

        def work(page: Mapping[str, object]) -> Row:
            (record,) = self.read(statement, **page, **parameters)
            return record

        return _in_order(work, pages, concurrency)

    def read_by_id(self, statement: Statement, *, size: int, **parameters: object) -> Iterator[Row]:
        """A long table in pages of so many rows, as `read_pages` gives them, in the order of the column ``id``.

        The statement takes ``size``, and ``after``: the id after which a page begins.
        """
        after = ""
        while True:
            (page,) = self.read(statement, after=after, size=size, **parameters)
            yield page
            if len(page["id"]) < size:
                return
            after = page["id"][-1]

    def vectors(self, matrix_NR: npt.NDArray[np.float32]) -> list[Any]:
        """The rows of a matrix as a statement takes them quickest.

        As vectors of four bytes a number where the server knows such (Bolt 6); else as lists of numbers, nine bytes each.
        """
        if not self._packs_vectors:
            lists: list[Any] = matrix_NR.tolist()
            return lists
        return [Vector(row.tobytes(), "f32") for row in matrix_NR.astype(">f4")]

    def write(self, statement: Statement, **parameters: object) -> neo4j.SummaryCounters:
        """Run a writing statement in one transaction, and say what it changed."""
        return self._write(statement, parameters, lambda result: result.consume().counters)

    def write_rows(self, statement: Statement, rows: Sequence[object], **parameters: object) -> neo4j.SummaryCounters:
        """Run a writing statement over a batch of rows: the ``rows`` of its parameter ``$batch``, see `write_batches`."""
        return self.write(statement, batch=_Batch(rows=rows), **parameters)

    def write_and_return(self, statement: Statement, **parameters: object) -> list[Row]:
        """Run a writing statement in one transaction, and give its records."""
        return self._write(statement, parameters, neo4j.Result.data)

    def renew(self, lease: Lease) -> bool:
        """Give a sign of life of a lease's holder; tell whether it holds it still."""
        return bool(self.write_and_return(load("lease/renew"), dataset=lease.dataset, token=lease.token, seconds=EXPIRY_S))

    def change_schema(self, statement: Statement, **parameters: object) -> None:
        """Create or drop an index or a constraint, where that is not done yet."""
        _check_parameters(statement, parameters)
        change = secrets.token_hex(8)

        @neo4j.unit_of_work(timeout=SCHEMA_S, metadata={"change": change})
        def work(tx: neo4j.ManagedTransaction) -> None:
            self._check_lease(tx, "lease/check_lasts", seconds=SCHEMA_LEASE_S)
            tx.run(statement.text, parameters).consume()

        deadline = time.monotonic() + SCHEMA_PATIENCE_S
        with _errors_of(self.connection, statement.name), self._session() as session:
            while True:
                failed = None
                with self._blocked_for_no_longer(change) as ended:
                    try:
                        session.execute_write(work)
                    except LeaseLostError:
                        # It may only be short, as one whose signs of life came late is.
                        if not (self.lease and self.renew(self.lease)):
                            raise
                        continue
                    except exceptions.ClientError as error:
                        failed = error
                # Not before the end of who ended it: its answer may come later than the error.
                if failed is None or failed.code == _THERE_ALREADY:
                    return
                if not ended and failed.code not in _OVERDUE:
                    raise failed
                if time.monotonic() > deadline:
                    raise _given_up(statement, ended)
                time.sleep(SCHEMA_PAUSE_S)

    @contextmanager
    def _blocked_for_no_longer(self, change: str) -> Iterator[list[str]]:
        """End a change of the schema once it waits for others for so long; yields what it waited for when it was ended.

        It waits until all are done who read the label, and whoever comes to read it meanwhile waits behind it.
        """
        done = threading.Event()
        ended: list[str] = []

        def watch() -> None:
            while not done.wait(SCHEMA_BLOCKED_S):
                with suppress(exceptions.Neo4jError, exceptions.DriverError), self._session() as session:
                    ended.extend(row["blocked"] for row in session.run(load("schema/end_blocked").text, change=change))

        watcher = threading.Thread(target=watch, name="change of the schema", daemon=True)
        watcher.start()
        try:
            yield ended
        finally:
            done.set()
            watcher.join()

    def write_alone(self, statement: Statement, **parameters: object) -> neo4j.SummaryCounters:
        """Run a statement that manages its own transactions (``CALL … IN TRANSACTIONS``).

        Under a lease it checks that itself, in each of them, as its parameters ``dataset`` and ``token``.
        """
        if self.lease is not None:
            parameters |= {"dataset": self.lease.dataset, "token": self.lease.token}
        _check_parameters(statement, parameters)
        with _errors_of(self.connection, statement.name), self._session() as session:
            return session.run(neo4j.Query(statement.text), parameters).consume().counters

    def stream(self, statement: Statement, size: int, **parameters: object) -> Iterator[dict[str, list[Any]]]:
        """The records of a long table, so many at a time, one list per column; no more of them are in memory.

        The statement runs once: what fails in the middle is not repeated.
        """
        _check_parameters(statement, parameters)
        with (
            _errors_of(self.connection, statement.name),
            self._driver.session(
                database=self.connection.database, default_access_mode=neo4j.READ_ACCESS, fetch_size=size
            ) as session,
        ):
            result = session.run(neo4j.Query(statement.text), parameters)
            keys = result.keys()
            while records := result.fetch(size):
                columns = zip(*(record.values() for record in records), strict=True)
                yield {key: [native(value) for value in column] for key, column in zip(keys, columns, strict=True)}

    def query(self, text: str, size: int) -> Iterator[tuple[list[str], list[list[Any]]]]:
        """The records of a query of the user's own, so many at a time: names of the columns, and rows.

        It runs as it is, once, in a transaction that the server lets read and nothing else. Where there is no record, one batch of
        none tells the names.
        """
        with (
            _errors_of(self.connection, "the query"),
            self._driver.session(
                database=self.connection.database, default_access_mode=neo4j.READ_ACCESS, fetch_size=size
            ) as session,
            session.begin_transaction() as tx,
        ):
            result = tx.run(text)
            headers = list(result.keys())
            yield headers, []
            while records := result.fetch(size):
                yield headers, [record.values() for record in records]

    def write_batches(
        self,
        statement: Statement,
        batches: Iterable[Sequence[object]],
        *,
        concurrency: int = 1,
        advance: Callable[[int], None],
        **parameters: object,
    ) -> None:
        """Run a statement once per batch of rows, each batch in a transaction of its own.

        Parameters
        ----------
        statement
            A statement with a parameter ``$batch``, a map whose ``rows`` are those of a batch. A list by itself would have the
            server plan the statement anew for each order of magnitude of its length.
        batches
            The rows; taken as they are needed, so that no more than a few batches are in memory.
        concurrency
            Transactions under way at once. More than one is for statements that do not lock the same nodes.
        advance
            Told the number of rows of each finished batch.
        **parameters
            The statement's other parameters.
        """

        def work(batch: Sequence[object]) -> int:
            self.write_rows(statement, batch, **parameters)
            return len(batch)

        for num_rows in _in_order(work, batches, concurrency):
            advance(num_rows)

    def _write(self, statement: Statement, parameters: dict[str, object], take: Callable[[neo4j.Result], _T]) -> _T:
        _check_parameters(statement, parameters)

        @neo4j.unit_of_work(timeout=WRITE_S)
        def work(tx: neo4j.ManagedTransaction) -> _T:
            taken = take(tx.run(statement.text, parameters))
            self._check_lease(tx, "lease/check")
            return taken

        with _errors_of(self.connection, statement.name), self._session() as session:
            return session.execute_write(work)

    def _check_lease(self, tx: neo4j.ManagedTransaction, check: str, **parameters: object) -> None:
        """Let a transaction go on only if the lease is held."""
        if self.lease is None:
            return
        held = {"dataset": self.lease.dataset, "token": self.lease.token}
        if tx.run(load(check).text, held | parameters).single() is None:
            raise LeaseLostError(
                f"the lease on data set {self.lease.dataset} has ended: this process gave no sign for too long, and another may "
                "have written since; so it wrote nothing more",
                hint="run the command again",
            )

    def _session(self) -> neo4j.Session:
        return self._driver.session(database=self.connection.database)


def _in_order(work: Callable[[_Item], _T], items: Iterable[_Item], concurrency: int) -> Iterator[_T]:
    """Results of some work in the order of its items, which are taken as they are needed; several are under way at once."""
    with ThreadPoolExecutor(concurrency, thread_name_prefix="graph") as pool:
        waiting: deque[Future[_T]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                # One more than there are transactions: it is made ready while they run.
                if len(waiting) > concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def native(value: Any) -> Any:  # noqa: ANN401 - whatever a property holds
    """A value as Python's own types have it."""
    if isinstance(value, list):
        return [native(item) for item in value]
    return value.to_native() if isinstance(value, neo4j.time.Date | neo4j.time.DateTime) else value


def _check_version(agent: str, connection: Connection) -> None:
    """Refuse servers that lack what we need of Neo4j: vector indexes, and Cypher's subqueries as we write them."""
    found = re.fullmatch(r"Neo4j/(\d+)\.(\d+)\S*", agent)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        raise ConfigurationError(
            f"the server at {connection.uri} is {agent}; Neo4j {oldest} or newer is needed",
            hint="upgrade it, or unset NEO4J_URI to use the embedded server",
        )


def _check_parameters(statement: Statement, parameters: dict[str, object]) -> None:
    if parameters.keys() != statement.parameters:
        raise ValueError(f"{statement.name} needs the parameters {sorted(statement.parameters)}, given are {sorted(parameters)}")


@contextmanager
def _errors_of(connection: Connection, what: str) -> Iterator[None]:
    """Turn the driver's errors into ours; ``what`` is the statement's name or what was being done."""
    try:
        yield
    except exceptions.Neo4jError as error:
        raise _of_server(error, connection, what) from error
    except (exceptions.ServiceUnavailable, exceptions.SessionExpired) as error:
        raise _unavailable(error, connection, what) from error
    except (exceptions.ConfigurationError, ValueError) as error:
        if what != "connecting":
            raise
        raise ConfigurationError(
            f"NEO4J_URI {connection.uri!r} is not an address: {error}", hint="bolt://host:7687, for example"
        ) from error
    except exceptions.DriverError as error:
        raise GraphUnavailableError(f"{what}: {error}") from error


def _of_server(error: exceptions.Neo4jError, connection: Connection, what: str) -> GraphError:  # noqa: PLR0911 - one a kind
    """What the server says is wrong."""
    # First: the driver counts it among the errors that may pass.
    if error.code in _READ_ONLY:
        return GraphAccessError(
            f"database {connection.database} at {connection.uri} is read-only",
            hint="name one that may be written (NEO4J_URI, NEO4J_DATABASE), or lift server.databases.read_only",
        )
    if isinstance(error, exceptions.AuthError):
        return GraphAccessError(
            f"Neo4j at {connection.uri} refuses user {connection.user!r}: {error.message or error}",
            hint="check NEO4J_USER and NEO4J_PASSWORD",
        )
    if isinstance(error, exceptions.Forbidden):
        return GraphAccessError(
            f"{what}: user {connection.user!r} may not do this: {error.message}", hint="use a user that may write data and indexes"
        )
    if isinstance(error, exceptions.TransientError):
        return _unavailable(error, connection, what)
    if (error.code or "").startswith(_STORAGE):
        return GraphStorageError(
            f"{what}: Neo4j at {connection.uri} cannot write its files: {error.message}",
            hint="free disk space where it keeps its store, restart it (`hyperlearn down` if embedded), and run again",
        )
    if isinstance(error, exceptions.ConstraintError):
        return GraphSchemaError(f"{what}: {error.message}")
    return GraphStatementError(f"{what}: {error.code}: {error.message}")


def _given_up(statement: Statement, ended: Sequence[str]) -> GraphUnavailableError:
    """Tell why the schema was not changed, by what each try was blocked by when it was ended."""
    if ended:
        return GraphUnavailableError(
            f"{statement.name}: a transaction of somebody else's has been in its way for {SCHEMA_PATIENCE_S:g} s: {ended[-1]}",
            hint="SHOW TRANSACTIONS in Neo4j Browser says whose; end it, and run the command again",
        )
    return GraphUnavailableError(
        f"{statement.name}: the server has not done it within {SCHEMA_S} s, tried for {SCHEMA_PATIENCE_S:g} s",
        hint="it may be busy, or short of memory; run the command again later",
    )


def _unavailable(error: Exception, connection: Connection, what: str) -> GraphUnavailableError:
    words = re.sub(r" \(deadline .*\)$", "", " ".join(str(error).split()))
    return GraphUnavailableError(
        f"{what}: Neo4j at {connection.uri} does not answer: {words}",
        hint="`hyperlearn up` starts the embedded server; is another one meant, see that it runs, and that NEO4J_URI names it: "
        "bolt://host:7687",
    )
