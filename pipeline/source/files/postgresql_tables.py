"""Tables and queries of PostgreSQL databases, by way of one snapshot of each."""

from types import TracebackType
from typing import Self

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import SourceError
from pipeline.records.store import quoted
from pipeline.source.files.postgresql import PostgresqlSnapshot
from pipeline.source.files.raw_table import Kind, RawTable, Staging, trimmed
from pipeline.source.files.table_file import TableFile

_SHOWN_TABLES = 20
_ARRAY = "A"
_JSON = frozenset({"json", "jsonb"})

_TABLES = r"""
    SELECT nspname, relname, pg_table_is_visible(pg_class.oid)
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
        AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%' AND has_schema_privilege(relnamespace, 'USAGE')
    ORDER BY nspname, relname
"""


class PostgresqlDatabases:
    """The databases that a description names, a snapshot of each from its first use on, until they are closed."""

    def __init__(self) -> None:
        self._snapshots: dict[tuple[str, str | None], PostgresqlSnapshot | SourceError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        for snapshot in self._snapshots.values():
            if isinstance(snapshot, PostgresqlSnapshot):
                snapshot.close()
        self._snapshots.clear()

    def table_names(self, table: TableFile) -> list[str]:
        """What can be read in a database, as it stands after the # of a URL.

        Raises
        ------
        SourceError
            If the database cannot be reached.
        """
        return list(_tables(self._snapshot(table)))

    def stage(self, staging: Staging, table: TableFile) -> RawTable | None:
        """Stage a table or a query; None if it is refused, which is then among the problems."""
        try:
            snapshot = self._snapshot(table)
        except SourceError as error:
            staging.refuse("a PostgreSQL database that answers", str(error))
            return None
        try:
            query = _query(snapshot, table)
            if query is None:
                known = list(_tables(snapshot))
                shown = ", ".join(known[:_SHOWN_TABLES]) + (" …" if len(known) > _SHOWN_TABLES else "")
                meant = did_you_mean(table.database_table or "", known)
                staging.refuse(f"the table {table.database_table}", f"{shown or 'no table'}{meant}")
                return None
            return _stage(staging, snapshot, query)
        except SourceError as error:
            staging.flush()
            staging.refuse("a table that can be read" if table.sql is None else "a query that gives rows", str(error))
            return None

    def digest(self, table: TableFile) -> str:
        """What a table or the rows of a query are recognised by, in whatever order they are; the server digests them.

        Raises
        ------
        SourceError
            If it cannot be read.
        """
        snapshot = self._snapshot(table)
        query = _query(snapshot, table)
        if query is None:
            raise SourceError(f"there is no table {table.database_table}")
        columns = snapshot.described(query)
        halves = ", ".join(f"sum(hashtextextended(ROW(hashed.*)::text, {seed}))" for seed in (0, 1))
        ((num_rows, *sums),) = snapshot.rows(f"SELECT count(*), {halves} FROM (\n{query}\n) AS hashed")
        return f"{columns} {num_rows} {sums}"

    def _snapshot(self, table: TableFile) -> PostgresqlSnapshot:
        key = table.file, table.password_env
        if key not in self._snapshots:
            try:
                self._snapshots[key] = PostgresqlSnapshot(*key)
            except SourceError as error:
                # One that does not answer is waited for once.
                self._snapshots[key] = error
        found = self._snapshots[key]
        if isinstance(found, SourceError):
            raise found
        return found


def _tables(snapshot: PostgresqlSnapshot) -> dict[str, str]:
    """The tables and views of a database, by how they are called, as SQL spells them."""
    return {
        name if visible else f"{schema}.{name}": f"{quoted(schema)}.{quoted(name)}"
        for schema, name, visible in snapshot.rows(_TABLES)
    }


def _query(snapshot: PostgresqlSnapshot, table: TableFile) -> str | None:
    """The query of a table; None if there is no such table."""
    if table.sql is not None:
        return table.sql.strip().rstrip(";")
    known = _tables(snapshot)
    wanted = table.database_table or ""
    schema, _, name = wanted.partition(".")
    spelled = known.get(wanted) or next((each for each in known.values() if each == f"{quoted(schema)}.{quoted(name)}"), None)
    return None if spelled is None else f"SELECT * FROM {spelled}"


def _stage(staging: Staging, snapshot: PostgresqlSnapshot, query: str) -> RawTable | None:
    columns = snapshot.described(query)
    headers = [header for header, _ in columns]
    twice = sorted({header for header in headers if headers.count(header) > 1})
    if twice:
        staging.refuse("every column name once", f"{', '.join(twice)} several times")
        return None
    if not headers:
        staging.refuse("a table with columns", "one without")
        return None
    kinds = dict(snapshot.rows("SELECT oid::bigint, typcategory FROM pg_type WHERE oid = ANY(%s)", [[oid for _, oid in columns]]))
    json = {oid for (oid,) in snapshot.rows("SELECT oid::bigint FROM pg_type WHERE typname = ANY(%s)", [list(_JSON)])}
    arrays = [kinds.get(oid) == _ARRAY for _, oid in columns]
    # The server writes every value as text; lists as JSON.
    cells = ", ".join(
        f"to_json(staged.{quoted(header)})::text" if is_array else f"staged.{quoted(header)}::text"
        for (header, _), is_array in zip(columns, arrays, strict=True)
    )
    staging.create(len(headers))
    number = 0
    for number, row in enumerate(snapshot.stream(f"SELECT {cells} FROM (\n{query}\n) AS staged"), start=1):
        staging.add(number, row)
    staging.flush()
    held = [is_array or oid in json for (_, oid), is_array in zip(columns, arrays, strict=True)]
    return staging.finish(headers, number, _with_lists(staging, held, arrays))


def _with_lists(staging: Staging, json: list[bool], arrays: list[bool]) -> list[Kind]:
    """Make lists of the columns of JSON that hold any, and texts of the others."""
    kinds: list[Kind] = ["text"] * len(json)
    if not any(json):
        return kinds
    cells = []
    for position, is_json in enumerate(json):
        cell = f"c{position}"
        if is_json:
            text = trimmed(f"json_extract_string({cell}, '$')")
            if arrays[position] or staging.store.value(f"SELECT bool_or(json_type({cell}) = 'ARRAY') FROM {staging.name}"):
                kinds[position] = "texts"
                texts = f"CAST({cell}::JSON AS VARCHAR[])"
                text = f"CASE json_type({cell}) WHEN 'ARRAY' THEN {texts} ELSE CASE WHEN {text} IS NOT NULL THEN [{text}] END END"
            cell = f"{text} AS {cell}"
        cells.append(cell)
    texts_table = f"texts_{staging.name}"
    staging.store.run(f"ALTER TABLE {staging.name} RENAME TO {texts_table}")
    staging.store.run(f"CREATE TABLE {staging.name} AS SELECT row, {', '.join(cells)} FROM {texts_table}")
    staging.store.run(f"DROP TABLE {texts_table}")
    return kinds
