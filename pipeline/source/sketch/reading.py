"""How a file that nobody has described is to be read: its format, encoding, delimiter and header, as its first rows tell."""

import codecs
import csv
import json
import re
import shlex
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from pipeline.errors import ConfigurationError, SourceError
from pipeline.source.files.compressed import Lines, open_lines, open_plain
from pipeline.source.files.database_url import is_url, url_problem
from pipeline.source.files.delimited import is_data
from pipeline.source.files.raw_tables import what_is_there
from pipeline.source.files.table_file import TableFile

_ROWS = 2_000
_ROWS_FOR_QUOTES = 1_000_000
"""Quotes may be rare; so many take a second or two."""
_DELIMITERS = ",\t;|"
_TWO = "::"
"""A delimiter of two characters, if all lines have as many of it."""
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
_RAGGED = 0.05
"""Where fewer rows have another number of cells than the others, those are mistakes."""
_MOST_LINES = 50
"""Of a cell in quotes."""
_LONGEST_HEADER = 2
"""Cells of a header above sets, such as the ends of pairs."""
_FEWEST_SIZES = 3
"""Sets have so many sizes: pairs, some of them with a weight, are none."""
_FEWEST_REPEATED, _REPEATED = 5, 0.5
"""Of so many values or more, of those that are there twice, such a share stands in other columns as well, if rows are sets."""
_MOST_CELLS = 12
"""Where rows have more, and not all as many, they are no facts."""
_ALIKE = 0.25
"""Where so many cells of the first row stand in their column again, it is a row like the others."""
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?\{\s*["}]')
_YEAR = re.compile(r"(1[5-9]|20)[0-9]{2}")


def tables_of_file(given: str, place: str) -> list[TableFile]:
    """The tables of a file, each as a description would name it.

    Parameters
    ----------
    given
        The path, or the URL of a database, with its table after a ``#`` where only that is wanted.
    place
        What the description calls the file.

    Raises
    ------
    ConfigurationError
        If there is no such file, or it is of no kind that is read.
    SourceError
        If it cannot be read.
    """
    if is_url(given):
        return _postgresql_tables(given)
    kind = _kind(given)
    file, _, table = given.partition("#") if kind == "sqlite" else (given, "", "")
    path = Path(file)
    absent = what_is_there(path)
    if absent is not None:
        raise ConfigurationError(f"{given}: expected a file, found {absent}")
    try:
        match kind:
            case "sqlite":
                named = [table] if table else _sqlite_tables(path)
                file_place = place.partition("#")[0]
                return [TableFile(path=f"{file_place}#{name}") for name in named]
            case None if _is_json(path):
                return [_json_lines(path, given, place)]
            case "csv" | None:
                return [TableFile(path=place, **_options(path, place, told=kind is not None))]
            case _:
                return [TableFile(path=place)]
    except SourceError as error:
        raise SourceError(f"{given} {error}") from error


def _postgresql_tables(url: str) -> list[TableFile]:
    from pipeline.source.files.postgresql_tables import PostgresqlDatabases

    problem = url_problem(url)
    if problem is not None:
        # The URL may hold a password, so that it is not shown.
        raise ConfigurationError(f"a URL of a table: {problem}")
    if "#" in url:
        return [TableFile(path=url)]
    with PostgresqlDatabases() as databases:
        try:
            return [TableFile(path=f"{url}#{name}") for name in databases.table_names(TableFile(path=f"{url}#all"))]
        except SourceError as error:
            raise SourceError(f"{url}: {error}") from error


def _kind(given: str) -> str | None:
    try:
        return TableFile(path=given).kind
    except ValidationError as error:
        text = error.errors()[0]["msg"]
        if "spreadsheet" in text:
            raise ConfigurationError(f"{given}: {text}") from error
        # A SQLite file without a table after a #, or a name that tells nothing.
        return "sqlite" if "SQLite" in text else None


def _sqlite_tables(path: Path) -> list[str]:
    names = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rowid"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return [name for (name,) in connection.execute(names)]
    except sqlite3.Error as error:
        raise SourceError(f"cannot be read: {error}") from error


def _is_json(path: Path) -> bool:
    """Whether a file whose name does not tell begins as JSON does, which no header of a table does."""
    with open_plain(path, _suffix(path.name)) as stream:
        return bool(_JSON.match(stream.read(2**10)))


def _json_lines(path: Path, given: str, place: str) -> TableFile:
    """A file of JSON as one of JSON lines, if its first line is an object."""
    with open_lines(path, _suffix(path.name), "utf-8") as lines:
        first = next((line for line in lines if line.strip()), "")
    try:
        is_object = isinstance(json.loads(first), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise ConfigurationError(
            f"{given}: expected JSON lines, an object a line, found JSON over the whole file",
            hint=f"jq -c '.[]' {shlex.quote(given)} > {shlex.quote(f'{path.stem}.jsonl')} makes them of a list of objects",
        )
    return TableFile(path=place, format="jsonl")


def _suffix(name: str) -> str:
    """The end of a file name that tells the compression, or nothing."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in _COMPRESSED else ""


def _options(path: Path, place: str, *, told: bool) -> dict[str, Any]:
    """The options of a file of delimited text that are not the defaults."""
    suffix = _suffix(place)
    options: dict[str, Any] = {} if told else {"format": "csv"}
    encoding = _encoding(path, suffix)
    if encoding != "utf-8":
        options["encoding"] = encoding
    with open_lines(path, suffix, encoding) as lines:
        above = first = list(islice(lines, _ROWS))
    default = TableFile(path=place, **options).separator
    if len({line.count(_TWO) for line in first if line.strip()}) == 1 and _TWO in first[0]:
        rows = _parsed(first, _TWO)
        return {**options, "delimiter": _TWO, **({} if is_header(rows) else _unnamed(_width(rows)))}
    delimiters = _DELIMITERS if told else f"{_DELIMITERS} "
    # Spaces stand in titles above a table as well: they count where nothing else separates cells.
    skip = _num_above(first, delimiters if not any(sign in line for line in first for sign in _DELIMITERS) else _DELIMITERS)
    first = first[skip:]
    delimiter = _delimiter(first, default, delimiters)
    if delimiter != default:
        options["delimiter"] = delimiter
    if skip:
        options["skip"] = skip
    with open_lines(path, suffix, encoding) as lines:
        quotes = not _are_plain_quotes(lines, skip, delimiter)
    if not quotes:
        options["quote"] = ""
    rows = [row for row in _parsed(first, delimiter, quotes=quotes) if any(cell.strip() for cell in row)]
    # What spaces separate may be words of a title.
    if _are_sets(rows) and (delimiter != " " or all(cell.isdecimal() for row in rows for cell in row if cell)):
        return _options_of_sets(options, above, delimiter)
    has_header = is_header(rows)
    if delimiter != " " and _is_ragged(rows, has_header):
        options["ragged"] = True
    if not has_header:
        width = _width(rows)
        if "ragged" in options:
            with open_lines(path, suffix, encoding) as lines:
                widths = map(len, _parsed(islice(lines, skip, None), delimiter, quotes=quotes))
                width = max(each for each in widths if each <= _MOST_CELLS)
        options |= _unnamed(width)
    return options


def _unnamed(width: int) -> dict[str, Any]:
    """The options of so many columns without a header."""
    return {"header": False, "columns": tuple(f"column{position}" for position in range(1, width + 1))}


def _options_of_sets(options: dict[str, Any], lines: list[str], separator: str) -> dict[str, Any]:
    """The options of a file whose lines are one cell each, a list of one or more members."""
    delimiter = next(sign for sign in f"\t{_DELIMITERS}\x1f" if sign != separator and not any(sign in line for line in lines))
    skip = next((position for position, line in enumerate(lines) if not line.startswith("#")), 0)
    kept = {name: value for name, value in options.items() if name in {"format", "encoding"}}
    of_lines = {"delimiter": delimiter, "quote": "", "header": False, "columns": ("members",), "number": "set"}
    return {**kept, **({"skip": skip} if skip else {}), **of_lines}


def _are_sets(rows: list[list[str]]) -> bool:
    """Whether rows of different length are sets: what stands in their first two columns stands in others as well.

    A relation stands in one column alone. What is there but once says nothing. There is no header: one above columns that are
    alike would be short, and would name no member.
    """
    if not rows or (len(rows[0]) <= _LONGEST_HEADER and not any(cell in row for cell in rows[0] for row in rows[1:])):
        return False
    widths = Counter(map(len, rows))
    if len(widths) < _FEWEST_SIZES or not _often_differ(widths):
        return False
    counts = Counter(cell for row in rows for cell in row)
    for place in (0, 1):
        here = Counter(row[place] for row in rows if len(row) > place)
        repeated = [value for value in here if counts[value] > 1]
        if len(repeated) < _FEWEST_REPEATED or sum(counts[value] > here[value] for value in repeated) < _REPEATED * len(repeated):
            return False
    return True


def _is_ragged(rows: list[list[str]], has_header: bool) -> bool:
    """Whether rows have different numbers of cells, of which none is rare, and a header names the most."""
    widths = Counter(map(len, rows[has_header:]))
    if len(widths) < 2 or not 2 <= min(widths) < max(widths) <= _MOST_CELLS or (has_header and len(rows[0]) < max(widths)):
        return False
    return _often_differ(widths)


def _often_differ(widths: Counter[int]) -> bool:
    """Whether rows have another number of cells than most have too often for mistakes."""
    return widths.total() - max(widths.values()) >= _RAGGED * widths.total()


def _encoding(path: Path, suffix: str) -> str:
    with open_plain(path, suffix) as stream:
        begin = stream.read(2**20)
        if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        chunk = begin
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(2**20)
        except UnicodeDecodeError:
            # In latin-1, these are characters that control a terminal; in windows-1252, quotes and dashes.
            return "windows-1252" if re.search(rb"[\x80-\x9f]", chunk) else "latin-1"
    return "utf-8"


def _num_above(lines: list[str], delimiters: str) -> int:
    """How many lines stand above a table: comments, and lines of one cell that are followed by lines of several.

    The last comment is the header where it has as many cells as the line below it.
    """

    def cells(line: str) -> list[str]:
        rows = (_parsed([line], delimiter) for delimiter in delimiters)
        return max((row for (row,) in (each or [[]] for each in rows)), key=len)

    def is_above(line: str) -> bool:
        found = cells(line)
        return line.startswith("#") or len(found) < 2 or (len(found) > 2 and sum(bool(cell.strip()) for cell in found) < 2)

    skip = next((position for position, line in enumerate(lines) if not is_above(line)), 0)
    if skip and lines[skip - 1].startswith("#") and len(cells(lines[skip - 1])) == len(cells(lines[skip])):
        skip -= 1
    return skip


def _delimiter(lines: list[str], default: str, delimiters: str) -> str:
    """The delimiter that gives most rows the same number of columns, more than one; the default where none does.

    It is in the first row too: a comma that is in all others alone stands in numbers or dates.
    """

    def fit(delimiter: str) -> tuple[float, bool, int]:
        rows = [row for row in _parsed(lines, delimiter) if row]
        widths = Counter(map(len, rows))
        if not widths or len(rows[0]) == 1:
            return 0.0, False, 0
        width, count = widths.most_common(1)[0]
        return (round(count / widths.total(), 1) if width > 1 else 0.0), delimiter == default, width

    best = max(delimiters, key=fit)
    return best if fit(best)[0] else default


def _are_plain_quotes(lines: Lines, skip: int, delimiter: str) -> bool:
    """Whether quotes are signs like others: some do not stand round whole cells, few do, and none holds a delimiter.

    One that opens a cell of many lines is left open.
    """
    for _ in range(skip):
        next(lines, None)
    reader = csv.reader(islice(lines, _ROWS_FOR_QUOTES), delimiter=delimiter, strict=True)
    num_rows = num_wrapped = num_plain = 0
    while True:
        lines.taken.clear()
        num_rows += 1
        try:
            row = next(reader)
        except StopIteration:
            return num_plain > 0 and 2 * num_wrapped < num_rows
        except csv.Error:
            num_plain += 1
            continue
        line = lines.taken[0]
        if len(lines.taken) > _MOST_LINES:
            num_plain += 1
        elif '"' in line and len(row) < line.count(delimiter) + 1:
            return False
        else:
            num_wrapped += sum(cell.count('"') for cell in row) < line.count('"')


def _parsed(lines: Iterable[str], delimiter: str, *, quotes: bool = True) -> list[list[str]]:
    if len(delimiter) > 1:
        return [line.rstrip("\r\n").split(delimiter) for line in lines if line.strip()]
    rows = []
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    while True:
        try:
            rows.append(next(reader))
        except StopIteration:
            return rows
        except csv.Error:
            continue


def _width(rows: list[list[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0]


def is_header(rows: list[list[str]]) -> bool:
    """Whether the first of some rows names the columns: it is not like those below it."""
    if len(rows) < 2:
        return True
    first, *rest = [[cell.strip() for cell in row] for row in rows]
    below = [[row[position] for row in rest if position < len(row)] for position in range(len(first))]
    data = [position for position, cell in enumerate(first) if is_data(cell)]
    if not data:
        if any(cell and column and all(map(is_data, column)) for cell, column in zip(first, below, strict=True)):
            return True  # a word above numbers
        alike = sum(bool(cell) and cell in column for cell, column in zip(first, below, strict=True))
        return alike < _ALIKE * len(first)
    if all(_YEAR.fullmatch(first[position]) for position in data) and len(set(first)) == len(first) and len(data) > 1:
        return True  # a column per year
    return not any(is_data(cell) for position in data for cell in below[position][:50])
