"""Texts that stand for a missing value: those that a description names are missing in all that is made of a table."""

from dataclasses import replace

from pipeline.records.store import Store, literal
from pipeline.source.files.raw_table import Column, RawTable, trimmed


def without_markers(store: Store, raw: RawTable, name: str, markers: tuple[str, ...]) -> RawTable:
    """A raw table in which the cells, and elements of lists, that are markers are missing.

    Parameters
    ----------
    store
        Where the table is.
    raw
        The table; it stays as it is.
    name
        What to call the other one in the store.
    markers
        The texts that stand for a missing value.
    """
    markers = tuple(marker.strip() for marker in markers)
    columns = {header: replace(column, null=markers) for header, column in raw.columns.items()}
    cells = ", ".join(f"{_cell(column)} AS {column.name}" for column in columns.values())
    store.run(f"CREATE VIEW {name} AS SELECT row, {cells} FROM {raw.name}")
    return replace(raw, name=name, columns=columns)


def missing_where(text: str, markers: tuple[str, ...]) -> str:
    """SQL of a text that is missing where it is one of the markers."""
    return f"CASE WHEN {text} NOT IN ({', '.join(map(literal, markers))}) THEN {text} END" if markers else text


def _cell(column: Column) -> str:
    match column.kind:
        case "text":
            return missing_where(column.name, column.null)
        case "texts":
            return f"list_transform({column.name}, lambda x: {missing_where(trimmed('x'), column.null)})"
        case "numbers":
            return column.name
