"""`hyperlearn check`: what a person sees of a data set that is in order, and of one that is not."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.errors import ConfigurationError
from pipeline.records.problems import SourceProblems
from pipeline.source.described.schema import json_schema
from tests.unit.command.test_command import run

DESCRIPTION = """
name = "books"
modalities.Book = { table = "books.csv", key = "isbn", name = "title", properties = { year = "integer" } }
modalities.Author = {}
[hyperedges.Writing]
table = "books.csv"
members = [ { modality = "Book", column = "isbn" }, { modality = "Author", column = "authors", separator = ";" } ]
"""

BOOKS = """isbn,title,year,authors
1,The Name of the Rose,1980,Umberto Eco
2,Good Omens,1990,Terry Pratchett; Neil Gaiman
3,Beowulf,,
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "books.csv").write_text(BOOKS, encoding="utf-8")
    (tmp_path / "books.toml").write_text(DESCRIPTION, encoding="utf-8")
    return tmp_path / "books.toml"


def check(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_a_data_set_in_order_is_shown_with_its_tables_and_notes(path: Path) -> None:
    result = check(path)
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["kind", "table", "rows"],
        ["entities", "Book", "3"],
        ["entities", "Author", "3"],
        ["hyperedges", "Writing", "3"],
    ]


def test_the_same_as_json(path: Path) -> None:
    found = json.loads(check(path, "--json").stdout)
    assert found["tables"][0] == {"table": "Book", "kind": "entities", "rows": 3}
    assert found["notes"][0] == "Writing: 1 row of books.csv left out, with nothing in authors"
    assert found["problems"] == []


def test_problems_are_an_exit_status_and_told_at_once(path: Path) -> None:
    path.with_name("books.csv").write_text(BOOKS.replace("1980", "MCM").replace("3,", "2,"), encoding="utf-8")
    result = check(path)
    assert isinstance(result.exception, SourceProblems)
    assert "books.csv, column year: expected a whole number" in str(result.exception)
    assert "books.csv, column isbn: expected each key once" in str(result.exception)
    as_json = check(path, "--json")
    assert as_json.exit_code == 1
    found = json.loads(as_json.stdout)["problems"]
    year = {
        "place": "books.csv",
        "column": "year",
        "expected": "a whole number",
        "count": 1,
        "examples": [[1, "MCM"]],
        "cause": None,
    }
    assert year in found


def test_bad_rows_are_set_aside(path: Path) -> None:
    path.with_name("books.csv").write_text(BOOKS.replace("1980", "MCM"), encoding="utf-8")
    aside = path.with_name("bad.jsonl")
    result = check(path, "--quarantine", aside, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["quarantined"] == 1
    assert json.loads(aside.read_text(encoding="utf-8"))["values"]["title"] == "The Name of the Rose"


def test_the_schema_is_printed_as_it_is() -> None:
    assert check("--schema").stdout == json_schema()


def test_a_data_set_is_to_be_named() -> None:
    assert isinstance(check().exception, ConfigurationError)


def test_cells_and_headers_that_a_terminal_would_obey_are_written_out(path: Path) -> None:
    hostile = "\x1b[2J\u202e\x9b1m"
    unsafe = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u202e"} - {"\n"}
    books = path.with_name("books.csv")

    books.write_text(BOOKS.replace("1980", f"MCM{hostile}").replace("year", f"{hostile}year"), encoding="utf-8")
    missing = run("check", str(path))
    assert r"\x1b[2J\u202e\x9b1myear" in missing.stderr
    assert unsafe.isdisjoint(missing.stdout + missing.stderr)

    books.write_text(BOOKS.replace("1980", f"MCM{hostile}"), encoding="utf-8")
    wrong = run("check", str(path))
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert r"'MCM\x1b[2J\u202e\x9b1m' in row 1" in wrong.stderr
    assert unsafe.isdisjoint(wrong.stderr)

    books.write_text(BOOKS.replace("Neil", hostile), encoding="utf-8")
    path.write_text(DESCRIPTION.replace(', separator = ";"', ""), encoding="utf-8")
    noted = run("check", str(path))
    assert noted.returncode == 0
    assert r"Terry Pratchett; \x1b[2J\u202e\x9b1m Gaiman" in noted.stderr
    assert unsafe.isdisjoint(noted.stdout + noted.stderr)

    books.write_text(BOOKS.replace("authors", f"{hostile}authors"), encoding="utf-8")
    sketched = run("init", str(books)).stdout
    (book,) = tomllib.loads(sketched)["modalities"].values()
    assert f"{hostile}authors" in [each["column"] for each in book["properties"].values() if "column" in each]
    assert unsafe.isdisjoint(sketched)
