"""Which columns name the rows of another table: all their values are among its keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from pipeline.records.store import Store
from pipeline.source.described.cell_values import text
from pipeline.source.files.derivation import Derivation
from pipeline.source.sketch.names import singular, thing, words
from pipeline.source.sketch.profile import ColumnProfile, TableProfile

VALUE_WORDS = frozenset({"rating", "score", "value", "stars", "strength"})
"""What columns are called that measure how much something is joined."""

_KEY_WORDS = frozenset({"id", "key", "code", "isbn", "uuid", "no", "num", "number"})
_NAME_WORDS = ("name", "title", "label")
_LONGEST_KEY = 200
_WORDS_OF_KEY = 3
_DANGLING = 0.5
_COMMON = 0.5
_FEWEST = 10
_NEARLY_ALL = 0.8
_MANY = 50


@dataclass(frozen=True)
class Reference:
    """A column and the table whose keys it names.

    Attributes
    ----------
    target
        Position of the table.
    num_missing
        How many different values are no key of it.
    example
        The first of those.
    derive
        What is to be made of its texts so that they are keys.
    """

    target: int
    num_missing: int = 0
    example: str | None = None
    derive: Derivation | None = None


def stem(table: TableProfile) -> str:
    """What a table is called, without folder and endings."""
    if table.file.database_table is not None:
        return table.file.database_table
    return PurePosixPath(table.file.file).name.partition(".")[0]


def key_of(table: TableProfile) -> ColumnProfile | None:
    """The column that is there in every row, there once, and looks like an id; None where there is none."""
    best: tuple[int, ColumnProfile] | None = None
    for position, column in enumerate(table.columns.values()):
        score = _likeness_to_key(table, position, column)
        if score > 0 and (best is None or score > best[0]):
            best = score, column
    return best[1] if best else None


def is_name(header: str) -> bool:
    """Whether a column is called as names of entities are."""
    return bool(words(header)) and words(header)[-1] in _NAME_WORDS


def is_id(header: str) -> bool:
    """Whether a column is called as ids of entities are."""
    return bool(words(header)) and words(header)[-1] in _KEY_WORDS


def _likeness_to_key(table: TableProfile, position: int, column: ColumnProfile) -> int:
    whole = column.column.kind == "text" and column.num == column.num_distinct == table.num_rows > 1
    if not whole or column.type not in {"string", "integer", "boolean", "strings"}:
        return 0
    if column.longest > _LONGEST_KEY or column.num_words > _WORDS_OF_KEY:
        return 0
    found = words(column.header)
    if found and found[-1] in VALUE_WORDS:
        return 0
    own = thing(stem(table))
    named = bool(found) and found[-1] in _KEY_WORDS
    exact = found in (["id"], ["key"], ["code"], [*own, "id"], own)
    return 4 * exact + 2 * named + (position == 0)


def references(
    store: Store, tables: Sequence[TableProfile], keys: Mapping[int, ColumnProfile], table: int, column: ColumnProfile
) -> Reference | None:
    """The table whose keys a column names; None where there is none.

    A column that is called as another table is, or as its key, and of which some values are no keys, is told with their number.
    """
    found: list[tuple[bool, bool, int, Reference]] = []
    for target, key in keys.items():
        if target == table and key.header == column.header:
            continue
        # Names that were made for want of a header say nothing.
        alike = tables[table].file.header and _alike(column.header, stem(tables[target]), key.header)
        if not alike and (column.type not in {"string", "strings"} or key.type != "string" or target == table):
            continue
        _, num_distinct = column.num_values
        if not num_distinct:
            continue
        missing, example = missing_keys(store, tables[table], column, tables[target], key)
        derive = column.column.derive
        if missing and alike and column.is_digits and key.type == "integer":
            as_number = replace(column, column=replace(column.column, derive="integer"))
            fewer, its_example = missing_keys(store, tables[table], as_number, tables[target], key)
            if fewer < missing:
                missing, example, derive = fewer, its_example, "integer"
        if missing == 0 and (alike or num_distinct > 2):
            found.append((True, alike, -tables[target].num_rows, Reference(target, derive=derive)))
        elif alike and missing <= _DANGLING * num_distinct:
            found.append((False, alike, -tables[target].num_rows, Reference(target, missing, example, derive)))
    return max(found, key=lambda each: each[:3])[3] if found else None


def beside(
    store: Store, table: TableProfile, column: ColumnProfile, partner: ColumnProfile, reference: Reference, target: TableProfile
) -> Reference | None:
    """The reference of a column that holds much the same values as another of its table, as the ends of pairs do; None if not.

    Parameters
    ----------
    store
        Where the tables are.
    table, column
        The column that names nothing by itself.
    partner, reference, target
        The other column, what it names, and that table.
    """
    most = max(column.num_values[1], partner.num_values[1])
    key = key_of(target)
    if key is None or (column.type == "integer") != (partner.type == "integer") or most < _FEWEST:
        return None
    here, there = (f"SELECT DISTINCT unnest({each.values}) AS value FROM {table.raw.name}" for each in (column, partner))
    common = store.value(f"SELECT count(*) FROM ({here}) WHERE value IN ({there})")
    missing, example = missing_keys(store, table, column, target, key)
    if column.type == "integer" and (missing or most < _MANY or common < _NEARLY_ALL * most):
        # Ages and months are small numbers, and so are ids.
        return None
    if common < _COMMON * most or missing > _DANGLING * column.num_values[1]:
        return None
    return replace(reference, num_missing=missing, example=example, derive=column.column.derive)


def _alike(header: str, table: str, key: str) -> bool:
    """Whether a column is called as a table is, or as its key."""
    about, own = thing(header), thing(table)
    return bool(about) and (
        about == own
        or about[-1:] == own[-1:]
        or (len(words(key)) > 1 and words(header) == words(key))
        or (words(header) == words(key) and key.lower() not in _KEY_WORDS)
        or singular(about[-1]) == singular("".join(own))
    )


def missing_keys(
    store: Store, table: TableProfile, column: ColumnProfile, target: TableProfile, key: ColumnProfile
) -> tuple[int, str | None]:
    """How many different values of a column are none of a table's key, and the first of those."""
    values = f"SELECT DISTINCT unnest({column.values}) AS value FROM {table.raw.name}"
    known = f"SELECT {text(key.column)} FROM {target.raw.name}"
    count, example = store.rows(f"SELECT count(*), min(value) FROM ({values}) WHERE value NOT IN ({known})")[0]
    return count, example
