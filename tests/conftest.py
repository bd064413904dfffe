"""What all tests share: one server of each database a process of pytest."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.configuration import Memory
from pipeline.graph.connection import Connection
from pipeline.graph.server import EmbeddedServer
from tests.database import num_nodes, wipe
from tests.postgresql import PostgresqlServer, postgresql_server

SMALL = Memory(heap_mib=512, page_cache_mib=64)


def pytest_xdist_auto_num_workers() -> int:
    """As many processes as there are cores, at most four, each with servers of its own; one where all would share a database."""
    return 1 if os.environ.get("NEO4J_URI") else min(4, os.cpu_count() or 1)


@pytest.fixture(scope="session")
def download_cache() -> Path:
    """The user's own folder of downloads, so that the server's jars are fetched once and not once a session."""
    return Path(os.environ.get("HYPERLEARN_CACHE") or platformdirs.user_cache_path("hyperlearn"))


@pytest.fixture(scope="session")
def connection(download_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A database: that of ``NEO4J_URI``, or a server of the session's own under a temporary folder."""
    if uri := os.environ.get("NEO4J_URI"):
        user = os.environ.get("NEO4J_USER") or os.environ.get("NEO4J_USERNAME") or "neo4j"
        yield Connection(uri, user, os.environ["NEO4J_PASSWORD"], os.environ.get("NEO4J_DATABASE") or "neo4j")
        return
    home = tmp_path_factory.mktemp("neo4j")
    server = EmbeddedServer(home, download_cache, SMALL)
    try:
        yield server.up()
    finally:
        server.down()
        shutil.rmtree(home)  # 130 MB that pytest would keep for three sessions


@pytest.fixture(scope="session")
def shared_client(connection: Connection) -> Iterator[GraphClient]:
    """A client of that database, which must be empty: tests remove all that they find."""
    with GraphClient(connection) as client:
        if num_nodes(client):
            pytest.exit(f"the database at {connection.uri} is not empty: the tests would remove its content", returncode=3)
        yield client
        wipe(client)


@pytest.fixture
def client(shared_client: GraphClient) -> GraphClient:
    """A client of an empty database."""
    wipe(shared_client)
    return shared_client


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL of the session's own."""
    with postgresql_server() as server:
        yield server
