"""The tutorial as its reader lives it: its files are written, its commands run, and they print what the page says.

Figures with decimals (scores, seconds) may differ from machine to machine and are not compared; names, counts and orders are.
Where a command fails on purpose, what it prints to standard error is compared.
"""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.source.movies.source import DATASET as FILMS
from tests import tiny
from tests.database import ask, variables

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"

STEP = re.compile(
    r"<!-- file: (?P<file>\S+) -->\n```\w+\n(?P<text>.*?)```"
    r"|<!-- edit: (?P<edited>\S+): (?P<old>.*?) -> (?P<new>.*?) -->"
    r"|(?P<undo><!-- undo -->)"
    r"|```console\n(?P<console>.*?)```"
    r"|```cypher\n(?P<cypher>.*?)```",
    re.DOTALL,
)


def films() -> tiny.Tables:
    """A few rows of the demo's data set, of every label that it has: the reader has run the demo before."""
    entities = {}
    for modality in FILMS.modalities:
        entities[modality.label] = tiny.entities(modality.label, 2).assign(**dict.fromkeys(modality.properties))
    relations = {graph.key: pd.DataFrame({"source": [], "target": [], "weight": []}) for graph in FILMS.graphs}
    hyperedges = {}
    for kind in FILMS.hyperedge_types:
        members = {f"member{position}": entities[label]["id"].iloc[:1] for position, label in enumerate(kind.members)}
        hyperedges[kind.label] = pd.DataFrame(members | {"value": [1.0]})
    return tiny.Tables(FILMS, entities, relations, hyperedges)


@pytest.fixture
def environment(client: GraphClient, connection: Connection, tmp_path: Path) -> dict[str, str]:
    """The variables of a reader with a database of their own, which holds the films already."""
    ingest(client, films())
    return variables(connection, tmp_path / "home") | {"COLUMNS": "200"}


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    """What a command prints: its result, or, where it fails, what it says about that."""
    words = re.findall(r'"([^"]*)"|(\S+)', command.removeprefix("hyperlearn "))
    arguments = [quoted or plain for quoted, plain in words]
    whole = [sys.executable, "-m", "pipeline", *arguments]
    done = subprocess.run(whole, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    printed = done.stdout if done.returncode == 0 else done.stderr[done.stderr.index("error:") :]
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines()).strip()


def comparable(text: str) -> str:
    return re.sub(r" +", " ", re.sub(r"\d+\.\d+", "#", text))


def test_the_tutorial_does_what_it_says(environment: dict[str, str], connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    before: dict[Path, str] = {}
    num_commands = 0
    for step in STEP.finditer(PAGE.read_text()):
        if step["file"]:
            (folder / step["file"]).write_text(step["text"])
        elif step["edited"]:
            file = folder / step["edited"]
            before.setdefault(file, file.read_text())
            assert file.read_text().count(step["old"]) == 1, step["old"]
            file.write_text(file.read_text().replace(step["old"], step["new"]))
        elif step["undo"]:
            for file, text in before.items():
                file.write_text(text)
            before.clear()
        elif step["console"]:
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", step["console"], re.MULTILINE):
                assert comparable(run(command, folder, environment)) == comparable(expected.strip()), command
                num_commands += 1
        else:
            with GraphClient(connection) as client:
                assert ask(client, step["cypher"])
    assert num_commands == 11
    with GraphClient(connection) as client:
        assert {change.written for change in ingest(client, films(), IngestOptions(verify=True)).tables} == {0}
