"""Neo4j killed under a refresh and started again: the refresh or the next one ends well, and nothing is lost."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.configuration import Memory
from pipeline.graph.connection import Connection
from pipeline.graph.lease import BEAT_S, EXPIRY_S
from pipeline.graph.process import wait_until_gone
from pipeline.graph.server import EmbeddedServer
from tests import library
from tests.database import ask, variables

PATIENCE_S = 300
ROWS = "".join(f"b{row % 500},r{row // 30},{row % 5}\n" for row in range(6_000))
LOANS = (
    "MATCH (book:Book)<-[:MEMBER {position: 0}]-(loan:Loan)-[:MEMBER {position: 1}]->(reader:Reader) "
    "RETURN collect(book.id + ',' + reader.id + ',' + toString(toInteger(loan.value))) AS rows"
)


@pytest.fixture
def server(download_cache: Path, tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path / "neo4j", download_cache, Memory(heap_mib=512, page_cache_mib=64))
    yield server
    server.down()
    shutil.rmtree(server.home)


def test_a_refresh_whose_database_is_killed_is_mended_by_the_next(server: EmbeddedServer, tmp_path: Path) -> None:
    description = library.write(tmp_path, ROWS)

    def refresh(*options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "pipeline", "refresh", str(description), "--tune-seconds", "0", *options]
        environment = variables(server.up(), tmp_path / "home")
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill_when(refreshing: "subprocess.Popen[str]", asked: str, away_s: float = 0) -> str:
        until(refreshing, server.up(), lambda client: bool(ask(client, asked)))
        process = server.process()
        assert process is not None
        process.kill()
        assert wait_until_gone(process, PATIENCE_S)
        time.sleep(away_s)
        server.up()
        # It may have found the database again, or have given up: then it says what is wrong in a line, and what to do.
        _, complaint = refreshing.communicate(timeout=PATIENCE_S)
        assert refreshing.returncode == 0 or "error: " in complaint, complaint
        assert "Traceback" not in complaint
        return complaint

    kill_when(refresh(), "MATCH (loan:Loan) RETURN loan.id LIMIT 1")
    # Away for longer than the lease, which nobody else takes: the stage goes on.
    second = refresh("--force")
    complaint = kill_when(second, "MATCH (run:EmbeddingRun {status: 'staging'}) RETURN run.id LIMIT 1", away_s=EXPIRY_S + BEAT_S)
    assert second.returncode == 0, complaint
    last = refresh()
    _, complaint = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, complaint
    with GraphClient(server.up()) as client:
        assert sorted(ask(client, LOANS)[0]["rows"]) == sorted(ROWS.splitlines())
        runs = ask(
            client, "MATCH (run:EmbeddingRun) RETURN run.status AS status, 'embedding' + run.slot AS slot ORDER BY run.startedAt"
        )
        assert runs[-1]["status"] == "published"
        assert [run["status"] for run in runs].count("published") == 1
        missing = f"MATCH (book:Book) WHERE book.{runs[-1]['slot']} IS NULL RETURN count(book) AS books"
        assert ask(client, missing) == [{"books": 0}]


def until(process: "subprocess.Popen[str]", connection: Connection, look: Callable[[GraphClient], bool]) -> None:
    with GraphClient(connection) as client:
        while process.poll() is None and not look(client):
            time.sleep(0.01)
