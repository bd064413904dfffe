"""A DuckDB database in which tables are staged: memory has a limit, what is beyond it lies in a temporary folder.

The only module that imports duckdb. Nothing is ever loaded from the network: extensions that are not built in stay out.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pyarrow as pa

from pipeline.domain.scratch import Scratch
from pipeline.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd

MEMORY_MIB = 512
"""What DuckDB may hold in memory, whatever the size of the tables."""


class Store:
    """A place for tables that is gone when it is closed; use it as a context manager, or close it.

    Parameters
    ----------
    memory_mib
        Limit of the memory that the tables take, in MiB.
    """

    def __init__(self, memory_mib: int = MEMORY_MIB) -> None:
        self._scratch = Scratch()
        self.folder = self._scratch.folder
        """Scratch space on disk, removed with the store."""
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mib}MiB",
                "temp_directory": str(self.folder / "spilled"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything; a second call does nothing."""
        self._connection.close()
        self._scratch.close()

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement whose rows nobody wants."""
        with _errors():
            self._connection.execute(sql, list(parameters))

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a short result."""
        with _errors():
            return self._connection.execute(sql, list(parameters)).fetchall()

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:  # noqa: ANN401 - whatever the column holds
        """The one value of a result."""
        ((value,),) = self.rows(sql, parameters)
        return value

    def num_rows(self, table: str) -> int:
        """Number of rows of a table."""
        count: int = self.value(f"SELECT count(*) FROM {table}")
        return count

    def batches(self, sql: str, size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a long result, so many at a time; no more of them are in memory."""
        # A connection of its own: the result is read while other statements run.
        with self._connection.cursor() as cursor, _errors():
            yield from cursor.sql(sql).to_arrow_reader(size)

    def frame(self, sql: str) -> "pd.DataFrame":
        """All rows of a result as a frame."""
        with _errors():
            frame: pd.DataFrame = self._connection.execute(sql).df()
            return frame

    @contextmanager
    def view(self, data: "pa.Table | pd.DataFrame") -> Iterator[str]:
        """Rows from memory, readable as a table of the name that is given back while the context lasts."""
        with _errors():
            table = data if isinstance(data, pa.Table) else pa.Table.from_pandas(data, preserve_index=False)
            self._connection.register("rows_from_memory", table)
        try:
            yield "rows_from_memory"
        finally:
            self._connection.unregister("rows_from_memory")


def quoted(identifier: str) -> str:
    """An identifier as SQL spells it, whatever characters it has."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL spells it."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _errors() -> Iterator[None]:
    """Turn what nobody can help but the user into an error for them."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise SourceError(
            f"the tables do not fit: {error}", hint="free memory, or disk space in the folder for temporary files (TMPDIR)"
        ) from error
    except duckdb.IOException as error:
        raise SourceError(f"a table cannot be read or staged: {str(error).splitlines()[0]}") from error
    except (duckdb.ConversionException, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SourceError(f"a value is not of its type: {error}") from error
    except (duckdb.ProgrammingError, duckdb.InternalError) as error:
        if not isinstance(error, duckdb.InvalidInputException):
            raise  # a mistake of ours, not of the tables
        raise SourceError(f"a table cannot be read: {str(error).splitlines()[0]}") from error
    except duckdb.Error as error:
        raise SourceError(f"a table cannot be read: {str(error).splitlines()[0]}") from error
