"""The life of one embedded server, told in order: each test begins where the one before has left it."""

import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import AuthError, Neo4jError

from pipeline.graph import process as processes
from pipeline.graph.configuration import LOOPBACK, NEO4J_VERSION, Memory
from pipeline.graph.connection import Connection
from pipeline.graph.home import State
from pipeline.graph.server import EmbeddedServer

SMALL = Memory(heap_mib=512, page_cache_mib=64)
_UP = """
import sys
from pathlib import Path
from pipeline.graph.configuration import Memory
from pipeline.graph.server import EmbeddedServer
print(EmbeddedServer(Path(sys.argv[1]), Path(sys.argv[2]), Memory(512, 64)).up().uri)
"""


@pytest.fixture(scope="module")
def server(download_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("server") / "hömé with space", download_cache, SMALL)
    yield server
    server.down()
    shutil.rmtree(server.home)


@pytest.fixture(scope="module")
def started(server: EmbeddedServer) -> Connection:
    """The server, started by two processes at once, which have ended.

    Its state says that it runs as a process which is somebody else's by now, and its ports are taken.
    """
    with ExitStack() as stack:
        bolt, http = (stack.enter_context(socket.create_server((LOOPBACK, 0))).getsockname()[1] for _ in range(2))
        server.folder.make()
        server.folder.remember(State(bolt, http, NEO4J_VERSION, pid=psutil.Process().pid))
        command = [sys.executable, "-c", _UP, str(server.home), str(server.cache)]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        uris = [child.communicate()[0].strip() for child in children]
    connection = server.running()
    assert connection is not None
    assert uris == [connection.uri, connection.uri]
    assert connection.uri != f"bolt://{LOOPBACK}:{bolt}"
    return connection


@pytest.fixture
def connection(server: EmbeddedServer, started: Connection) -> Connection:
    """The running server, whatever the test before did to it."""
    assert server.up() == started
    return started


def driver(connection: Connection) -> Driver:
    return GraphDatabase.driver(connection.uri, auth=(connection.user, connection.password))


def create(connection: Connection, name: str) -> None:
    with driver(connection) as opened:
        opened.execute_query("CREATE (:Kept {name: $name})", name=name, database_=connection.database)


def names(connection: Connection) -> set[str]:
    with driver(connection) as opened:
        records, _, _ = opened.execute_query("MATCH (n:Kept) RETURN n.name AS name", database_=connection.database)
        return {record["name"] for record in records}


def process_of(server: EmbeddedServer) -> psutil.Process:
    process = server.process()
    assert process is not None
    return process


@pytest.mark.usefixtures("started")
def test_two_that_start_it_at_once_have_started_one(server: EmbeddedServer) -> None:
    assert [each for each in psutil.process_iter() if processes.server(server.folder.path, each.pid)] == [process_of(server)]


def test_a_second_up_finds_it(server: EmbeddedServer, connection: Connection) -> None:
    before = process_of(server)
    assert server.up() == connection
    assert process_of(server) == before


@pytest.mark.usefixtures("connection")
def test_it_listens_on_loopback_only(server: EmbeddedServer) -> None:
    sockets = process_of(server).net_connections("inet")
    listening = {(each.laddr.ip, each.laddr.port) for each in sockets if each.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)}
    state = server.folder.state()
    assert state is not None
    assert {port for _, port in listening} == {state.bolt, state.http}
    assert {ip for ip, _ in listening} <= {LOOPBACK, f"::ffff:{LOOPBACK}"}


def test_only_the_generated_password_opens_it(connection: Connection) -> None:
    with (
        pytest.raises(AuthError),
        GraphDatabase.driver(connection.uri, auth=("neo4j", "neo4j")) as opened,
    ):
        opened.verify_connectivity()


def test_the_password_is_in_its_file_and_nowhere_else(server: EmbeddedServer, connection: Connection) -> None:
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.folder.password_file.stat().st_mode) == 0o600
    assert connection.password not in " ".join(process_of(server).cmdline())
    assert connection.password not in " ".join(process_of(server).environ().values())
    password = connection.password.encode()
    files = [path for path in server.home.rglob("*") if path.is_file() and path.stat().st_size]
    assert [path for path in files if password in path.read_bytes()] == [server.folder.password_file]


def test_it_serves_neo4j_browser(connection: Connection) -> None:
    assert connection.browser_url is not None
    with urllib.request.urlopen(connection.browser_url) as response:  # noqa: S310
        assert b"Neo4j Browser" in response.read()


@pytest.mark.usefixtures("connection")
def test_all_is_well(server: EmbeddedServer) -> None:
    findings = server.diagnose()
    assert [finding for finding in findings if not finding.ok and "memory" not in finding.what] == []
    assert "Neo4j answers at" in findings[-1].what


def test_what_was_committed_survives_a_kill(server: EmbeddedServer, connection: Connection) -> None:
    create(connection, "before the kill")
    process = process_of(server)
    process.send_signal(signal.SIGKILL)
    assert processes.wait_until_gone(process, 60)
    assert server.running() is None
    assert server.up() == connection
    assert names(connection) == {"before the kill"}


def test_what_was_committed_survives_a_stop(server: EmbeddedServer, connection: Connection) -> None:
    create(connection, "before the stop")
    process = process_of(server)
    assert server.down()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert server.running() is None
    assert not server.down()
    assert "Stopped." in (server.home / "logs/neo4j.log").read_text().splitlines()[-1]
    assert server.up() == connection
    assert names(connection) == {"before the kill", "before the stop"}


def test_a_database_that_cannot_go_on_is_started_anew(server: EmbeddedServer, connection: Connection) -> None:
    """As after a full disk: no file may grow, a commit fails, and from then on the server refuses everything."""
    create(connection, "before the disk was full")
    broken = process_of(server)
    _, most = broken.rlimit(psutil.RLIMIT_FSIZE)
    broken.rlimit(psutil.RLIMIT_FSIZE, (4096, most))
    for _ in range(2):
        with driver(connection) as opened, pytest.raises(Neo4jError):
            opened.execute_query("UNWIND range(1, 1000) AS n CREATE (:Lost {n: n})", database_=connection.database)
    assert server.up() == connection
    assert process_of(server) != broken
    assert names(connection) >= {"before the disk was full"}


def test_a_copy_of_its_folder_is_a_backup(server: EmbeddedServer, connection: Connection, tmp_path: Path) -> None:
    assert connection
    server.down()
    restored = EmbeddedServer(Path(shutil.copytree(server.home, tmp_path / "restored")), server.cache, SMALL)
    try:
        # Both at once: neither takes the other for itself.
        assert names(server.up()) == names(restored.up()) >= {"before the kill", "before the stop"}
    finally:
        restored.down()
        shutil.rmtree(restored.home)
