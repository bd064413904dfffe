"""A change of the schema beside a reader that takes its time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import neo4j
import pytest

from pipeline.errors import GraphUnavailableError
from pipeline.graph import client as module
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import create_vector_index, drop_vector_index
from tests.database import ask, change

INDEXES = "SHOW VECTOR INDEXES YIELD name RETURN name"
READ = "MATCH (film:Film) RETURN count(film) AS films"


@pytest.fixture
def films(client: GraphClient) -> GraphClient:
    change(client, "UNWIND range(1, 9) AS number CREATE (:Film {embeddingA: [1.0, number]})")
    create_vector_index(client, "Film", "A", 2)
    return client


@contextmanager
def slow_reader(client: GraphClient) -> Iterator[None]:
    """Somebody who has asked the index, and leaves the transaction open."""
    connection = client.connection
    with (
        neo4j.GraphDatabase.driver(connection.uri, auth=(connection.user, connection.password)) as driver,
        driver.session(database=connection.database) as session,
        session.begin_transaction() as transaction,
    ):
        transaction.run(
            "MATCH (film:Film) CALL db.index.vector.queryNodes('film_embedding_a', 3, [1.0, 2.0]) YIELD node RETURN 1"
        ).consume()
        yield


def test_readers_do_not_wait_behind_one_that_waits_for_a_slow_reader(films: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCHEMA_BLOCKED_S", 0.2)
    monkeypatch.setattr(module, "SCHEMA_PAUSE_S", 0.2)
    dropping = threading.Thread(target=drop_vector_index, args=(films, "Film", "A"))
    with slow_reader(films):
        dropping.start()
        for number in range(10):
            # A text that is not planned yet needs what the change holds.
            assert ask(films, f"{READ}, {number} AS number") == [{"films": 9, "number": number}]
        assert dropping.is_alive()
        assert ask(films, INDEXES) == [{"name": "film_embedding_a"}]
    dropping.join()
    assert ask(films, INDEXES) == []


def test_a_reader_that_never_ends_is_told_of(films: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCHEMA_BLOCKED_S", 0.2)
    monkeypatch.setattr(module, "SCHEMA_PATIENCE_S", 0.0)
    with (
        slow_reader(films),
        pytest.raises(GraphUnavailableError, match=r"in its way for 0 s: Blocked by: \[\w+-transaction-\d+\]") as told,
    ):
        drop_vector_index(films, "Film", "A")
    assert "SHOW TRANSACTIONS" in told.value.hint
    assert ask(films, INDEXES) == [{"name": "film_embedding_a"}]
