"""Columns of texts whose cells are lists, as JSON or Python writes them: ``["oil", "clay"]``, ``['oil', 'clay']``."""

from collections.abc import Collection
from dataclasses import replace

from pipeline.records.records import Records
from pipeline.records.store import literal
from pipeline.source.files.raw_table import RawTable


def with_lists(records: Records, raw: RawTable, name: str, headers: Collection[str]) -> RawTable:
    """A raw table in which the cells of some columns are lists; rows with what is none are among the problems, and not in it.

    Parameters
    ----------
    records
        To whose problems they go, and where the table is.
    raw
        The table; it stays as it is.
    name
        What to call the other one in the store.
    headers
        The columns; those that are lists already stay as they are.
    """
    place, columns, wrong = literal(raw.place), dict(raw.columns), ["false"]
    for header in headers:
        if header not in columns:
            found = literal(f"none; there are {', '.join(columns)}{raw.header_cause}")
            records.problem(f"SELECT NULL, {place}, NULL, {literal(header)}, 'a column of that name', {found}")
        elif columns[header].kind == "text":
            cell = columns[header].name
            expected = literal('a list, as ["a", "b"]')
            bad = f"{cell} IS NOT NULL AND ({written_list(cell)}) IS NULL"
            records.problem(
                f"SELECT NULL, {place}, row, {literal(header)}, {expected}, left({cell}, 200) FROM {raw.name} WHERE {bad}"
            )
            wrong.append(bad)
            columns[header] = replace(columns[header], kind="texts")
    cells = ", ".join(
        (f"{written_list(column.name)} AS " if column != raw.columns[header] else "") + column.name
        for header, column in columns.items()
    )
    records.store.run(f"CREATE VIEW {name} AS SELECT row, {cells} FROM {raw.name} WHERE NOT ({' OR '.join(wrong)})")
    return replace(raw, name=name, columns=columns)


def written_list(text: str) -> str:
    """SQL of the list that a text writes; NULL where it writes none."""
    json = f"json_type(CASE WHEN json_valid({text}) THEN {text} END) = 'ARRAY'"
    elements = f"""from_json(CASE WHEN {json} THEN {text} ELSE '[]' END, '["VARCHAR"]')"""
    return f"CASE WHEN {json} THEN {elements} WHEN NOT json_valid({text}) THEN try_cast({text} AS VARCHAR[]) END"
