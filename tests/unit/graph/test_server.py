import os
import socket
import stat
from collections import namedtuple
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock
import psutil
import pytest

from pipeline.errors import EmbeddedServerError
from pipeline.graph import jars
from pipeline.graph import process as processes
from pipeline.graph import server as servers
from pipeline.graph.configuration import LOOPBACK, NEO4J_VERSION, Memory, Ports
from pipeline.graph.home import State
from pipeline.graph.server import EmbeddedServer, free_ports
from tests.unit.graph.fakes import DEAF, SLEEP, fake_command, fake_server


@pytest.fixture
def server(tmp_path: Path) -> EmbeddedServer:
    return EmbeddedServer(tmp_path / "home", tmp_path / "cache", Memory(512, 64))


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have `up` start a Python program in place of Java, without jars."""

    def install(program: str) -> None:
        def command(jars: Sequence[Path], home: Path, heap_mib: int) -> list[str]:
            return fake_command(home, program)

        monkeypatch.setattr(jars, "fetch_jars", lambda cache, progress: ())
        monkeypatch.setattr(processes, "java_command", command)

    return install


def remember(server: EmbeddedServer, version: str = NEO4J_VERSION, pid: int | None = None) -> None:
    server.folder.make()
    server.folder.remember(State(1234, 5678, version, pid))


def test_free_ports_are_the_wished_ones() -> None:
    with socket.create_server((LOOPBACK, 0)) as one, socket.create_server((LOOPBACK, 0)) as other:
        wished = Ports(one.getsockname()[1], other.getsockname()[1])
    assert free_ports(wished) == wished


def test_a_taken_port_is_replaced_and_the_other_one_kept() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, socket.create_server((LOOPBACK, 0)) as other:
        wished = Ports(taken.getsockname()[1], other.getsockname()[1])
        other.close()
        found = free_ports(wished)
    assert found.http == wished.http
    assert found.bolt not in (wished.bolt, wished.http)


def test_nothing_runs_where_nothing_was(server: EmbeddedServer) -> None:
    assert server.running() is None
    assert server.process() is None
    assert not server.down()
    assert not server.home.exists()


def test_a_stale_state_is_recognised(server: EmbeddedServer) -> None:
    remember(server, pid=os.getpid())
    assert server.process() is None
    assert server.running() is None
    assert not server.down()


def test_down_ends_the_server_of_this_home_only(server: EmbeddedServer, tmp_path: Path) -> None:
    remember(server)
    with fake_server(server.folder.path) as ours, fake_server(tmp_path / "other") as other:
        assert server.down()
        assert not processes.find(server.folder.path)
        assert other.status() != psutil.STATUS_ZOMBIE
        assert ours.status() == psutil.STATUS_ZOMBIE
    state = server.folder.state()
    assert state is not None
    assert state.pid is None


def test_down_says_so_when_the_server_does_not_end(server: EmbeddedServer) -> None:
    remember(server)
    with fake_server(server.folder.path, DEAF) as process:
        with pytest.raises(EmbeddedServerError, match="still runs") as caught:
            server.down(timeout_s=0)
        assert process.is_running()
    assert f"kill -9 {process.pid}" in caught.value.hint


def test_a_newer_store_is_refused_and_left_alone(server: EmbeddedServer) -> None:
    remember(server, version="2027.01.0")
    with pytest.raises(EmbeddedServerError, match=r"last used by Neo4j 2027\.01\.0, this is"):
        server.up()
    assert {path.name for path in server.home.iterdir()} == {"state.json", "lock"}


def test_an_older_store_goes_forward(server: EmbeddedServer, starts: Callable[[str], None]) -> None:
    remember(server, version="2025.01.0")
    starts("pass")
    with pytest.raises(EmbeddedServerError, match="ended while starting"):
        server.up()
    state = server.folder.state()
    assert state is not None
    assert state.version == NEO4J_VERSION


def test_a_full_disk_is_a_clear_error(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1, 1, 5 << 20))
    with pytest.raises(EmbeddedServerError, match="has 5 MiB free") as caught:
        server.up()
    assert "HYPERLEARN_HOME" in caught.value.hint


def test_a_home_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match="cannot be used: Not a directory"):
        EmbeddedServer(tmp_path / "file/home", tmp_path).up()


def test_a_command_that_holds_the_folder_for_long_is_a_clear_error(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_LOCK_TIMEOUT_S", 0)
    server.folder.make()
    with filelock.FileLock(server.folder.lock_file), pytest.raises(EmbeddedServerError, match="Another command"):
        server.up()


def test_a_server_that_ends_at_once_tells_its_last_words(server: EmbeddedServer, starts: Callable[[str], None]) -> None:
    starts("print('java.lang.OutOfMemoryError'); print('Caused by: something bad')")
    with pytest.raises(EmbeddedServerError, match="Caused by: something bad") as caught:
        server.up()
    assert "logs" in caught.value.hint
    assert server.process() is None


def test_a_store_that_another_process_holds_has_its_hint(server: EmbeddedServer, starts: Callable[[str], None]) -> None:
    starts("print('org.neo4j.io.locker.FileLockException: Lock file has been locked by another process')")
    with pytest.raises(EmbeddedServerError, match="FileLockException") as caught:
        server.up()
    assert "Another process" in caught.value.hint


def test_a_port_that_is_taken_meanwhile_is_tried_thrice(server: EmbeddedServer, starts: Callable[[str], None]) -> None:
    starts(f"open({str(server.home / 'starts')!r}, 'a').write('x'); print('Address 127.0.0.1:7474 is already in use, cannot bind')")
    with pytest.raises(EmbeddedServerError, match="already in use"):
        server.up()
    assert (server.home / "starts").read_text() == "xxx"


def test_a_server_that_does_not_answer_in_time_is_an_error_and_goes_on(
    server: EmbeddedServer, starts: Callable[[str], None]
) -> None:
    starts(SLEEP)
    with pytest.raises(EmbeddedServerError, match="takes no connections"):
        server.up(timeout_s=0.2)
    process = server.process()
    assert process is not None
    with pytest.raises(EmbeddedServerError, match=rf"process {process.pid}\) does not answer"):
        server.up(timeout_s=0.2)
    assert server.down()


def test_a_running_server_whose_state_is_lost_is_a_clear_error(server: EmbeddedServer) -> None:
    server.folder.make()
    with fake_server(server.folder.path) as process:
        with pytest.raises(EmbeddedServerError, match="and with it the ports"):
            server.up()
        assert server.running() is None
        assert server.down()
        assert process.status() == psutil.STATUS_ZOMBIE


def test_a_link_to_the_home_is_the_same_home(server: EmbeddedServer, tmp_path: Path) -> None:
    server.folder.make()
    (tmp_path / "link").symlink_to(server.home)
    with fake_server(server.folder.path) as process:
        assert EmbeddedServer(tmp_path / "link", tmp_path).process() == process


def test_the_home_is_private_from_the_start(server: EmbeddedServer, starts: Callable[[str], None]) -> None:
    starts("pass")
    with pytest.raises(EmbeddedServerError):
        server.up()
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
