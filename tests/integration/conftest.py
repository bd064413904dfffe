from collections.abc import Iterator

import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from tests.database import num_nodes, wipe


@pytest.fixture(scope="session")
def shared_client(connection: Connection) -> Iterator[GraphClient]:
    """A client of the session's server, which must be empty: tests remove all that they find."""
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
