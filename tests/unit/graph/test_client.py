import socket

import pytest
from neo4j import exceptions

from pipeline.errors import (
    ConfigurationError,
    GraphAccessError,
    GraphError,
    GraphSchemaError,
    GraphStatementError,
    GraphStorageError,
    GraphUnavailableError,
)
from pipeline.graph import client
from pipeline.graph.client import GraphClient, _check_version, _errors_of
from pipeline.graph.connection import Connection

CONNECTION = Connection("bolt://127.0.0.1:7687", "neo4j", "secret")


def of_server(code: str) -> exceptions.Neo4jError:
    """What the driver makes of the server's answer."""
    return exceptions.Neo4jError._hydrate_neo4j(code=code, message="what the server says")


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (of_server("Neo.ClientError.Security.Unauthorized"), GraphAccessError),
        (of_server("Neo.ClientError.Security.Forbidden"), GraphAccessError),
        (of_server("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase"), GraphAccessError),
        (of_server("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase"), GraphAccessError),
        (of_server("Neo.DatabaseError.Transaction.TransactionLogError"), GraphStorageError),
        (of_server("Neo.DatabaseError.Transaction.TransactionStartFailed"), GraphStorageError),
        (of_server("Neo.TransientError.General.DatabaseUnavailable"), GraphUnavailableError),
        (of_server("Neo.TransientError.Transaction.DeadlockDetected"), GraphUnavailableError),
        (of_server("Neo.ClientError.Schema.ConstraintValidationFailed"), GraphSchemaError),
        (of_server("Neo.ClientError.Statement.SyntaxError"), GraphStatementError),
        (exceptions.ServiceUnavailable("nobody there"), GraphUnavailableError),
        (exceptions.SessionExpired("gone"), GraphUnavailableError),
        (exceptions.DriverError("anything else"), GraphUnavailableError),
    ],
)
def test_the_driver_s_errors_become_ours_and_tell_no_secret(error: Exception, ours: type[GraphError]) -> None:
    with pytest.raises(ours) as caught, _errors_of(CONNECTION, "ingest/write_entities"):
        raise error
    assert type(caught.value) is ours
    assert "secret" not in str(caught.value) + caught.value.hint
    assert ours is GraphStatementError or ours is GraphSchemaError or isinstance(error, exceptions.DriverError) or caught.value.hint


@pytest.mark.parametrize("agent", ["Neo4j/5.26.0", "Neo4j/5.26.30", "Neo4j/2025.01.0", "Neo4j/2026.08.1", "Neo4j/2026.09-SNAPSHOT"])
def test_versions_that_do(agent: str) -> None:
    _check_version(agent, CONNECTION)


@pytest.mark.parametrize("agent", ["Neo4j/4.4.30", "Neo4j/5.25.1", "Neo4j/v5.11.0 compatible graph database server - Memgraph", ""])
def test_servers_that_are_too_old_or_no_neo4j_are_refused(agent: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Neo4j 5.26 or newer is needed"):
        _check_version(agent, CONNECTION)


def test_a_server_that_takes_connections_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"bolt://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(GraphUnavailableError, match=rf"Neo4j at {uri} does not answer") as caught:
            GraphClient(Connection(uri, "neo4j", "secret")).__enter__()
    assert "\n" not in str(caught.value)
    assert "NEO4J_URI" in caught.value.hint
