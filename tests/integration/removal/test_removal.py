import os
import pty
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.run_folder import embeddings_folder, new_run_id
from pipeline.errors import LeaseHeldError, QueryError
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.one_writer import one_writer
from pipeline.ingest.ingest import ingest
from pipeline.query.served import published
from pipeline.removal.removal import remove
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, content, expire, num_nodes, variables
from tests.integration.ingest.test_ingest import wanted
from tests.integration.writeback.test_writeback import embeddings
from tests.integration.writers import Writer, remove_tiny

OTHER = Dataset(
    "other", (Modality("Thing"), Modality("Place")), (HyperedgeType("Being", ("Thing", "Place")),), (IntraModalGraph("Thing"),)
)


def other() -> tiny.Tables:
    being = pd.DataFrame({"member0": ["t0", "t1"], "member1": ["p0", "p1"], "value": 1.0})
    similar = pd.DataFrame({"source": ["t0"], "target": ["t1"], "weight": [1.0]})
    things = {label: tiny.entities(label, 2) for label in OTHER.labels}
    return tiny.Tables(OTHER, things, {("Thing", "SIMILAR"): similar}, {"Being": being})


def all_there(client: GraphClient) -> tuple[object, ...]:
    """Nodes, relations, constraints and indexes, all of them."""
    nodes = ask(client, "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
    relations = ask(
        client, "MATCH (a)-[r]->(b) RETURN type(r) AS type, labels(a) AS a, labels(b) AS b, properties(r) AS properties"
    )
    schema = ask(client, "SHOW INDEXES YIELD name, labelsOrTypes RETURN name, labelsOrTypes")
    return tuple(sorted(map(repr, rows)) for rows in (nodes, relations, schema))


@pytest.fixture
def alone(client: GraphClient) -> tuple[object, ...]:
    """All that is there with another data set only, to which the one that goes is added then."""
    ingest(client, other())
    ids = {label: sorted(table["id"]) for label, table in other().entities.items()}
    drawn = embeddings("other-1").factors["Film"]
    write_back(client, Embeddings("other-1", "other", 4, ids, dict.fromkeys(ids, drawn[:2]), {}, {}))
    there = all_there(client)
    ingest(client, tiny.tables())
    write_back(client, embeddings("run-1"))
    write_back(client, embeddings("run-2", seed=2))
    return there


def no_files() -> None:
    pass


def test_all_of_it_goes_and_nothing_else(client: GraphClient, alone: tuple[object, ...]) -> None:
    assert all_there(client) != alone
    remove(client, "tiny", no_files)
    assert all_there(client) == alone
    remove(client, "tiny", no_files)  # which is not there
    assert all_there(client) == alone
    with pytest.raises(QueryError, match="no modality Film"):
        published(client, "Film")


# From the first write, one of each kind, to the last.
@pytest.mark.parametrize("stop_at", [1, 3, 9, 11, 16, 23, 25])
def test_one_that_is_killed_is_completed_by_the_next(
    client: GraphClient, connection: Connection, alone: tuple[object, ...], stop_at: int
) -> None:
    writer = Writer(connection, remove_tiny, 0, wait=False, stop_at=stop_at)
    writer.until_stopped()
    writer.kill()
    expire(client, "tiny")
    remove(client, "tiny", no_files)
    assert all_there(client) == alone


@pytest.mark.parametrize("stop_at", [3, 13])
def test_an_ingest_brings_back_what_was_half_removed(
    client: GraphClient, connection: Connection, alone: tuple[object, ...], stop_at: int
) -> None:
    writer = Writer(connection, remove_tiny, 0, wait=False, stop_at=stop_at)
    writer.until_stopped()
    # Nobody is served what is being removed.
    with pytest.raises(QueryError, match="has no vectors yet"):
        published(client, "Film")
    expire(client, "tiny")
    ingest(client, tiny.tables())
    write_back(client, embeddings("run-3"))
    before = all_there(client)
    # It sleeps no longer, and removes nothing more.
    writer.go_on()
    assert writer.result() == "LeaseLostError"
    assert all_there(client) == before
    remove(client, "other", no_files)
    assert content(client) == wanted(tiny.tables())


def test_what_others_write_now_is_not_removed(client: GraphClient, alone: tuple[object, ...]) -> None:
    before = all_there(client)
    with one_writer(client, "tiny", "hyperlearn refresh") as writer, pytest.raises(LeaseHeldError):
        assert writer.lease
        remove(client, "tiny", no_files)
    assert len(all_there(client)[0]) == len(before[0])  # type: ignore[arg-type]
    # The token of a lease that was removed does not come again.
    remove(client, "tiny", no_files)
    with one_writer(client, "tiny", "test") as later:
        assert later.lease
        assert later.lease.token > writer.lease.token


def test_the_command_asks_and_removes_local_files_as_well(client: GraphClient, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    environment = variables(client.connection, tmp_path)
    embeddings("run-1").write(embeddings_folder(tmp_path / "runs", "tiny", new_run_id("tiny")))
    kept = tmp_path / "tuned" / "tiny-2.json"
    kept.parent.mkdir()
    for file in (kept, kept.with_name("tiny.json"), kept.with_name("tiny.trials")):
        file.write_text("{}")
    num_before = num_nodes(client)
    unasked = CliRunner().invoke(app, ["remove", "tiny"], env=environment)
    assert unasked.exit_code != 0
    assert "no terminal to ask on" in str(unasked.exception)
    assert (answered(b"n\n", environment), num_nodes(client)) == (1, num_before)
    assert (answered(b"y\n", environment), num_nodes(client)) == (0, 0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
    gone = CliRunner().invoke(app, ["remove", "tiny", "--yes"], env=environment)
    assert isinstance(gone.exception, QueryError)
    # Files that are left alone, since another host removed the rest.
    kept.with_name("tiny.json").write_text("{}")
    assert CliRunner().invoke(app, ["remove", "tiny", "--yes"], env=environment).exit_code == 0
    assert not kept.with_name("tiny.json").exists()
    assert CliRunner().invoke(app, ["remove", "../runs", "--yes"], env=environment).exit_code != 0


def answered(answer: bytes, environment: dict[str, str]) -> int:
    """Exit status of the command when a person at a terminal answers so."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        command = [sys.executable, "-m", "pipeline", "remove", "tiny"]
        return subprocess.run(command, check=False, stdin=theirs, env=environment, stderr=subprocess.PIPE, timeout=120).returncode
    finally:
        os.close(ours)
        os.close(theirs)
