"""Names that would colour, move, clear or forge what a terminal shows are harmless in all that commands print."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import variables
from tests.integration.query.test_complete import with_types

HOSTILE = "\x1b[2J\x1b]0;mine\x07\r\n\x9b31m\u202eevil\x08\t[red]"
SHOWN = r"\x1b[2J\x1b]0;mine\x07\r\n\x9b31m\u202eevil\x08\t[red]"
UNSAFE = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u202e"} - {"\n"}


@pytest.fixture
def home(client: GraphClient, tmp_path: Path) -> dict[str, str]:
    tables = tiny.tables()
    for frame in tables.entities.values():
        frame["name"] = [f"{name} {HOSTILE}" for name in frame["name"]]
    tables.entities["Film"]["tags"] = [[HOSTILE]] * len(tables.entities["Film"])
    ingest(client, tables)
    write_back(client, with_types("run-1"))
    return variables(client.connection, tmp_path) | {"COLUMNS": "1000"}


def run(home: dict[str, str], *line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *line], env=home, capture_output=True, text=True, check=False, timeout=120
    )


def test_every_command_that_prints_names(home: dict[str, str]) -> None:
    film = f"Film 4 {HOSTILE}"
    for line in (
        ["similar", "Film", film],
        ["similar", "Film", film, "--to", "Maker"],
        ["explain", "Film", film, "f6"],
        ["complete", "Making", f"Film={film}", "--ask", "Maker"],
        ["outliers", "tiny"],
    ):
        result = run(home, *line)
        assert result.returncode == 0, result.stderr
        assert SHOWN in result.stdout
        assert UNSAFE.isdisjoint(result.stdout + result.stderr), line


def test_errors_that_list_names(home: dict[str, str]) -> None:
    for name in ("Film 4", f"Film 1 {HOSTILE}"):
        result = run(home, "similar", "Film", name)
        assert result.returncode == 2
        assert SHOWN in result.stderr
        assert UNSAFE.isdisjoint(result.stderr)
        # Each of the names that are told takes one line.
        assert all(SHOWN in told for told in result.stderr.splitlines() if told.startswith("  "))


def test_json_has_them_as_they_are(home: dict[str, str]) -> None:
    found = json.loads(run(home, "similar", "Film", f"Film 4 {HOSTILE}", "--json").stdout)
    assert {each["name"].partition(" ")[2].partition(" ")[2] for each in found} == {HOSTILE}
