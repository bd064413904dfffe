"""One Prefect server for all tests of the flows, and an empty database that the environment names."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.source import catalogue
from tests import tiny


@pytest.fixture(scope="package")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module of the flow, with a Prefect server of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("HYPERLEARN_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")  # one test runs a task alone
        from prefect.testing.utilities import prefect_test_harness

        from flows import refresh

        with prefect_test_harness(server_startup_timeout=180):
            yield refresh


@pytest.fixture
def client(client: GraphClient, connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GraphClient:
    """A client of an empty database, which the environment names, with a data set that is small."""
    monkeypatch.setenv("NEO4J_URI", connection.uri)
    monkeypatch.setenv("NEO4J_USER", connection.user)
    monkeypatch.setenv("NEO4J_PASSWORD", connection.password)
    monkeypatch.setenv("NEO4J_DATABASE", connection.database)
    monkeypatch.setenv("HYPERLEARN_HOME", str(tmp_path))
    monkeypatch.setitem(catalogue._BUILT_IN, "tiny", lambda path: tiny.tables())
    return client
