"""What the columns of a table hold, counted over all its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.domain.dataset import PropertyType
from pipeline.records.causes import NULL_MARKERS, SEPARATORS
from pipeline.records.store import Store, literal
from pipeline.source.described.cell_values import texts, typed
from pipeline.source.described.comma_lists import are_comma_lists
from pipeline.source.files.raw_table import Column, RawTable
from pipeline.source.files.table_file import TableFile
from pipeline.source.files.written_lists import written_list

_SEPARATORS_OF_SETS = ("\t", ",", ";", "|", " ")
_CERTAIN_MARKER = r"\N"
_MARKER_SHARE = 0.01
_LIST_SHARE = 0.02
_LONGEST_ELEMENT = 40
_MOST_DISTINCT_IF_TIGHT = 0.25
GAPS = 1.1
"""Numbers of rows span less than so many times their number."""
_MOSTLY = 0.9
_NUM_EXAMPLES = 3
_COMMAS = r"[+-]?([0-9.]*[0-9](,[0-9]+)?|[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?)"
"""Whole numbers, and numbers with a comma before decimals or between thousands."""
_TIME = r"^\s*([0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T,]|$)|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?\s*([AaPp][Mm])?$)"
"""What dates and times begin with, or are, in forms that are no ISO dates as well."""


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds.

    Attributes
    ----------
    column
        The column.
    num, num_distinct
        How many cells are not empty, and how many of them differ.
    type
        What all of them are.
    num_words, longest
        Words of a cell on average, and characters of the longest.
    separator
        What stands between the values of a cell; None where it is one, or a list already.
    num_elements, num_distinct_elements
        The same numbers of the values inside cells, where cells have several.
    is_running
        Whether it numbers the rows: whole numbers, each once, with hardly a gap.
    is_time
        Whether most cells are dates or times, in whatever form.
    has_point
        Whether numbers are written with a decimal point, as measurements are.
    is_digits
        Whether all cells are digits, some with a zero before them, as codes have it.
    has_comma
        Whether all cells are numbers, some of them with a comma, which no type takes for one.
    examples
        Its most frequent values, the most frequent first.
    """

    column: Column
    num: int
    num_distinct: int
    type: PropertyType
    num_words: float
    longest: int
    separator: str | None = None
    num_elements: int = 0
    num_distinct_elements: int = 0
    is_running: bool = False
    is_time: bool = False
    has_point: bool = False
    is_digits: bool = False
    has_comma: bool = False
    examples: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """What the file calls it."""
        return self.column.header

    @property
    def is_list(self) -> bool:
        """Whether cells hold several values."""
        return self.separator is not None or self.column.kind != "text"

    @property
    def num_values(self) -> tuple[int, int]:
        """How many values, of cells or inside them, and how many of them differ."""
        return (self.num_elements, self.num_distinct_elements) if self.is_list else (self.num, self.num_distinct)

    @property
    def values(self) -> str:
        """SQL of the values of a cell as a list."""
        return texts(self.column, self.separator)


@dataclass(frozen=True)
class TableProfile:
    """A table and what its columns hold.

    Attributes
    ----------
    file
        How a description names it.
    raw
        Its rows in the store.
    num_rows
        How many there are.
    columns
        What its columns hold, by header.
    """

    file: TableFile
    raw: RawTable
    num_rows: int
    columns: Mapping[str, ColumnProfile]


def null_markers(store: Store, raw: RawTable) -> dict[str, list[str]]:
    """The texts of a table that probably stand for missing values, each with the columns in which they do.

    One does where all other cells of its column are numbers or dates, or where it is more than a few of a column of texts.
    """
    found: dict[str, list[str]] = {}
    for column in raw.columns.values():
        if column.kind != "text":
            continue
        c = column.name
        among = f"{c} IN ({', '.join(map(literal, NULL_MARKERS))})"
        counts = dict(store.rows(f"SELECT {c}, count(*) FROM {raw.name} WHERE {among} GROUP BY ALL"))
        if not counts:
            continue
        plain = f"{typed('float', c)} IS NOT NULL OR {typed('datetime', c)} IS NOT NULL"
        total, others, others_plain = store.rows(
            f"SELECT count({c}), count(*) FILTER (NOT {among}), count(*) FILTER (NOT {among} AND ({plain})) FROM {raw.name}"
        )[0]
        among_values = 0 < others == others_plain
        for marker, count in counts.items():
            if marker == _CERTAIN_MARKER or among_values or count >= _MARKER_SHARE * total:
                found.setdefault(marker, []).append(column.header)
    return found


def lists(store: Store, raw: RawTable) -> tuple[str, ...]:
    """The columns of texts whose cells are all lists, as JSON or Python writes them, of anything but measurements."""
    found = []
    for column in raw.columns.values():
        if column.kind != "text":
            continue
        c = column.name
        num, bracketed = store.rows(f"SELECT count({c}), count(*) FILTER ({c} LIKE '[%]') FROM {raw.name}")[0]
        if not num or num != bracketed:
            continue
        written, measured = store.rows(
            f"SELECT count(l), count(*) FILTER (len(list_filter(l, lambda x: regexp_full_match(x, '-?[0-9]*[.][0-9].*'))) > 0) "
            f"FROM (SELECT {written_list(c)} AS l FROM {raw.name})"
        )[0]
        if written == num and not measured:
            found.append(column.header)
    return tuple(found)


def profile(store: Store, file: TableFile, raw: RawTable) -> TableProfile:
    """Count what the columns of a table hold."""
    num_rows = store.num_rows(raw.name)
    columns = {header: _column(store, raw, column) for header, column in raw.columns.items()}
    if file.number is not None:
        columns |= {header: _as_set(store, raw, column) for header, column in columns.items() if header != file.number}
    shown = {header: replace(column, examples=_examples(store, raw, column)) for header, column in columns.items()}
    return TableProfile(file, raw, num_rows, shown)


def _column(store: Store, raw: RawTable, column: Column) -> ColumnProfile:
    if column.kind != "text":
        return _with_elements(store, raw, ColumnProfile(column, store.value(_filled(raw, column)), 0, _list_type(column), 1.0, 0))
    c = column.name
    kinds: tuple[PropertyType, ...] = ("integer", "float", "boolean", "date", "datetime")
    counted = ", ".join(f"count({typed(kind, c)})" for kind in kinds)
    number = typed("integer", c)
    num, distinct, num_words, longest, codes, digits, bits, points, zeros, commas, times, span, *of_kind = store.rows(f"""
        SELECT count({c}), count(DISTINCT {c}), coalesce(avg(len(string_split({c}, ' '))), 0), coalesce(max(len({c})), 0),
               count(*) FILTER (regexp_full_match({c}, '[+-]?0[0-9]+')), count(*) FILTER (regexp_full_match({c}, '[0-9]+')),
               count(*) FILTER ({c} IN ('0', '1')),
               count(*) FILTER (contains({c}, '.')), count(*) FILTER (regexp_full_match({c}, '[+-]?[0-9]+[.]0+')),
               count(*) FILTER (contains({c}, ',')) * bool_and(regexp_full_match({c}, {literal(_COMMAS)}))::INTEGER,
               count(*) FILTER (regexp_matches({c}, {literal(_TIME)})), max({number})::DOUBLE - min({number}), {counted}
        FROM {raw.name}
    """)[0]
    fitting = [kind for kind, count in zip(kinds, of_kind, strict=True) if count == num]
    # Digits with a leading zero are codes, which numbers would shorten.
    kind: PropertyType = fitting[0] if fitting and num and not codes else "string"
    if kind == "integer" and bits == num and distinct == 2:
        kind = "boolean"
    is_running = kind == "integer" and num == distinct and span < GAPS * num
    is_time = times > _MOSTLY * num
    has_comma = kind == "string" and bool(commas)
    # Whole numbers that were once in a column with gaps, as 7.0: as members and keys they are 7.
    column = replace(column, derive="integer") if kind == "integer" and zeros == num else column
    found = ColumnProfile(
        column,
        num,
        distinct,
        kind,
        num_words,
        longest,
        is_running=is_running,
        is_time=is_time,
        has_point=points > 0,
        is_digits=codes > 0 and digits == num,
        has_comma=has_comma,
    )
    return _as_list(store, raw, found) if kind == "string" and num and not has_comma else found


def _examples(store: Store, raw: RawTable, column: ColumnProfile) -> tuple[str, ...]:
    values = f"SELECT unnest({column.values}) AS value FROM {raw.name}"
    rows = store.rows(f"SELECT value FROM ({values}) GROUP BY value ORDER BY count(*) DESC, value LIMIT {_NUM_EXAMPLES}")
    return tuple(str(value) for (value,) in rows)


def _filled(raw: RawTable, column: Column) -> str:
    return f"SELECT count(*) FROM {raw.name} WHERE len({texts(column, None)}) > 0"


def _list_type(column: Column) -> PropertyType:
    return "floats" if column.kind == "numbers" else "strings"


def _as_list(store: Store, raw: RawTable, found: ColumnProfile) -> ColumnProfile:
    """The column as one of lists, where a separator stands in enough of its cells and what it separates looks like values."""
    for sign in SEPARATORS:
        c = found.column.name
        holds = f"contains({c}, {literal(sign)})"
        count, spaced = store.rows(
            f"SELECT count(*) FILTER ({holds}), count(*) FILTER (contains({c}, {literal(sign + ' ')})) FROM {raw.name}"
        )[0]
        if not count or count < _LIST_SHARE * found.num:
            continue
        several = _with_elements(store, raw, ColumnProfile(found.column, found.num, found.num_distinct, "strings", 0.0, 0, sign))
        if several.num_words > 4 or several.longest > 2 * _LONGEST_ELEMENT:
            continue
        reuse = several.num_distinct_elements / several.num_elements
        if sign == ",":
            # With a space behind it, it is in names, titles and places as well.
            is_tight = reuse <= _MOST_DISTINCT_IF_TIGHT and spaced < count / 2
            plausible = is_tight or are_comma_lists(store, raw.name, several.values)
        else:
            plausible = reuse < 1 or found.num_distinct == found.num
        if plausible:
            return several
    return found


def _as_set(store: Store, raw: RawTable, found: ColumnProfile) -> ColumnProfile:
    """A column of lines as one of sets, whose members are separated by the first sign that is in half of them."""
    counts = [f"count(*) FILTER (contains({found.column.name}, {literal(sign)}))" for sign in _SEPARATORS_OF_SETS]
    held = store.rows(f"SELECT {', '.join(counts)} FROM {raw.name}")[0]
    sign = next((sign for sign, count in zip(_SEPARATORS_OF_SETS, held, strict=True) if 2 * count >= found.num), " ")
    return _with_elements(store, raw, ColumnProfile(found.column, found.num, found.num_distinct, "strings", 0.0, 0, sign))


def _with_elements(store: Store, raw: RawTable, found: ColumnProfile) -> ColumnProfile:
    elements = f"SELECT unnest({found.values}) AS element FROM {raw.name}"
    num, distinct, num_words, longest = store.rows(f"""
        SELECT count(*), count(DISTINCT element), coalesce(avg(len(string_split(element, ' '))), 0), coalesce(max(len(element)), 0)
        FROM ({elements})
    """)[0]
    return ColumnProfile(
        found.column, found.num, found.num_distinct, found.type, num_words, longest, found.separator, num, distinct
    )
