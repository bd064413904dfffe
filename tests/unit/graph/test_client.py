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
from pipeline.graph.statement import load

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


class Session:
    """Raises one error after the other, then does what it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute_write(self, work: object) -> None:
        if self.errors:
            raise self.errors.pop(0)


OVERDUE = [
    of_server("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"),
    of_server("Neo.ClientError.Transaction.TransactionTimedOut"),
]


def change_schema(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    monkeypatch.setattr(client, "SCHEMA_PAUSE_S", 0.0)
    monkeypatch.setattr(GraphClient, "_session", lambda _: session)
    graph = GraphClient(CONNECTION)
    try:
        graph.change_schema(load("schema/dataset_name"))
    finally:
        graph.__exit__(None, None, None)


def test_a_change_of_the_schema_that_takes_a_busy_server_too_long_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(*OVERDUE)
    change_schema(monkeypatch, session)
    assert session.errors == []


def test_one_that_always_does_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SCHEMA_PATIENCE_S", 0.0)
    with pytest.raises(GraphUnavailableError, match=r"schema/dataset_name: the server has not done it within 10 s") as caught:
        change_schema(monkeypatch, Session(*OVERDUE))
    assert caught.value.retryable


def test_any_other_error_of_a_change_of_the_schema_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(of_server("Neo.ClientError.Statement.SyntaxError"))
    with pytest.raises(GraphStatementError):
        change_schema(monkeypatch, session)
