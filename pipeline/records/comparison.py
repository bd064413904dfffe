"""What a table changes in the database: the difference between the rows that are wanted and those that are there.

Both sides are compared by digests: the columns that tell one row from another, and 64 bits of the rest. Those of the rows that are
there come from the database, packed in parts of some thousand rows; so a table that changed little costs little, whatever its size.
The digests of rows that changed make a part of their own, behind those of all rows: so what was packed is not packed again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.records.store import Store, literal, quoted
from pipeline.records.tables import Table

PART_ROWS = 131_072
"""Rows whose digests go into one part: some 3 MB."""

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR[]": pa.list_(pa.string()),
    "BIGINT[]": pa.list_(pa.int64()),
    "DOUBLE[]": pa.list_(pa.float64()),
}


def key_columns(table: Table) -> dict[str, str]:
    """SQL type of the columns by which rows are compared: those of its identity, or the id that a hyperedge's members make."""
    return {"id": "UHUGEINT"} if table.kind == "hyperedges" else dict.fromkeys(table.identity, "VARCHAR")


def hyperedge_id(table: Table) -> str:
    """SQL for the id of a hyperedge, a number: the MD5 of its members' labels and ids, the same at every run.

    The lengths (in bytes) go in as well, so that no two lists of members give the same text: ``5:Movie3:tt15:Genre5:Drama``.
    Nothing secret hangs on the digest; it only has to tell hyperedges apart.
    """
    parts = []
    for column, label in table.members.items():
        parts += [literal(f"{len(label)}:{label}"), f"strlen({column})", "':'", column]
    return f"md5_number(concat({', '.join(parts)}))"


def as_text(id_: str) -> str:
    """SQL for the id of a hyperedge as the database has it: 32 hexadecimal digits."""
    return f"lpad(lower(hex({id_})), 32, '0')"


def content_digest(columns: Mapping[str, str]) -> str:
    """SQL for 64 bits of what a row holds in those columns (SQL type by name), in any order; what is missing leaves no trace.

    So digests stay comparable when a data set gets or loses a property. A value goes in with its name and its length.
    """
    fields = []
    for column, kind in sorted(columns.items()):
        # Numbers and dates end where the next character is none of theirs; a text says how long it is.
        value = f"{quoted(column)}::VARCHAR, ';'"
        if kind == "VARCHAR" or "[" in kind:
            text = quoted(column) if kind == "VARCHAR" else f"to_json({quoted(column)})::VARCHAR"
            value = f"strlen({text}), ':', {text}"
        fields.append(f"CASE WHEN {quoted(column)} IS NOT NULL THEN concat({literal(column + '=')}, {value}) END")
    return _low(f"md5_number(concat({', '.join(fields)}))")


@dataclass(frozen=True)
class Comparison:
    """The difference between what is wanted and what is there, in a table.

    Attributes
    ----------
    store
        Where it lies.
    table
        The table.
    created, changed, removed, unchanged
        Numbers of rows: wanted and not there, there with another content, there and not wanted, there as wanted.
    """

    store: Store
    table: Table
    created: int
    changed: int
    removed: int
    unchanged: int

    @classmethod
    def of(cls, store: Store, table: Table) -> "Comparison":
        """Compare a staged table with what `create_present` and `add_present_part` were told is there."""
        keys = key_columns(table)
        own = hyperedge_id(table) + " AS id" if table.kind == "hyperedges" else ", ".join(keys)
        using = ", ".join(keys)
        name = table.name
        digest = content_digest({column: table.columns[column] for column in table.content})
        store.run(f"CREATE TABLE wanted_{name} AS SELECT {own}, {digest} AS content, rowid AS pos FROM {name}")
        # One pass over both sides; only what differs is kept.
        store.run(f"""
            CREATE TABLE difference_{name} AS
            SELECT {using}, pos, w.content AS content,
                CASE WHEN p.content IS NULL THEN 'created' WHEN w.content IS NULL THEN 'removed' ELSE 'changed' END AS what
            FROM wanted_{name} w FULL JOIN present_{name} p USING ({using}) WHERE w.content IS DISTINCT FROM p.content
        """)
        counts = dict(store.rows(f"SELECT what, count(*) FROM difference_{name} GROUP BY what"))
        created, changed, removed = (counts.get(what, 0) for what in ("created", "changed", "removed"))
        wanted = store.value(f"SELECT count(*) FROM {name}")
        return cls(store, table, created, changed, removed, wanted - created - changed)

    @property
    def written(self) -> int:
        """Rows that differ."""
        return self.created + self.changed + self.removed

    def created_rows(self, size: int) -> Iterator[pa.RecordBatch]:
        """Rows to create, so many at a time."""
        return self._rows("created", size)

    def changed_rows(self, size: int) -> Iterator[pa.RecordBatch]:
        """Rows to change, so many at a time."""
        return self._rows("changed", size)

    def removed_keys(self, size: int) -> Iterator[pa.RecordBatch]:
        """Keys of the rows to remove, so many at a time; ids of hyperedges as hexadecimal text."""
        columns = ", ".join(_readable(self.table))
        rows = f"SELECT {columns} FROM difference_{self.table.name} WHERE what = 'removed' ORDER BY ALL"
        return self.store.batches(rows, size)

    def parts(self, *, stale: bool) -> Iterator[tuple[bytes, int]]:
        """Digests of the rows as they are once the difference is written; with those that should go, if they were left there.

        Each part comes with the number of its rows.
        """
        using = ", ".join(key_columns(self.table))
        name = self.table.name
        rows = f"SELECT {using}, content FROM wanted_{name}"
        if stale:
            gone = f"(SELECT {using} FROM difference_{name} WHERE what = 'removed')"
            rows += f" UNION ALL SELECT {using}, content FROM present_{name} SEMI JOIN {gone} USING ({using})"
        return self._packed(rows)

    def parts_of_changes(self, *, stale: bool) -> Iterator[tuple[bytes, int]]:
        """The same of the difference alone: a row that goes has no content."""
        using = ", ".join(key_columns(self.table))
        left = "WHERE what <> 'removed'" if stale else ""
        return self._packed(f"SELECT {using}, content FROM difference_{self.table.name} {left}")

    def _packed(self, rows: str) -> Iterator[tuple[bytes, int]]:
        using = ", ".join(key_columns(self.table))
        packed = f"SELECT {', '.join(_packed_key(self.table))}, content FROM ({rows}) ORDER BY {using}"
        for batch in self.store.batches(packed, PART_ROWS):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
                writer.write_batch(batch)
            yield sink.getvalue().to_pybytes(), batch.num_rows

    def _rows(self, what: str, size: int) -> Iterator[pa.RecordBatch]:
        name = self.table.name
        columns = ", ".join(f"t.{quoted(column)}" for column in self.table.columns)
        id_ = f"{as_text('d.id')} AS id, " if self.table.kind == "hyperedges" else ""
        joined = f"(SELECT * FROM difference_{name} WHERE what = {literal(what)}) d JOIN {name} t ON t.rowid = d.pos"
        return self.store.batches(f"SELECT {id_}{columns} FROM {joined} ORDER BY d.pos", size)


def create_present(store: Store, table: Table) -> None:
    """Make a place for the digests of the rows that are there, empty."""
    columns = ", ".join(f"{name} {kind}" for name, kind in key_columns(table).items())
    store.run(f"CREATE OR REPLACE TABLE present_{table.name} ({columns}, content UBIGINT)")


def add_present_part(store: Store, table: Table, part: bytes, *, changes: bool) -> None:
    """Add the digests of a part that `Comparison.parts` gave, or, after those, one of `Comparison.parts_of_changes`."""
    key = ["(high::UHUGEINT << 64) + low AS id"] if table.kind == "hyperedges" else table.identity
    present = f"present_{table.name}"
    with pa.ipc.open_stream(pa.py_buffer(part)) as reader, store.view(reader.read_all()) as view:
        rows = f"(SELECT {', '.join(key)}, content FROM {view})"
        if changes:
            same = " AND ".join(f"{present}.{column} = changed.{column}" for column in key_columns(table))
            store.run(f"DELETE FROM {present} USING {rows} changed WHERE {same}")
        store.run(f"INSERT INTO {present} FROM {rows} WHERE content IS NOT NULL")


def add_present_rows(store: Store, table: Table, columns: Mapping[str, Sequence[Any]], damaged: Sequence[bool]) -> None:
    """Add rows as the database holds them.

    Parameters
    ----------
    store, table
        Where to.
    columns
        Values by column: ``id`` for hyperedges (hexadecimal) or the columns of the identity, and those of the content.
    damaged
        Rows that count as changed whatever they hold.
    """
    odd = np.array(damaged, dtype=bool)
    keys = ["id"] if table.kind == "hyperedges" else table.identity
    arrays = {key: pa.array(columns[key], pa.string()) for key in keys}
    for column in table.content:
        kind = _ARROW_TYPES[table.columns[column]]
        try:
            arrays[column] = pa.array(columns[column], kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            # Somebody else gave the property another type.
            fits = np.array([_fits(value, kind) for value in columns[column]])
            arrays[column] = pa.array([v if fit else None for v, fit in zip(columns[column], fits, strict=True)], kind)
            odd |= ~fits
    arrays["odd"] = pa.array(odd)
    halves = ("(('0x' || left(id, 16))::UBIGINT::UHUGEINT << 64)", "('0x' || right(id, 16))::UBIGINT")
    own = [" + ".join(halves)] if table.kind == "hyperedges" else keys
    with store.view(pa.table(arrays)) as view:
        content = {column: table.columns[column] for column in table.content}
        digest = f"CASE WHEN odd THEN 0 ELSE {content_digest(content)} END"
        store.run(f"INSERT INTO present_{table.name} SELECT {', '.join(own)}, {digest} FROM {view}")


def _fits(value: object, kind: pa.DataType) -> bool:
    try:
        pa.array([value], kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def _readable(table: Table) -> list[str]:
    return [f"{as_text('id')} AS id"] if table.kind == "hyperedges" else table.identity


def _packed_key(table: Table) -> list[str]:
    """The key as Arrow can hold it."""
    return ["(id >> 64)::UBIGINT AS high", f"{_low('id')} AS low"] if table.kind == "hyperedges" else table.identity


def _low(number: str) -> str:
    """SQL for the low 64 bits of a number of 128."""
    return f"({number} & 18446744073709551615::UHUGEINT)::UBIGINT"
