"""Tables in delimited text: CSV, TSV, and the like.

Two readers. DuckDB's is quick, and takes a file that is in order throughout. Where it finds anything amiss, the file is read again
by Python's, a row at a time, which takes what can be taken and says of every other row what is wrong with it; memory does not grow
with their number. Blank lines are no rows.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.records.causes import NULL_MARKERS
from pipeline.records.store import literal
from pipeline.source.files.compressed import LONGEST_LINE, Lines, is_broken, open_lines, plain_file
from pipeline.source.files.raw_table import RawTable, Staging, trimmed
from pipeline.source.files.table_file import TableFile

COMPRESSIONS = {"": "none", ".gz": "gzip", ".zst": "zstd"}
"""What DuckDB unpacks by itself."""


_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""Usual delimiters: one in the only column name says that the columns are separated by it."""


IF_NO_HEADER = 'if the first row is no header, say header = false, columns = ["id", …] of the table'
"""What to do about names of columns that are none."""

_DATA = re.compile(r"[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")
"""Numbers and dates."""


def stage_delimited(staging: Staging, path: Path, table: TableFile, link: Path) -> RawTable | None:
    """Stage a file of delimited text.

    Parameters
    ----------
    staging
        Where to.
    path
        The file.
    table
        How it is to be read.
    link
        A path of the store's own, by which DuckDB is told of the file.

    Returns
    -------
    RawTable | None
        None if the file as a whole is refused, which is then among the problems.

    Raises
    ------
    SourceError
        If the file cannot be read, or is damaged.
    """
    encoding = table.encoding or "utf-8"
    with open_lines(path, table.suffix, encoding) as lines:
        first = next(_rows(lines, table), None)
    headers = _headers(staging, first, table)
    if headers is None:
        return None
    staging.create(len(headers))
    try:
        plain = plain_file(path, table.suffix, encoding, link.with_suffix(".unpacked"))
        link.symlink_to(plain.absolute())
        compression = "none" if plain != path else COMPRESSIONS[table.suffix]
        staging.store.run(_fast(staging.name, link, len(headers), table, compression))
    except SourceError:
        # What exactly is wrong, and whether it is but a few rows, the careful reader says.
        staging.create(len(headers))
        with open_lines(path, table.suffix, encoding) as lines:
            num_rows = _read_carefully(staging, lines, len(headers), table)
    else:
        num_rows = staging.store.value(f"SELECT count(*) FROM {staging.name}")
    raw = staging.finish(headers, num_rows)
    return replace(raw, has_header=True, header_cause=header_cause(headers)) if table.header else raw


def first_cells(path: Path, table: TableFile) -> list[str]:
    """The cells of the first row, which may be a header; nothing where there is none that can be read.

    Raises
    ------
    SourceError
        If the file cannot be read, or is damaged.
    """
    if not path.is_file():
        return []
    with open_lines(path, table.suffix, table.encoding or "utf-8") as lines:
        first = next(_rows(lines, table), None)
    return [] if first is None or isinstance(first, _Bad) else [cell.strip() for cell in first]


def is_data(cell: str) -> bool:
    """Whether a cell is a number, a date or a null marker, which no column is called."""
    return bool(_DATA.fullmatch(cell)) or cell in NULL_MARKERS


def header_cause(names: Sequence[str]) -> str:
    """What to say of a header that is probably a row of data: its cells are numbers, dates or null markers."""
    data = [name for name in names if is_data(name)]
    if not data:
        return ""
    return f'; "{data[0]}" looks like data: {IF_NO_HEADER}'


def _headers(staging: Staging, first: "list[str] | _Bad | None", table: TableFile) -> list[str] | None:
    """The names of the columns: those of the first row, or those that the description gives."""
    if first is None:
        staging.refuse("a header and rows" if table.header else "rows", "an empty file")
        return None
    cells = [] if isinstance(first, _Bad) else [cell.strip() for cell in first]
    told = table.delimiter is not None or (table.columns is not None and len(table.columns) == 1)
    other = next((sign for sign in _DELIMITERS if len(cells) == 1 and sign in cells[0] and not told), None)
    if other is not None:
        shown = other.replace("\t", "\\t")
        staging.refuse(f"columns separated by {_DELIMITERS[table.separator]}", f'"{shown}": add delimiter = "{shown}" to the table')
        return None
    # Without a header, a first row that cannot be read is one of the bad rows.
    return list(table.columns) if table.columns is not None else _named(staging, first)


def _named(staging: Staging, first: "list[str] | _Bad") -> list[str] | None:
    if isinstance(first, _Bad):
        staging.refuse(f"a header with {first.expected}", first.found)
        return None
    names = [cell.strip() for cell in first]
    if not any(names):
        staging.refuse("a header in the first line", "an empty line")
        return None
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        staging.refuse("every column name once", f"{', '.join(twice)} several times{header_cause(names)}")
        return None
    return names


def _fast(name: str, path: Path, num_columns: int, table: TableFile, compression: str) -> str:
    """The statement by which DuckDB reads a file that is in order."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(num_columns))
    cells = ", ".join(trimmed(f"c{position}") for position in range(num_columns))
    quote = literal(table.quote_sign)
    return f"""
        INSERT INTO {name} SELECT row_number() OVER (), {cells} FROM read_csv(
            {literal(str(path))}, auto_detect = false, columns = {{{columns}}}, header = {str(table.header).lower()},
            delim = {literal(table.separator)}, quote = {quote}, escape = {quote}, comment = '', nullstr = '',
            skip = {table.skip}, compression = '{compression}', max_line_size = {LONGEST_LINE},
            null_padding = {str(table.ragged).lower()}
        )
    """


class _Bad:
    """A row that cannot be read."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found


def _read_carefully(staging: Staging, lines: Lines, num_columns: int, table: TableFile) -> int:
    """Read a file a row at a time; give the number of rows, with those that cannot be read."""
    rows = _rows(lines, table)
    if table.header:
        next(rows)
    number = 0
    for row in rows:
        if isinstance(row, _Bad):
            number += 1
            staging.bad_row(number, row.expected, row.found)
        elif len(row) == num_columns or (table.ragged and len(row) < num_columns and any(cell.strip() for cell in row)):
            number += 1
            staging.add(number, [*row, *[None] * (num_columns - len(row))])
        elif any(cell.strip() for cell in row) or len(row) > 1:
            number += 1
            noun = "1 column" if num_columns == 1 else f"{'at most ' if table.ragged else ''}{num_columns} columns"
            staging.bad_row(number, noun, f"{len(row)} in {''.join(lines.taken)}")
        elif num_columns == 1:
            number += 1
    return number


def _rows(lines: Lines, table: TableFile) -> Iterator[list[str] | _Bad]:
    """The rows of a file, its header among them; ``lines.taken`` are the lines of the row that was given last."""
    csv.field_size_limit(LONGEST_LINE)
    for _ in range(table.skip):
        next(lines, None)
    reader: Iterator[list[str]]
    if len(table.separator) > 1:
        reader = (line.rstrip("\r\n").split(table.separator) for line in lines)
    elif table.quote_sign:
        reader = csv.reader(lines, delimiter=table.separator, quotechar=table.quote_sign, strict=True)
    else:
        reader = csv.reader(lines, delimiter=table.separator, quoting=csv.QUOTE_NONE, strict=True)
    while True:
        lines.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _wrongly_quoted(lines)
            continue
        if any(is_broken(line) for line in lines.taken):
            yield _Bad(f"characters in {table.encoding or 'utf-8'}", "".join(lines.taken))
        else:
            yield row


def _wrongly_quoted(lines: Lines) -> _Bad:
    """Blame the first line of a row that went wrong, and go on with the one behind it."""
    first, rest = lines.taken[0], lines.taken[1:]
    lines.put_back(rest)
    return _Bad("every quote closed" if rest or _is_open(first) else "quotes round whole cells, doubled inside", first)


def _is_open(line: str) -> bool:
    return line.count('"') % 2 == 1
