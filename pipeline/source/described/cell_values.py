"""What the cells of a raw table mean, as SQL expressions.

An expression of a type is NULL where the
text is no such value, and never anything near it: 3.7 is no whole number, 2026-13-01 no date, NaN no number.
"""

from dataclasses import replace

from pipeline.domain.dataset import PropertyType
from pipeline.records.store import literal
from pipeline.source.files.derivation import Derivation
from pipeline.source.files.null_markers import missing_where
from pipeline.source.files.raw_table import Column, trimmed

EXPECTED: dict[PropertyType, str] = {
    "string": "one text",
    "integer": "a whole number",
    "float": "a finite number",
    "boolean": "true, false, yes, no, 1 or 0",
    "date": "a date as 2026-11-23",
    "datetime": "a moment as 2026-11-23T18:44",
    "strings": "texts",
    "integers": "whole numbers",
    "floats": "finite numbers",
}
"""How messages call what a text should be."""

_SINGLE: dict[PropertyType, PropertyType] = {"strings": "string", "integers": "integer", "floats": "float"}

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_ZONE = r"([+-])([0-9]{2}):?([0-9]{2})?"


def text(column: Column) -> str:
    """The text of a cell; a list of one is that one, a longer one is JSON-like text that no type takes for a value."""
    if column.kind == "text":
        return derived(column.derive, column.name)
    single = f"CASE WHEN len({column.name}) = 1 THEN {trimmed(f'CAST({column.name}[1] AS VARCHAR)')} END"
    return derived(column.derive, single)


def is_several(column: Column) -> str:
    """Whether a cell where one value belongs is a list of several."""
    return "false" if column.kind == "text" else f"coalesce(len({column.name}) > 1, false)"


def texts(column: Column, separator: str | None) -> str:
    """The texts of a cell, as a list without missing ones; never NULL.

    Parameters
    ----------
    column
        The column; a list is taken as it is.
    separator
        What stands between the texts of one cell; None where it is one text.
    """
    if column.kind == "text":
        parts = f"[{column.name}]" if separator is None else f"string_split({column.name}, {literal(separator)})"
    elif column.kind == "numbers":
        # 3.0 in a column of floats is the same entity as 3.
        parts = f"list_transform({column.name}, lambda x: regexp_replace(CAST(x AS VARCHAR), '\\.0$', ''))"
    else:
        parts = column.name
    found = f"list_transform({parts}, lambda x: {trimmed('x')})"
    if column.null and separator is not None:
        found = f"list_transform({found}, lambda x: {missing_where('x', column.null)})"
    if column.derive is not None:
        found = f"list_transform({found}, lambda x: {derived(column.derive, 'x')})"
    return f"coalesce(list_filter({found}, lambda x: x IS NOT NULL), [])"


def derived(derive: Derivation | None, value: str) -> str:
    """What is made of a text; the text itself where it cannot be, which `underivable` tells.

    Parameters
    ----------
    derive
        What to make of it.
    value
        SQL that gives the text; it is written several times.
    """
    match derive:
        case "lower":
            return f"lower({value})"
        case "integer":
            return f"coalesce(CAST({typed('integer', value)} AS VARCHAR), {value})"
        case "year":
            return f"coalesce(CAST({_year(value)} AS VARCHAR), {value})"
        case "decade":
            return f"coalesce(CAST(CAST(floor({_year(value)} / 10) * 10 AS INTEGER) AS VARCHAR), {value})"
        case None:
            return value


def underivable(column: Column, separator: str | None = None) -> str:
    """The texts of a cell of which that cannot be made, as a list; parameters as of `texts`."""
    if column.derive in {None, "lower"}:
        return "[]"
    made = typed("integer", "x") if column.derive == "integer" else _year("x")
    return f"list_filter({texts(replace(column, derive=None), separator)}, lambda x: ({made}) IS NULL)"


def _year(value: str) -> str:
    """The year of a year, a month, a date or a moment; NULL where a text is none of them."""
    return f"""CASE WHEN regexp_full_match({value}, '-?[0-9]{{1,4}}([.]0+)?') THEN CAST(try_cast({value} AS DOUBLE) AS INTEGER)
                    WHEN regexp_full_match({value}, '[0-9]{{4}}-(0[1-9]|1[0-2])') THEN CAST({value}[:4] AS INTEGER)
                    WHEN regexp_full_match({value}, '{_DAY}([T ].*)?') THEN year(try_cast({value}[:10] AS DATE)) END"""


def typed(kind: PropertyType, value: str) -> str:
    """A text as a value of a type; NULL where it is none.

    Parameters
    ----------
    kind
        The type, no list.
    value
        SQL that gives the text; it is written several times.
    """
    match kind:
        case "integer":
            digits = f"try_cast(regexp_replace({value}, '\\.0*$', '') AS BIGINT)"
            # First what nearly all are, which is quick to see.
            return f"""CASE WHEN try_cast({value} AS BIGINT)::VARCHAR = {value} THEN try_cast({value} AS BIGINT)
                            WHEN ltrim({value}, '+-0123456789') = '' THEN try_cast({value} AS BIGINT)
                            WHEN regexp_full_match({value}, '[+-]?[0-9]+\\.0*') THEN {digits} END"""
        case "float":
            number = f"try_cast({value} AS DOUBLE)"
            # DuckDB would take 1_000.
            return f"CASE WHEN isfinite({number}) AND NOT contains({value}, '_') THEN {number} END"
        case "boolean":
            word = f"lower({value})"
            return f"CASE WHEN {word} IN ('true', 'yes', '1') THEN true WHEN {word} IN ('false', 'no', '0') THEN false END"
        case "date":
            day = f"try_cast({value}[:10] AS DATE)"
            return f"""CASE WHEN len({value}) = 10 AND {value}[5] = '-' AND {value}[8] = '-' THEN {day}
                            WHEN regexp_full_match({value}, '{_DAY}[T ]00:00(:00([.]0*)?)?') THEN {day} END"""
        case "datetime":
            return _moment(value)
        case "string":
            return value
        case _:
            raise ValueError(f"{kind} is a list")


def typed_list(kind: PropertyType, values: str) -> str:
    """A list of texts as a list of a type; its elements are NULL where they are no such value. NULL where the list is empty."""
    return f"CASE WHEN len({values}) > 0 THEN list_transform({values}, lambda x: {typed(_SINGLE[kind], 'x')}) END"


def is_list(kind: PropertyType) -> bool:
    """Whether a type is one of lists."""
    return kind in _SINGLE


def _moment(value: str) -> str:
    """A moment in UTC: where the text has an offset, it is taken off."""
    local = f"try_cast(replace(regexp_extract({value}, '^{_DAY}[T ]{_TIME}'), 'T', ' ') AS TIMESTAMP)"
    sign, hours, minutes = (f"regexp_extract({value}, '{_ZONE}$', {group})" for group in (1, 2, 3))
    ahead = f"coalesce(try_cast({hours} AS INTEGER) * 60, 0) + coalesce(try_cast({minutes} AS INTEGER), 0)"
    ahead_minutes = f"CASE WHEN {sign} = '-' THEN -({ahead}) ELSE {ahead} END"
    return f"""
        CASE WHEN regexp_full_match({value}, '{_DAY}([T ]{_TIME})?') THEN try_cast({value} AS TIMESTAMP)
             WHEN regexp_full_match({value}, '{_DAY}[T ]{_TIME}(Z|{_ZONE})') THEN {local} - to_minutes({ahead_minutes}) END
    """
