"""Tables and queries of a SQLite file, read only and in chunks, by Python's own SQLite."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.records.store import quoted
from pipeline.source.files.raw_table import RawTable, Staging
from pipeline.source.files.table_file import TableFile

_CHUNK = 10_000


class _Broken(bytes):
    """A text that is not UTF-8."""

    __slots__ = ()


def stage_sqlite(staging: Staging, path: Path, table: TableFile) -> RawTable | None:
    """Stage a table or a query of a SQLite file; None if it is refused, which is then among the problems."""
    try:
        try:
            return _read(staging, path, table, str)
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise
            # Some text is not UTF-8: in which row, the slower way tells.
            return _read(staging, path, table, _text)
    except sqlite3.Error as error:
        staging.flush()
        staging.refuse("a SQLite table" if table.sql is None else "a SQLite query that gives rows", str(error))
        return None


def _read(staging: Staging, path: Path, table: TableFile, text: Callable[[bytes], object]) -> RawTable | None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = text
        if table.database_table is None:
            return _stage(staging, connection.execute(table.sql or ""))
        known = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        if table.database_table not in known:
            meant = did_you_mean(table.database_table, known)
            staging.refuse(f"the table {table.database_table}", f"{', '.join(known) or 'no table'}{meant}")
            return None
        return _stage(staging, connection.execute(f"SELECT * FROM {quoted(table.database_table)}"))


def _stage(staging: Staging, cursor: sqlite3.Cursor) -> RawTable | None:
    if cursor.description is None:
        staging.refuse("a SQLite query that gives rows", "a statement that gives none")
        return None
    headers = [name for name, *_ in cursor.description]
    twice = sorted({name for name in headers if headers.count(name) > 1})
    if twice:
        staging.refuse("every column name once", f"{', '.join(twice)} several times")
        return None
    staging.create(len(headers))
    number = 0
    for number, row in enumerate(_rows(cursor), start=1):
        # Most cells are texts or nothing, and there are many.
        cells = [value if value is None or type(value) is str else _cell(value) for value in row]
        broken = next((value for value in row if type(value) is _Broken), None)
        if broken is None:
            staging.add(number, cells)
        else:
            staging.bad_row(number, "texts in utf-8", broken.decode(errors="backslashreplace"))
    return staging.finish(headers, number)


def _rows(cursor: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    while chunk := cursor.fetchmany(_CHUNK):
        yield from chunk


def _cell(value: object) -> str:
    match value:
        case float():
            # Columns with gaps make floats of whole numbers.
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)


def _text(content: bytes) -> str | _Broken:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _Broken(content)
