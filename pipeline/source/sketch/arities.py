"""Facts of different arity in one table: rows of fewer members have nothing in the last columns.

Where rows are of different length, the file says so itself. In another table the columns that may be empty have to be of the kind
of those before them, as a third and a fourth member of a fact are: others are only not known of each row.
"""

from collections.abc import Sequence

from pipeline.records.store import Store
from pipeline.source.sketch.profile import ColumnProfile, TableProfile

_COMMON = 0.5


def fewest_filled(store: Store, table: TableProfile, columns: Sequence[ColumnProfile]) -> int:
    """How many columns every row has; the number of columns where the others are no further members.

    Parameters
    ----------
    store
        Where the table is.
    table
        Whose rows may be facts.
    columns
        Those that join them, in their order.
    """
    num_filled = next((place for place, column in enumerate(columns) if column.num < table.num_rows), len(columns))
    last = columns[num_filled:]
    if num_filled == 0 or any(column.is_list or column.column.kind != "text" for column in columns):
        return len(columns)
    pairs = zip(columns[num_filled - 1 :], last, strict=False)
    gaps = " OR ".join(f"({before.column.name} IS NULL AND {column.column.name} IS NOT NULL)" for before, column in pairs)
    if not last or store.value(f"SELECT count(*) FROM {table.raw.name} WHERE {gaps}"):
        return len(columns)
    of_a_kind = table.file.ragged or all(
        like(store, table, columns[:place], columns[place]) is not None for place in range(num_filled, len(columns))
    )
    return num_filled if of_a_kind else len(columns)


def like(store: Store, table: TableProfile, columns: Sequence[ColumnProfile], column: ColumnProfile) -> int | None:
    """Which of some columns holds most of another's values; None where all of them together hold less than half."""
    if not columns:
        return None
    name, raw = column.column.name, table.raw.name
    values = f"SELECT DISTINCT {name} AS value FROM {raw} WHERE {name} IS NOT NULL"
    among = [f"value IN (SELECT {other.column.name} FROM {raw})" for other in columns]
    counted = ", ".join(f"count(*) FILTER ({condition})" for condition in (*among, " OR ".join(among)))
    (*of_each, of_all) = store.rows(f"SELECT {counted} FROM ({values})")[0]
    return of_each.index(max(of_each)) if of_all >= _COMMON * column.num_distinct else None
