"""The files of a data set, each staged once as a raw table, whatever it is and however many parts of the description use it."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import SourceError
from pipeline.records.records import Records
from pipeline.records.store import literal, quoted
from pipeline.source.files.delimited import stage_delimited
from pipeline.source.files.graph_table import FetchedTable
from pipeline.source.files.json_lines import stage_json_lines
from pipeline.source.files.null_markers import without_markers
from pipeline.source.files.raw_table import Column, Kind, RawTable, Staging, trimmed
from pipeline.source.files.sqlite_tables import stage_sqlite
from pipeline.source.files.table_file import TableFile
from pipeline.source.files.written_lists import with_lists

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.source.files.postgresql_tables import PostgresqlDatabases

_WHOLE_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
_FLOATS = frozenset({"FLOAT", "DOUBLE"})


class RawTables:
    """The raw tables of a data set: frames when they are added, files and tables of databases when they are asked for.

    Use it as a context manager, so that connections to databases are given back.

    Parameters
    ----------
    records
        To whose store and problems they go.
    folder
        What paths are relative to.
    fetched
        The tables of the graph.
    """

    def __init__(self, records: Records, folder: Path = Path(), fetched: Mapping[TableFile, FetchedTable] | None = None) -> None:
        self._records = records
        self._folder = folder
        self._fetched = fetched or {}
        self._frames: dict[str, RawTable | None] = {}
        self._tables: dict[TableFile, RawTable | None] = {}
        self._databases: PostgresqlDatabases | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._databases is not None:
            self._databases.close()

    def add(self, path: str, frame: "pd.DataFrame") -> None:
        """Stage a table from memory, which is taken instead of the file of that path."""
        self._frames[path] = _stage_frame(self._staging(path), frame)

    def of(self, table: TableFile) -> RawTable | None:
        """The table, staged; None if it is refused as a whole, which is then among the problems."""
        if table not in self._tables:
            raw = self._frames[table.path] if table.path is not None and table.path in self._frames else self._stage(table)
            if raw is not None and table.number is not None:
                raw = self._numbered(raw, table.number)
            if raw is not None and table.lists is not None:
                raw = with_lists(self._records, raw, f"lists_{len(self._tables)}", table.lists)
            if raw is not None and table.null is not None:
                raw = without_markers(self._records.store, raw, f"told_{len(self._tables)}", table.null)
            self._tables[table] = raw
        return self._tables[table]

    def _numbered(self, raw: RawTable, header: str) -> RawTable | None:
        """A raw table with a column that numbers its rows; None if it has a column of that name already."""
        if header in raw.columns:
            self._staging(raw.place).refuse(f"no column {header}, which is to number the rows", "one of that name")
            return None
        name = f"numbered_{len(self._tables)}"
        self._records.store.run(f"CREATE VIEW {name} AS SELECT *, CAST(row AS VARCHAR) AS number FROM {raw.name}")
        return replace(raw, name=name, columns={header: Column(header, "number"), **raw.columns})

    def _staging(self, place: str) -> Staging:
        return Staging(self._records, place, f"raw_{len(self._frames) + len(self._tables)}")

    def _stage(self, table: TableFile) -> RawTable | None:
        staging = self._staging(table.place)
        if table.kind == "postgresql":
            return self._stage_postgresql(staging, table)
        link = self._records.store.folder / f"{staging.name}.file"
        if table.kind == "graph":
            fetched = self._fetched[table]
            if fetched.error is not None:
                expected = "a query that only reads, and gives rows" if table.cypher else "nodes with these properties"
                staging.refuse(expected, fetched.error)
                return None
            return stage_json_lines(staging, fetched.path, table, link, fetched.headers)
        path = self._folder / table.file
        found = what_is_there(path)
        if found is not None:
            staging.refuse("a file", found)
            return None
        try:
            return _stage_file(staging, path, table, link)
        except SourceError as error:
            staging.flush()
            staging.refuse(f"a table in {table.kind}", str(error).replace(str(link), table.file))
            return None

    def _stage_postgresql(self, staging: Staging, table: TableFile) -> RawTable | None:
        from pipeline.source.files.postgresql_tables import PostgresqlDatabases

        if self._databases is None:
            self._databases = PostgresqlDatabases()
        return self._databases.stage(staging, table)


def _stage_file(staging: Staging, path: Path, table: TableFile, link: Path) -> RawTable | None:
    match table.kind:
        case "csv":
            return stage_delimited(staging, path, table, link)
        case "jsonl":
            return stage_json_lines(staging, path, table, link)
        case "sqlite":
            return stage_sqlite(staging, path, table)
        case _:
            link.symlink_to(path.absolute())
            return _stage_typed(staging, f"read_parquet({literal(str(link))})")


def what_is_there(path: Path) -> str | None:
    """What is found where a file should be: None if it is one."""
    try:
        if path.is_file():
            return None if os.access(path, os.R_OK) else "one that this user may not read"
        if path.is_dir():
            return "a folder"
    except PermissionError:
        return "a folder on the way that this user may not look into"
    beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()] if path.parent.is_dir() else []
    return f"nothing there{did_you_mean(path.name, beside)}"


def frame_digest(frame: "pd.DataFrame") -> str:
    """SHA-256 of what a frame holds."""
    sink = pa.BufferOutputStream()
    table = _arrow(frame)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _arrow(frame: "pd.DataFrame") -> pa.Table:
    arrays = [_array(frame.iloc[:, position]) for position in range(frame.shape[1])]
    return pa.Table.from_arrays(arrays, names=[str(name) for name in frame.columns])


def _stage_frame(staging: Staging, frame: "pd.DataFrame") -> RawTable | None:
    twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if twice:
        staging.refuse("every column name once", f"{', '.join(twice)} several times")
        return None
    if frame.columns.empty:
        staging.refuse("a table with columns", "one without")
        return None
    with staging.store.view(_arrow(frame)) as view:
        return _stage_typed(staging, view)


def _array(values: "pd.Series[Any]") -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        import pandas as pd

        # Values of several types in one column: as texts they are comparable.
        return pa.array([None if value is None or value is pd.NA or value != value else str(value) for value in values])  # noqa: PLR0124 - not a number


def _stage_typed(staging: Staging, source: str) -> RawTable | None:
    """Stage what already has types: scalars as the texts that people write for them, lists as lists."""
    described = staging.store.rows(f"DESCRIBE SELECT * FROM {source}")
    headers = [name for name, *_ in described]
    types = [kind for _, kind, *_ in described]
    cells = ", ".join(
        f"{_cell(quoted(header), kind)} AS c{position}" for position, (header, kind) in enumerate(zip(headers, types, strict=True))
    )
    staging.store.run(f"CREATE OR REPLACE TABLE {staging.name} AS SELECT row_number() OVER () AS row, {cells} FROM {source}")
    num_rows = staging.store.value(f"SELECT count(*) FROM {staging.name}")
    return staging.finish(headers, num_rows, [_kind(kind) for kind in types])


def _kind(sql_type: str) -> Kind:
    if not sql_type.endswith("]"):
        return "text"
    return "numbers" if sql_type.partition("[")[0] in _WHOLE_NUMBERS | _FLOATS and sql_type.count("[") == 1 else "texts"


def _cell(column: str, sql_type: str) -> str:
    match _kind(sql_type):
        case "numbers":
            return f"CAST({column} AS DOUBLE[])" if sql_type.startswith(("FLOAT", "DOUBLE")) else f"CAST({column} AS BIGINT[])"
        case "texts":
            return f"CAST({column} AS VARCHAR[])"
        case _ if sql_type in _FLOATS:
            # Columns with gaps make floats of whole numbers.
            whole = f"isfinite({column}) AND {column} = trunc({column}) AND abs({column}) < 9007199254740992"
            return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
        case _:
            return trimmed(f"CAST({column} AS VARCHAR)")
