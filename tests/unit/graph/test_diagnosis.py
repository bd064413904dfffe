import os
import socket
from pathlib import Path

import pytest

from pipeline.graph.configuration import LOOPBACK, Memory, Ports
from pipeline.graph.home import State
from pipeline.graph.server import EmbeddedServer
from tests.unit.graph.fakes import fake_server

MEMORY = Memory(512, 64)


@pytest.fixture
def server(tmp_path: Path) -> EmbeddedServer:
    return EmbeddedServer(tmp_path / "home", tmp_path / "cache", MEMORY)


@pytest.fixture
def used(server: EmbeddedServer) -> EmbeddedServer:
    """A server whose folder is prepared."""
    server.folder.make()
    server.folder.prepare(Ports(), MEMORY)
    return server


def problems(server: EmbeddedServer) -> list[str]:
    findings = server.diagnose()
    assert all(finding.mend for finding in findings if not finding.ok)
    return [finding.what for finding in findings if not finding.ok]


def facts(server: EmbeddedServer) -> str:
    return "\n".join(finding.what for finding in server.diagnose())


def test_before_the_first_start_all_is_well_and_nothing_is_made(server: EmbeddedServer) -> None:
    assert problems(server) == []
    assert "not fetched yet" in facts(server)
    assert not server.home.exists()
    assert not server.cache.exists()


def test_a_folder_or_password_that_others_read_is_a_problem(used: EmbeddedServer) -> None:
    assert problems(used) == []
    used.home.chmod(0o755)
    used.folder.password_file.chmod(0o644)
    assert [what.split(" has ")[1] for what in problems(used)] == [
        "the mode 755, so others may read it",
        "the mode 644, so others may read it",
    ]


def test_a_lost_password_is_a_problem(used: EmbeddedServer) -> None:
    (used.home / "data/databases/system").mkdir(parents=True)
    used.folder.password_file.unlink()
    assert problems(used) == [f"{used.folder.password_file}: No such file or directory"]


def test_too_little_memory_is_a_problem(tmp_path: Path) -> None:
    [problem] = problems(EmbeddedServer(tmp_path / "home", tmp_path / "cache", Memory(1 << 30, 64)))
    assert "MiB of memory are available" in problem


def test_a_server_that_was_killed_is_told(used: EmbeddedServer) -> None:
    used.folder.remember(State(1234, 5678, "2026.08.1", os.getpid()))
    assert problems(used) == []
    assert "ended without a clean stop" in facts(used)


def test_a_taken_port_is_told(used: EmbeddedServer) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        used.folder.remember(State(port, 1, "2026.08.1"))
        assert f"Port {port} is taken" in facts(used)


def test_a_server_that_does_not_answer_is_a_problem(used: EmbeddedServer) -> None:
    used.folder.remember(State(1, 2, "2026.08.1"))
    with fake_server(used.folder.path) as process:
        assert problems(used) == [f"Neo4j runs (process {process.pid}) but we cannot connect to it"]
