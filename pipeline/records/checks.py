"""What must hold of every data set, wherever it is from, in SQL: each finding is a row of the table of problems."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.records.store import Store, literal, quoted
from pipeline.records.tables import Table, num_rows_in_words

LONGEST_INDEXED = 8_000
"""Bytes of a text that Neo4j can still look up by an index (its limit is near 8,167)."""


@dataclass(frozen=True)
class Checks:
    """A data set's staged tables under examination.

    Attributes
    ----------
    store
        Where the tables and the table of problems are.
    tables
        The tables by key.
    columns
        What the source calls a staged column, by table key and column; one that is not named is called as it is staged.
    places
        Where the rows of a staged table are from, by key, where that is known.
    notes
        Is told, in words with counts, what is merged or left out.
    """

    store: Store
    tables: Mapping[str, Table]
    columns: Mapping[tuple[str, str], str]
    places: Mapping[str, str]
    notes: list[str]

    def entities(self, table: Table) -> None:
        """Keys are there and stand once; numbers are finite; a name that is missing is the key."""
        self._problem(table, "id", "a key", "id IS NULL OR id = ''", "NULL")
        # The first of several rows keeps the key. Names with a space are no properties'.
        repeated = f"""
            SELECT *, row_number() OVER same AS "nth row", first_value(row) OVER same AS "first row"
            FROM {table.name} WHERE id <> '' WINDOW same AS (PARTITION BY id ORDER BY place, row)
        """
        found = """concat(id, ' again (first in row ', "first row", ')')"""
        self._problem(table, "id", "each key once", '"nth row" > 1', found, source=f"({repeated})")
        for column in ("id", "name"):
            self._problem(
                table,
                column,
                f"at most {LONGEST_INDEXED:,} bytes",
                f"strlen({column}) > {LONGEST_INDEXED}",
                f"concat(strlen({column}), ' bytes, ', {column}[:40], '…')",
            )
        for column, kind in table.columns.items():
            if kind == "DOUBLE":
                self._problem(table, column, "a finite number", f"NOT isfinite({quoted(column)})", f"{quoted(column)}::VARCHAR")
            if kind == "DOUBLE[]":
                wrong = f"len(list_filter({quoted(column)}, lambda x: x IS NULL OR NOT isfinite(x))) > 0"
                self._problem(table, column, "finite numbers", wrong, f"{quoted(column)}::VARCHAR")
        self.store.run(f"UPDATE {table.name} SET name = id WHERE name IS NULL OR name = ''")

    def remove_members_of_quarantined(self, table: Table) -> None:
        """What joins an entity that has been set aside goes with it, and is counted."""
        before = self.store.num_rows(table.name)
        for column, label in table.members.items():
            entities = self.tables[label].name
            gone = f"SELECT id FROM removed_{entities} WHERE id NOT IN (SELECT id FROM {entities})"
            self.store.run(f"DELETE FROM {table.name} WHERE {column} IN ({gone})")
        removed = before - self.store.num_rows(table.name)
        if removed:
            self.notes.append(f"{table.key}: {num_rows_in_words(removed)} left out with the entities that are quarantined")

    def members(self, table: Table) -> None:
        """Members are ids of entities that are there."""
        for column, label in table.members.items():
            self._problem(table, column, f"a key of {label}", f"{column} IS NULL OR {column} = ''", "NULL")
            unknown = f"{column} <> '' AND {column} NOT IN (SELECT id FROM {self.tables[label].name} WHERE id IS NOT NULL)"
            self._problem(table, column, f"a key of {label}", unknown, column)

    def relations(self, table: Table) -> None:
        """Weights are above 0, nothing is related to itself, every pair stands once, the smaller id first."""
        wrong = "weight IS NULL OR NOT isfinite(weight) OR weight <= 0"
        self._problem(table, "weight", "a number above 0", wrong, "weight::VARCHAR")
        self._problem(table, "target", "another entity than the source", "source = target", "target")
        self.store.run(f"UPDATE {table.name} SET source = target, target = source WHERE source > target")
        self._repeated(table)

    def hyperedges(self, table: Table) -> None:
        """Values are finite, every combination of members stands once."""
        self._problem(table, "value", "a finite number", "value IS NULL OR NOT isfinite(value)", "value::VARCHAR")
        self._repeated(table)

    def not_empty(self, table: Table) -> None:
        """A modality has entities; relations and hyperedges may be none."""
        if not self.store.num_rows(table.name):
            place = self.store.value(
                "SELECT coalesce((SELECT place FROM problems WHERE key = ? AND row IS NOT NULL LIMIT 1), ?)",
                [table.key, self.places.get(table.key, table.key)],
            )
            expected = f"at least one {table.key}"
            self.store.run("INSERT INTO problems VALUES (?, ?, NULL, NULL, ?, 'none')", [table.key, place, expected])

    def _repeated(self, table: Table) -> None:
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
        self.store.run(f"CREATE OR REPLACE TABLE repeated AS {repeated}")
        members = " || ' × ' || ".join(table.identity)
        described = " || ', ' || ".join(f"'{column} ' || coalesce({column}::VARCHAR, 'nothing')" for column in table.content)
        first = " || ', ' || ".join(
            f"'{column} ' || coalesce(first_content.{column}::VARCHAR, 'nothing')" for column in table.content
        )
        self._problem(
            table,
            table.content[0],
            f"one {'weight per pair' if table.kind == 'relations' else 'value per combination of members'}",
            "content IS DISTINCT FROM first_content",
            f"concat({members}, ': ', {described}, '; ', {first}, ' in row ', first_row)",
            source="repeated",
        )
        same = "nth > 1 AND content IS NOT DISTINCT FROM first_content"
        num_merged = self.store.value(f"SELECT count(*) FROM repeated WHERE {same}")
        if num_merged:
            # A row of the source may have given several of them: its number does not tell them apart.
            self.store.run(f"DELETE FROM {table.name} WHERE rowid IN (SELECT pos FROM repeated WHERE {same})")
            self.notes.append(f"{table.key}: {num_rows_in_words(num_merged)} repeated with the same content, kept once")

    def _problem(self, table: Table, column: str, expected: str, condition: str, found: str, *, source: str | None = None) -> None:
        called = self.columns.get((table.key, column), column)
        self.store.run(f"""
            INSERT INTO problems
            SELECT {literal(table.key)}, place, row, {literal(called)}, {literal(expected)}, {found}
            FROM {source or table.name} WHERE {condition}
        """)
