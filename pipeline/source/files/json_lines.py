"""Tables in JSON lines: one object per line, whose keys are the columns.

Lines are staged as texts and taken apart by DuckDB, so that every line that is no JSON is told by its number. A key that holds a
list in any row is a column of lists; an object inside an object stays JSON. Blank lines count as rows, and hold nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.records.store import literal
from pipeline.source.files.compressed import LONGEST_LINE, Lines, is_broken, open_lines, plain_file
from pipeline.source.files.delimited import COMPRESSIONS
from pipeline.source.files.raw_table import Kind, RawTable, Staging, trimmed
from pipeline.source.files.table_file import TableFile

_MAX_COLUMNS = 2_000
"""More keys than this are data, not columns."""


def stage_json_lines(
    staging: Staging, path: Path, table: TableFile, link: Path, headers: Sequence[str] | None = None
) -> RawTable | None:
    """Stage a file of JSON lines; parameters and what comes back as of `pipeline.source.files.delimited.stage_delimited`.

    Where it is known which keys every object has, ``headers`` says so, and there need be no object.
    """
    encoding = table.encoding or "utf-8"
    store = staging.store
    staging.create(1)
    try:
        plain = plain_file(path, table.suffix, encoding, link.with_suffix(".unpacked"))
        link.symlink_to(plain.absolute())
        compression = "none" if plain != path else COMPRESSIONS[table.suffix]
        store.run(_fast(staging.name, link, compression))
    except SourceError:
        staging.create(1)
        with open_lines(path, table.suffix, encoding) as lines:
            num_rows = _read_carefully(staging, lines, encoding)
        staging.flush()
    else:
        num_rows = store.value(f"SELECT count(*) FROM {staging.name}")
    lines_table = f"lines_{staging.name}"
    store.run(f"ALTER TABLE {staging.name} RENAME TO {lines_table}")
    good = "CASE WHEN json_valid(c0) THEN json_type(c0) = 'OBJECT' ELSE false END"
    staging.records.problem(f"""
        SELECT NULL, {literal(staging.place)}, row, NULL, 'a JSON object', left(c0, 200) FROM {lines_table}
        WHERE c0 IS NOT NULL AND NOT {good}
    """)
    store.run(f"DELETE FROM {lines_table} WHERE c0 IS NULL OR NOT {good}")
    found = f"SELECT key FROM ({_keys(lines_table)}) GROUP BY key ORDER BY min(row), key"
    keys = [key for (key,) in store.rows(found)] if headers is None else list(headers)
    if not keys:
        staging.refuse("an object per line", "an empty file" if not num_rows else "no object with a key")
        return None
    if len(keys) > _MAX_COLUMNS:
        staging.refuse(f"at most {_MAX_COLUMNS:,} different keys", f"{len(keys):,}")
        return None
    pointers = [literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys]
    kinds, cells = _columns(staging, lines_table, pointers)
    values = f"SELECT row, c0, json_extract_string(c0, [{', '.join(pointers)}]) AS found FROM {lines_table}"
    store.run(f"CREATE TABLE {staging.name} AS SELECT row, {', '.join(cells)} FROM ({values})")
    store.run(f"DROP TABLE {lines_table}")
    return staging.finish(keys, num_rows, kinds)


def _fast(name: str, path: Path, compression: str) -> str:
    # No line of JSON holds the delimiter: control characters are escaped in it.
    return f"""
        INSERT INTO {name} SELECT row_number() OVER (), {trimmed("line")} FROM read_csv(
            {literal(str(path))}, auto_detect = false, columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x01',
            quote = '', escape = '', comment = '', nullstr = '', compression = '{compression}', max_line_size = {LONGEST_LINE}
        )
    """


def _read_carefully(staging: Staging, lines: Lines, encoding: str) -> int:
    number = 0
    for number, line in enumerate(lines, start=1):
        lines.taken.clear()
        if is_broken(line):
            staging.bad_row(number, f"characters in {encoding}", line)
        else:
            staging.add(number, [line])
    return number


def _keys(lines_table: str) -> str:
    return f"SELECT row, unnest(json_keys(c0)) AS key FROM {lines_table}"


def _columns(staging: Staging, lines_table: str, pointers: list[str]) -> tuple[list[Kind], list[str]]:
    """What the keys hold, and SQL of their cells, given the texts of all keys as the list ``found``."""
    asked = ", ".join(
        f"bool_or(held[{position}] = 'ARRAY'), bool_or(held[{position}] = 'DOUBLE')" for position in range(1, len(pointers) + 1)
    )
    held = f"SELECT json_type(c0, [{', '.join(pointers)}]) AS held FROM {lines_table}"
    (answers,) = staging.store.rows(f"SELECT {asked} FROM ({held})")
    kinds: list[Kind] = []
    cells = []
    for position, pointer in enumerate(pointers):
        is_list, is_float = answers[2 * position : 2 * position + 2]
        text = f"found[{position + 1}]"
        if is_float:
            # Whole numbers that were floats to the one who wrote them, because others were missing, are whole numbers again.
            text = f"CASE json_type(c0, {pointer}) WHEN 'DOUBLE' THEN regexp_replace({text}, '\\.0+$', '') ELSE {text} END"
        cell = trimmed(text)
        if is_list:
            texts = f"CAST(json_extract(c0, {pointer}) AS VARCHAR[])"
            cell = (
                f"CASE json_type(c0, {pointer}) WHEN 'ARRAY' THEN {texts} ELSE CASE WHEN {cell} IS NOT NULL THEN [{cell}] END END"
            )
        kinds.append("texts" if is_list else "text")
        cells.append(f"{cell} AS c{position}")
    return kinds, cells
