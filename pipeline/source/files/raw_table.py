"""A table as its file holds it, staged before anything is made of its cells.

A reader fills a `Staging`, in whatever way suits the file; out comes a `RawTable`: a table of the store with ``row`` (from 1, the
header not counted) and the columns ``c0``, ``c1`` … as texts, lists of texts or lists of numbers. A text has no white space at its
ends, and an empty one is missing. Rows that no reader can make sense of are among the problems, and not in the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from pipeline.records.records import Records
from pipeline.records.store import literal, quoted
from pipeline.records.tables import num_rows_in_words
from pipeline.source.files.derivation import Derivation

SPACE = " \t\r\n\v\f\u00a0\ufeff"
"""What is taken off the ends of a text."""

Kind = Literal["text", "texts", "numbers"]

_LONGEST_FOUND = 200
_BATCH = 10_000

_PROBLEMS = pa.schema({"row": pa.int64(), "expected": pa.string(), "found": pa.string()})


@dataclass(frozen=True)
class Column:
    """A column of a raw table.

    Attributes
    ----------
    header
        What the file calls it.
    name
        What the store calls it.
    kind
        What its cells are.
    null
        Texts that stand for a missing value; where one is a cell, it is missing already.
    derive
        What is made of each text before it is anything else; None takes it as it is.
    """

    header: str
    name: str
    kind: Kind = "text"
    null: tuple[str, ...] = ()
    derive: Derivation | None = None


@dataclass(frozen=True)
class RawTable:
    """A staged file.

    Attributes
    ----------
    place
        What messages call it.
    name
        The table in the store.
    columns
        Its columns by header.
    num_rows
        How many rows the file has, also those that could not be read.
    has_header
        Whether its first row names the columns.
    header_cause
        What the header looks like where it is probably a row of data, and what to do about it.
    """

    place: str
    name: str
    columns: Mapping[str, Column]
    num_rows: int
    has_header: bool = False
    header_cause: str = ""


class Staging:
    """A raw table that is being filled.

    Parameters
    ----------
    records
        To whose store and problems it goes.
    place
        What messages call the file.
    name
        The table to make in the store.
    """

    def __init__(self, records: Records, place: str, name: str) -> None:
        self.records = records
        self.store = records.store
        self.place = place
        self.name = name
        self._numbers: list[int] = []
        self._cells: list[Sequence[str | None]] = []
        self._problems: list[tuple[int | None, str, str]] = []

    def refuse(self, expected: str, found: str) -> None:
        """Note a problem of the whole file."""
        self._problem(None, expected, found)
        self.flush()

    def bad_row(self, row: int, expected: str, found: str) -> None:
        """Note a row that cannot be read."""
        self._problem(row, expected, found)

    def create(self, num_columns: int) -> None:
        """Make the table anew, without rows, all columns texts; what was noted of rows is forgotten."""
        self._numbers, self._cells, self._problems = [], [], []
        columns = "".join(f", c{column} VARCHAR" for column in range(num_columns))
        self.store.run(f"CREATE OR REPLACE TABLE {self.name} (row BIGINT{columns})")

    def add(self, row: int, cells: Sequence[str | None]) -> None:
        """Add a row, with a cell per column."""
        self._numbers.append(row)
        self._cells.append(cells)
        if len(self._numbers) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Bring into the store what waits."""
        if self._numbers:
            columns = [pa.array(column, pa.string()) for column in zip(*self._cells, strict=True)]
            names = [f"c{position}" for position in range(len(columns))]
            batch = pa.table([pa.array(self._numbers, pa.int64()), *columns], names=["row", *names])
            with self.store.view(batch) as view:
                self.store.run(f"INSERT INTO {self.name} SELECT row, {', '.join(map(trimmed, names))} FROM {view}")
            self._numbers, self._cells = [], []
        if self._problems:
            rows = pa.Table.from_arrays([pa.array(column) for column in zip(*self._problems, strict=True)], schema=_PROBLEMS)
            with self.store.view(rows) as view:
                self.records.problem(f"SELECT NULL, {literal(self.place)}, row, NULL, expected, found FROM {view}")
            self._problems = []

    def finish(self, headers: Sequence[str], num_rows: int, kinds: Sequence[Kind] | None = None) -> RawTable:
        """Close the table: leave out its empty rows, and keep it for whoever wants to see its rows as they were.

        Parameters
        ----------
        headers
            What the file calls the columns.
        num_rows
            How many rows the file has, also those that could not be read.
        kinds
            What the columns hold; texts by default.
        """
        self.flush()
        columns = [Column(header, f"c{position}", kinds[position] if kinds else "text") for position, header in enumerate(headers)]
        empty = " AND ".join(f"{column.name} IS NULL" for column in columns)
        num_empty = self.store.value(f"SELECT count(*) FROM {self.name} WHERE {empty}")
        if num_empty:
            self.store.run(f"DELETE FROM {self.name} WHERE {empty}")
            self.records.note(f"{self.place}: {num_rows_in_words(num_empty)} left out, all cells are empty")
        shown = ", ".join(f"{column.name} AS {quoted(shown)}" for column, shown in zip(columns, _distinct(headers), strict=True))
        self.store.run(f"CREATE VIEW shown_{self.name} AS SELECT row, {shown} FROM {self.name}")
        self.records.keep_raw(self.place, f"shown_{self.name}")
        return RawTable(self.place, self.name, {column.header: column for column in columns if column.header}, num_rows)

    def _problem(self, row: int | None, expected: str, found: str) -> None:
        self._problems.append((row, expected, shortened(found)))
        if len(self._problems) == _BATCH:
            self.flush()


def trimmed(text: str) -> str:
    """SQL of a text as a raw table has it."""
    # Trimming is slow; a text that begins and ends with visible ASCII needs none.
    visible = f"{text} BETWEEN '!' AND '~' AND ({text})[-1] BETWEEN '!' AND '~'"
    return f"CASE WHEN {visible} THEN {text} ELSE nullif(trim({text}, {literal(SPACE)}), '') END"


def shortened(found: str) -> str:
    """What is shown of a text that may be of any length and hold anything."""
    text = found[:_LONGEST_FOUND].rstrip("\r\n").encode(errors="surrogateescape").decode(errors="backslashreplace")
    return f"{text}…" if len(found) > _LONGEST_FOUND else text


def _distinct(headers: Sequence[str]) -> list[str]:
    """The headers, so that no two are the same to DuckDB, which does not tell cases apart."""
    used = {"row"}
    distinct = []
    for header in headers:
        name, number = header or "column", 2
        while name.casefold() in used:
            name, number = f"{header or 'column'}_{number}", number + 1
        used.add(name.casefold())
        distinct.append(name)
    return distinct
