"""An ingest, or a removal, of adopted nodes that is killed anywhere ends well when it is run again."""

import tempfile
from pathlib import Path

import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.ingest.ingest import ingest
from pipeline.removal.removal import remove
from tests.database import ask, change, expire
from tests.integration.existing.library import make, source, theirs, whole
from tests.integration.writers import Writer


def ingest_library(client: GraphClient, number: int, *, wait: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ingest(client, source(client, Path(folder)))


def remove_library(client: GraphClient, number: int, *, wait: bool) -> None:
    remove(client, "library", lambda: None)


def killed(client: GraphClient, connection: Connection, work: object, stop_at: int) -> None:
    writer = Writer(connection, work, 0, wait=False, stop_at=stop_at)  # type: ignore[arg-type]
    writer.until_stopped()
    writer.kill()
    expire(client, "library")


def entities(client: GraphClient) -> list[dict[str, object]]:
    return ask(
        client,
        "MATCH (e:Entity) RETURN [l IN labels(e) WHERE l STARTS WITH 'Learned'][0] AS label, e.id AS id, e.name AS name "
        "ORDER BY label, id",
    )


# Writes before rows: one that takes the lease, and those of the schema. Then, adopted nodes, relations, hyperedges, digests.
@pytest.mark.parametrize("stop_at", [14, 16, 18])
def test_an_ingest(client: GraphClient, connection: Connection, tmp_path: Path, stop_at: int) -> None:
    make(client)
    before, their_before = whole(client), theirs(client)
    killed(client, connection, ingest_library, stop_at)
    assert theirs(client) == their_before
    ingest(client, source(client, tmp_path))
    assert len(entities(client)) == 50
    assert ask(client, "MATCH (h:LearnedWriting)-[:MEMBER]->(:Entity) RETURN count(*) AS n")[0]["n"] == 120
    assert ingest(client, source(client, tmp_path)).recognised
    # Keys that change are released before anything else is written.
    change(client, "MATCH (b:Book {isbn: 'b0'}) SET b.isbn = 'zero'")
    killed(client, connection, ingest_library, 4)
    ingest(client, source(client, tmp_path))
    assert {"label": "LearnedBook", "id": "zero", "name": "Book 0"} in entities(client)
    assert ingest(client, source(client, tmp_path)).recognised
    change(client, "MATCH (b:Book {isbn: 'zero'}) SET b.isbn = 'b0'")
    killed(client, connection, remove_library, stop_at - 4)
    remove(client, "library", lambda: None)
    assert whole(client) == before
