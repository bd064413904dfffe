"""What a command imports: each as much as it needs, and what needs nothing next to nothing, however many commands there are.

typer reads arguments with pydantic: that is there whatever we do.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.command.test_command import COMMANDS

TRAINING = {"torch", "numba", "llvmlite", "dgl", "networkx", "scipy", "optuna", "h5py"}
FLOWS = {"prefect", "flows"}
DATABASE = {"neo4j", "requests", "jgo"}
TABLES = {"duckdb", "pandas", "numpy", "pyarrow", "psycopg"}
EVERYTHING = TRAINING | FLOWS | DATABASE | TABLES | {"pydantic_settings", "rapidfuzz", "psutil", "filelock"}

REPORT = """
import json, sys
from pipeline.__main__ import main

statuses = []
for line in json.loads(sys.argv[1]):
    sys.argv = ["hyperlearn", *line]
    try:
        main()
    except SystemExit as end:
        statuses.append(end.code)
print()
print(json.dumps([statuses, sorted({name.partition(".")[0] for name in sys.modules})]))
"""

BOOKS = """
name = "books"

[modalities.Book]
table = "books.csv"
key = "id"
name = "title"

[modalities.Author]

[hyperedges.Writing]
table = "books.csv"
members = [{ modality = "Book", column = "id" }, { modality = "Author", column = "author" }]
"""


def imported(*lines: list[str], **environment: str) -> tuple[list[int], set[str]]:
    """Run command lines, one after the other in one process: how each ends, and what is imported after the last."""
    program = [sys.executable, "-c", REPORT, json.dumps(lines)]
    result = subprocess.run(program, capture_output=True, text=True, env=environment, check=True, timeout=120)
    statuses, modules = json.loads(result.stdout.splitlines()[-1])
    return statuses, set(modules)


def test_the_modules_are_spelled_as_they_are_imported() -> None:
    assert [name for name in sorted(EVERYTHING) if importlib.util.find_spec(name) is None] == []


def test_help_and_the_version_import_nothing_heavy() -> None:
    helps = ["--help", *(f"{name} --help" for name in COMMANDS), "evaluate tate --help", "evaluate books.toml --help"]
    statuses, modules = imported(*map(str.split, [*helps, "--version"]))
    assert set(statuses) == {0}
    assert modules & EVERYTHING == set()


def test_a_wrong_usage_imports_nothing_heavy() -> None:
    lines = ["", "statsu", "status --jsn", "similar", "similar Movie -k many", "similar Movie", "check", "train snapshot"]
    statuses, modules = imported(*map(str.split, lines))
    assert set(statuses) == {2}
    assert modules & EVERYTHING == set()


def test_completion_imports_nothing_heavy() -> None:
    asked = {"_HYPERLEARN_COMPLETE": "complete_bash", "COMP_WORDS": "hyperlearn evaluate t", "COMP_CWORD": "2"}
    statuses, modules = imported([], **asked)
    assert statuses == [0]
    assert modules & EVERYTHING == set()


@pytest.mark.parametrize(
    ("line", "status", "absent"),
    [
        ("check --schema", 0, EVERYTHING - {"rapidfuzz"}),
        ("check boks", 2, EVERYTHING - {"rapidfuzz"}),
        ("check books.toml", 0, TRAINING | FLOWS | DATABASE | {"pandas"}),
        ("init books.csv", 0, TRAINING | FLOWS | DATABASE | {"pandas"}),
        ("status", 1, TRAINING | FLOWS | DATABASE | TABLES),
        ("down", 0, TRAINING | FLOWS | DATABASE | TABLES),
        ("write-back nowhere", 1, TRAINING | FLOWS | DATABASE | (TABLES - {"numpy"})),
    ],
)
def test_without_a_database_a_command_imports_what_it_needs(tmp_path: Path, line: str, status: int, absent: set[str]) -> None:
    (tmp_path / "books.toml").write_text(BOOKS, encoding="utf-8")
    (tmp_path / "books.csv").write_text("id,title,author\n1,Emma,Austen\n2,Persuasion,Austen\n", encoding="utf-8")
    words = [str(tmp_path / word) if word.startswith("books") else word for word in line.split()]
    statuses, modules = imported(words, HYPERLEARN_HOME=str(tmp_path / "home"))
    assert statuses == [status]
    assert modules & absent == set()


def test_with_a_database_a_command_imports_nothing_that_trains() -> None:
    lines = [
        "status",
        "doctor",
        "runs books",
        "report books",
        "browse books",
        "similar Book Emma",
        "explain Book Emma Emma",
        "complete Loan Book=Emma --ask Reader",
    ]
    statuses, modules = imported(*map(str.split, lines), NEO4J_URI="bolt://127.0.0.1:1", NEO4J_PASSWORD="none")
    assert set(statuses) == {1}
    assert "neo4j" in modules
    assert modules & (TRAINING | FLOWS | {"duckdb", "requests", "jgo"}) == set()
