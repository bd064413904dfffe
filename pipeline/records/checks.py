"""What must hold of every data set, wherever it is from, in SQL: each finding is a row of the table of problems."""

from typing import TYPE_CHECKING

from pipeline.records.store import literal, quoted
from pipeline.records.tables import Table, num_rows_in_words

if TYPE_CHECKING:
    from pipeline.records.records import Records

LONGEST_INDEXED = 8_000
"""Bytes of a text that Neo4j can still look up by an index (its limit is near 8,167)."""


def check_entities(records: "Records", table: Table) -> None:
    """Keys are there and stand once; numbers are finite; a name that is missing is the key."""
    _problem(records, table, "id", "a key", "id IS NULL OR id = ''", "NULL")
    # The first of several rows keeps the key.
    repeated = f"""
        SELECT *, row_number() OVER same AS nth, first_value(row) OVER same AS first_row
        FROM {table.name} WHERE id <> '' WINDOW same AS (PARTITION BY id ORDER BY place, row)
    """
    found = "concat(id, ' again (first in row ', first_row, ')')"
    _problem(records, table, "id", "each key once", "nth > 1", found, source=f"({repeated})")
    for column in ("id", "name"):
        _problem(
            records,
            table,
            column,
            f"at most {LONGEST_INDEXED:,} bytes",
            f"strlen({column}) > {LONGEST_INDEXED}",
            f"concat(strlen({column}), ' bytes, ', {column}[:40], '…')",
        )
    for column, kind in table.columns.items():
        if kind == "DOUBLE":
            _problem(records, table, column, "a finite number", f"NOT isfinite({quoted(column)})", f"{quoted(column)}::VARCHAR")
        if kind == "DOUBLE[]":
            wrong = f"len(list_filter({quoted(column)}, lambda x: x IS NULL OR NOT isfinite(x))) > 0"
            _problem(records, table, column, "finite numbers", wrong, f"{quoted(column)}::VARCHAR")
    records.store.run(f"UPDATE {table.name} SET name = id WHERE name IS NULL OR name = ''")


def remove_members_of_quarantined(records: "Records", table: Table) -> None:
    """What joins an entity that has been set aside goes with it, and is counted."""
    before = records.num_rows(table.key)
    for column, label in table.members.items():
        entities = records.tables[label].name
        gone = f"SELECT id FROM removed_{entities} WHERE id NOT IN (SELECT id FROM {entities})"
        records.store.run(f"DELETE FROM {table.name} WHERE {column} IN ({gone})")
    removed = before - records.num_rows(table.key)
    if removed:
        records.note(f"{table.key}: {num_rows_in_words(removed)} left out with the entities that are quarantined")


def check_members(records: "Records", table: Table) -> None:
    """Members are ids of entities that are there."""
    for column, label in table.members.items():
        _problem(records, table, column, f"a key of {label}", f"{column} IS NULL OR {column} = ''", "NULL")
        unknown = f"{column} <> '' AND {column} NOT IN (SELECT id FROM {records.tables[label].name} WHERE id IS NOT NULL)"
        _problem(records, table, column, f"a key of {label}", unknown, column)


def check_relations(records: "Records", table: Table) -> None:
    """Weights are above 0, nothing is related to itself, every pair stands once, the smaller id first."""
    wrong = "weight IS NULL OR NOT isfinite(weight) OR weight <= 0"
    _problem(records, table, "weight", "a number above 0", wrong, "weight::VARCHAR")
    _problem(records, table, "target", "another entity than the source", "source = target", "target")
    records.store.run(f"UPDATE {table.name} SET source = target, target = source WHERE source > target")
    _check_repeated(records, table)


def check_hyperedges(records: "Records", table: Table) -> None:
    """Values are finite, every combination of members stands once."""
    _problem(records, table, "value", "a finite number", "value IS NULL OR NOT isfinite(value)", "value::VARCHAR")
    _check_repeated(records, table)


def check_not_empty(records: "Records", table: Table) -> None:
    """A modality has entities; relations and hyperedges may be none."""
    if not records.num_rows(table.key):
        place = records.store.value(
            "SELECT coalesce((SELECT place FROM problems WHERE key = ? AND row IS NOT NULL LIMIT 1), ?)", [table.key, table.key]
        )
        expected = f"at least one {table.key}"
        records.store.run("INSERT INTO problems VALUES (?, ?, NULL, NULL, ?, 'none')", [table.key, place, expected])


def _check_repeated(records: "Records", table: Table) -> None:
    """What stands twice with the same content is merged, with another content is a problem."""
    identity = ", ".join(table.identity)
    content = ", ".join(f"{column} := {column}" for column in table.content)
    groups = f"SELECT {identity} FROM {table.name} GROUP BY ALL HAVING count(*) > 1"
    repeated = f"""
        SELECT t.*, t.rowid AS pos, struct_pack({content}) AS content, row_number() OVER same AS nth,
               first_value(struct_pack({content})) OVER same AS first_content, first_value(row) OVER same AS first_row
        FROM {table.name} t SEMI JOIN ({groups}) USING ({identity})
        WINDOW same AS (PARTITION BY {identity} ORDER BY place, row, {", ".join(table.content)}
                        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    """
    records.store.run(f"CREATE OR REPLACE TABLE repeated AS {repeated}")
    members = " || ' × ' || ".join(table.identity)
    described = " || ', ' || ".join(f"'{column} ' || coalesce({column}::VARCHAR, 'nothing')" for column in table.content)
    first = " || ', ' || ".join(f"'{column} ' || coalesce(first_content.{column}::VARCHAR, 'nothing')" for column in table.content)
    _problem(
        records,
        table,
        table.content[0],
        f"one {'weight per pair' if table.kind == 'relations' else 'value per combination of members'}",
        "content IS DISTINCT FROM first_content",
        f"concat({members}, ': ', {described}, '; ', {first}, ' in row ', first_row)",
        source="repeated",
    )
    same = "nth > 1 AND content IS NOT DISTINCT FROM first_content"
    num_merged = records.store.value(f"SELECT count(*) FROM repeated WHERE {same}")
    if num_merged:
        # A row of the source may have given several of them: its number does not tell them apart.
        records.store.run(f"DELETE FROM {table.name} WHERE rowid IN (SELECT pos FROM repeated WHERE {same})")
        records.note(f"{table.key}: {num_rows_in_words(num_merged)} repeated with the same content, kept once")


def _problem(
    records: "Records", table: Table, column: str, expected: str, condition: str, found: str, *, source: str | None = None
) -> None:
    records.problem(f"""
        SELECT {literal(table.key)}, place, row, {literal(records.column(table.key, column))}, {literal(expected)}, {found}
        FROM {source or table.name} WHERE {condition}
    """)
