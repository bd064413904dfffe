import os
import socket
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from pipeline.errors import EmbeddedServerError
from pipeline.graph import process as processes
from tests.unit.graph.fakes import SLEEP, fake_command, fake_server, running


@pytest.fixture
def neo4j_jar(tmp_path: Path) -> Path:
    path = tmp_path / "org/neo4j/neo4j/1.0/neo4j-1.0.jar"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/services/org.neo4j.server.startup.EntryPoint", "org.example.Main\n")
    return path


def test_the_command_line_names_folders_memory_and_main_class(neo4j_jar: Path, tmp_path: Path) -> None:
    other = tmp_path / "org/neo4j/neo4j-io/1.0/neo4j-io-1.0.jar"
    command = processes.java_command([other, neo4j_jar], tmp_path, 1024)
    assert command[-3:] == ["org.example.Main", f"--home-dir={tmp_path}", f"--config-dir={tmp_path}/conf"]
    assert f"{other}:{neo4j_jar}" in command
    assert "-Xmx1024m" in command


def test_jars_without_neo4j_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="Neo4j itself"):
        processes.main_class([tmp_path / "other-1.0.jar"])


def test_finds_the_server_with_and_without_its_id(tmp_path: Path) -> None:
    with fake_server(tmp_path) as process:
        assert processes.find(tmp_path, process.pid) == process
        assert processes.find(tmp_path) == process
        assert processes.find(tmp_path, os.getpid()) == process
        assert processes.find(tmp_path / "other") is None
    assert processes.find(tmp_path, process.pid) is None


def test_an_id_that_was_given_to_somebody_else_is_not_the_server(tmp_path: Path) -> None:
    with running([sys.executable, "-c", SLEEP]) as somebody:
        assert processes.server(tmp_path, somebody.pid) is None
        assert processes.find(tmp_path, somebody.pid) is None


def test_a_server_that_ended_is_not_found_though_its_parent_did_not_look(tmp_path: Path) -> None:
    with fake_server(tmp_path) as process:
        process.kill()
        assert processes.wait_until_gone(process, 60)
        assert processes.find(tmp_path, process.pid) is None


def test_waiting_for_a_server_that_goes_on_ends(tmp_path: Path) -> None:
    with fake_server(tmp_path) as process:
        assert not processes.wait_until_gone(process, 0)


def test_a_started_process_is_not_ours_and_writes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = "import os, sys, time; print(os.getcwd(), flush=True); print(os.environ['LC_ALL'], file=sys.stderr); time.sleep(600)"
    pid = processes.start(fake_command(tmp_path, program), tmp_path, log)
    process = psutil.Process(pid)
    try:
        while len(log.read_text().splitlines()) < 2:
            assert process.is_running()
        assert log.read_text().splitlines() == [str(tmp_path), "C.UTF-8"]
        assert log.stat().st_mode & 0o777 == 0o600
        assert process not in psutil.Process().children(recursive=True)
        assert os.getsid(pid) != os.getsid(0)
    finally:
        process.kill()


def test_only_the_process_itself_counts_as_listening(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, fake_server(tmp_path) as other:
        port = listener.getsockname()[1]
        assert processes.listens(psutil.Process(), [port])
        assert not processes.listens(psutil.Process(), [port, 1])
        assert not processes.listens(other, [port])
