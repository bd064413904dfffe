"""Texts that are taken as they are, and look as if they were not meant so: markers of missing values, and lists in one cell.

They are no problems, since any text may be a name; they are told with what is left out and mended.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.records.causes import NULL_MARKERS, SEPARATORS, looks_like_list, looks_like_null, looks_like_written_list
from pipeline.records.records import Records
from pipeline.records.store import literal
from pipeline.source.described.cell_values import texts
from pipeline.source.described.comma_lists import are_comma_lists
from pipeline.source.files.raw_table import Column, RawTable

_CERTAIN = r"\N"
_MARKER_SHARE = 0.01
_LIST_SHARE = 0.1


@dataclass(frozen=True)
class TextColumn:
    """A column whose texts become names, members or properties.

    Attributes
    ----------
    raw, column
        The table and its column.
    may_be_list
        Whether each cell is taken as one name that may be any.
    """

    raw: RawTable
    column: Column
    may_be_list: bool


def note_suspicions(records: Records, columns: Iterable[TextColumn]) -> None:
    """Say which texts look like missing values, or like several in one cell, with how many cells."""
    may_be_list: dict[tuple[str, str, Column], bool] = {}
    for text in columns:
        of = (text.raw.place, text.raw.name, text.column)
        may_be_list[of] = may_be_list.get(of, True) and text.may_be_list
    for (place, table, column), one_name in may_be_list.items():
        if column.kind == "text":
            _note_markers(records, place, table, column)
            if one_name:
                _note_list(records, place, table, column)


def _note_markers(records: Records, place: str, table: str, column: Column) -> None:
    among = f"{column.name} IN ({', '.join(map(literal, NULL_MARKERS))})"
    total = records.store.value(f"SELECT count({column.name}) FROM {table}")
    found = records.store.rows(f"SELECT {column.name}, count(*) FROM {table} WHERE {among} GROUP BY ALL ORDER BY 2 DESC, 1")
    markers = {marker: count for marker, count in found if marker == _CERTAIN or count >= _MARKER_SHARE * total}
    if markers:
        cells = f"{sum(markers.values()):,} of {total:,} cells"
        records.note(f"{place}, column {column.header}: {looks_like_null(list(markers))} ({cells})")


def _note_list(records: Records, place: str, table: str, column: Column) -> None:
    writes = f"{column.name} LIKE '[%]'"
    total, count, example = records.store.rows(
        f"SELECT count({column.name}), count(*) FILTER ({writes}), min({column.name}) FILTER ({writes}) FROM {table}"
    )[0]
    if count and count == total:
        records.note(f"{place}, column {column.header}: {looks_like_written_list(example, column.header)} ({count:,} cells)")
        return
    for sign in SEPARATORS:
        holds = f"contains({column.name}, {literal(sign)})"
        total, count, example = records.store.rows(
            f"SELECT count({column.name}), count(*) FILTER ({holds}), min({column.name}) FILTER ({holds}) FROM {table}"
        )[0]
        enough = count and count >= _LIST_SHARE * total
        if enough and (sign != "," or are_comma_lists(records.store, table, texts(column, sign))):
            records.note(f"{place}, column {column.header}: {looks_like_list(example, sign)} ({count:,} of {total:,} cells)")
            return
