"""What is wrong with the rows of a data set: each problem with its place, row, column, what was expected and what was found.

Problems lie in a table of the store, so that a million of them take no memory; people get them in groups, with a count and the
first ones.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.visible import visible
from pipeline.errors import SourceError
from pipeline.records.causes import likely_cause
from pipeline.records.store import Store, literal, quoted

_SHOWN_EXAMPLES = 3
_SHOWN_GROUPS = 20
_LONGEST = 60
_LOOKED_AT = 1_000
"""Problems of a kind that tell what has probably made them."""

CREATE_TABLE = """
    CREATE TABLE problems (key VARCHAR, place VARCHAR, row BIGINT, "column" VARCHAR, expected VARCHAR, found VARCHAR)
"""


@dataclass(frozen=True)
class ProblemGroup:
    """Problems of one kind in one column.

    Attributes
    ----------
    place
        The file, or the table where there is no file.
    column
        The column, or None where the problem is the whole place.
    expected
        What should be there.
    count
        How many rows have the problem.
    examples
        The first rows that have it, each with what was found; the row is None where the problem is no row's.
    cause
        What it looks like, and what to do about it; None where that is not known.
    """

    place: str
    column: str | None
    expected: str
    count: int
    examples: tuple[tuple[int | None, str], ...]
    cause: str | None = None

    def __str__(self) -> str:
        where = self.place if self.column is None else f"{self.place}, column {self.column}"
        shown = ", ".join(_shown(row, found) for row, found in self.examples)
        more = f" … {self.count:,} rows" if self.count > len(self.examples) else ""
        cause = f"; {self.cause}" if self.cause else ""
        return f"{where}: expected {self.expected}, found {shown}{more}{cause}"


class SourceProblems(SourceError):  # noqa: N818 - it is several errors
    """Everything that is wrong with the tables of a data set.

    Parameters
    ----------
    name
        The data set.
    groups
        Its problems.
    """

    def __init__(self, name: str, groups: list[ProblemGroup]) -> None:
        total = sum(group.count for group in groups)
        lines = [f"  {group}" for group in groups[:_SHOWN_GROUPS]]
        if len(groups) > _SHOWN_GROUPS:
            lines.append(f"  … and {len(groups) - _SHOWN_GROUPS} more kinds of problem")
        noun = "problem" if total == 1 else "problems"
        rows = any(row is not None for group in groups for row, _ in group.examples)
        hint = "--quarantine FILE sets bad rows aside and goes on with the rest" if rows else "mend the description or the files"
        super().__init__("\n".join([f"data set {name} has {total:,} {noun}; nothing was written", *lines]), hint=hint)
        self.groups = groups


def problem_groups(store: Store) -> list[ProblemGroup]:
    """The problems in groups, in the order of the places; each cell that one part of a description cannot use counts once."""
    rows = store.rows(f"""
        WITH first AS (
            SELECT * FROM problems
            QUALIFY row IS NULL OR row_number() OVER (PARTITION BY key, place, row, "column", found ORDER BY rowid) = 1
        ),
        seen AS (SELECT DISTINCT place, row, "column", expected, found FROM first),
        numbered AS (
            SELECT *, count(*) OVER same AS num, row_number() OVER (same ORDER BY row, found) AS nth
            FROM seen WINDOW same AS (PARTITION BY place, "column", expected)
        )
        SELECT place, "column", expected, any_value(num), list(row ORDER BY nth), list(found ORDER BY nth)
        FROM numbered WHERE nth <= {_LOOKED_AT}
        GROUP BY place, "column", expected ORDER BY place, min(row) NULLS FIRST, "column" NULLS FIRST, expected
    """)
    return [
        ProblemGroup(
            place, column, expected, n, tuple(zip(at, found, strict=True))[:_SHOWN_EXAMPLES], likely_cause(expected, found)
        )
        for place, column, expected, n, at, found in rows
    ]


def write_quarantine(store: Store, raw_tables: dict[str, str], path: Path) -> int:
    """Write the rows that have problems to a file of JSON lines, as they were read, each with what is wrong with it.

    Parameters
    ----------
    store
        Where the problems are.
    raw_tables
        By place, the table of its rows as they were read.
    path
        The file; it is replaced as a whole.

    Returns
    -------
    int
        Number of rows written.
    """
    store.run("""
        CREATE OR REPLACE TABLE bad_rows AS
        SELECT place, row, list(DISTINCT {'column': "column", 'expected': expected, 'found': found}) AS problems
        FROM problems GROUP BY place, row
    """)
    num_rows = 0
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            for (place,) in store.rows("SELECT DISTINCT place FROM bad_rows ORDER BY place"):
                raw = raw_tables.get(place)
                content, source = (
                    ("CASE WHEN r.row IS NOT NULL THEN to_json(r) END", f"LEFT JOIN {quoted(raw)} r ON r.row = b.row")
                    if raw
                    else ("NULL", "")
                )
                sql = f"SELECT b.*, {content} AS content FROM bad_rows b {source} WHERE place = {literal(place)} ORDER BY b.row"
                for batch in store.batches(sql, 2_000):
                    for record in batch.to_pylist():
                        values = json.loads(record.pop("content") or "{}")
                        values.pop("row", None)
                        file.write(json.dumps({**record, "values": values}, ensure_ascii=False) + "\n")
                        num_rows += 1
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SourceError(f"{path} cannot be written: {error}", hint="name another file for --quarantine") from error
    return num_rows


def _shown(row: int | None, found: str | None) -> str:
    if row is None:
        return visible(found) if found else "nothing"
    if found is None:
        return f"nothing in row {row:,}"
    short = found if len(found) <= _LONGEST else f"{found[: _LONGEST - 1]}…"
    return f"{short!r} in row {row:,}"
