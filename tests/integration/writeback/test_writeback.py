from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pipeline.domain.embeddings import Embeddings
from pipeline.errors import GraphStatementError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, change

DIM = 4


def embeddings(run: str, seed: int = 0, **changed: Any) -> Embeddings:
    random = np.random.default_rng(seed)
    ids = {label: sorted(table["id"]) for label, table in tiny.tables().entities.items()}
    factors: Mapping[str, Any] = {label: random.standard_normal((len(of), DIM)).astype(np.float32) for label, of in ids.items()}
    return Embeddings(run, "tiny", DIM, changed.get("ids", ids), changed.get("factors", factors), {}, {"seconds": 1.0})


def served_vectors(client: GraphClient, label: str) -> tuple[str, dict[str, list[float]]]:
    """The published run, and its vectors as a reader finds them."""
    ((run),) = ask(client, "MATCH (run:EmbeddingRun {status: 'published'}) RETURN run.id AS id, run.slot AS slot")
    rows = ask(client, f"MATCH (e:{label}) RETURN e.id AS id, e['embedding' + $slot] AS v", slot=run["slot"])
    return run["id"], {row["id"]: row["v"] for row in rows}


@pytest.fixture
def ingested(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    return client


def test_vectors_come_out_as_they_went_in(ingested: GraphClient) -> None:
    wrote = embeddings("run-1")
    assert write_back(ingested, wrote) == {"Film": 24, "Maker": 8, "Style": 2}
    for label, factor in wrote.factors.items():
        run, vectors = served_vectors(ingested, label)
        assert run == "run-1"
        for id_, vector in zip(wrote.ids[label], factor, strict=True):
            np.testing.assert_array_equal(np.array(vectors[id_], dtype=np.float32), vector)


def test_packed_vectors_are_stored_as_lists_are(ingested: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server before Bolt 6 knows no vectors: lists go there, and the store is the same."""
    write_back(ingested, embeddings("run-1"))
    monkeypatch.setattr(ingested, "_packs_vectors", False)
    write_back(ingested, embeddings("run-2"))
    rows = ask(
        ingested,
        "MATCH (e:Film) RETURN DISTINCT valueType(e.embeddingA) AS packed, valueType(e.embeddingB) AS listed, "
        "e.embeddingA = e.embeddingB AS same",
    )
    assert [(row["packed"].startswith("LIST<FLOAT"), row["packed"] == row["listed"], row["same"]) for row in rows] == [
        (True, True, True)
    ]


def test_the_next_run_takes_the_place_of_the_former(ingested: GraphClient) -> None:
    for number in range(1, 5):
        wrote = embeddings(f"run-{number}", seed=number)
        write_back(ingested, wrote)
        run, vectors = served_vectors(ingested, "Film")
        assert run == f"run-{number}"
        np.testing.assert_array_equal(np.array([vectors[i] for i in wrote.ids["Film"]], dtype=np.float32), wrote.factors["Film"])
    statuses = ask(ingested, "MATCH (run:EmbeddingRun) RETURN run.id AS id, run.status AS status ORDER BY id")
    assert [row["status"] for row in statuses] == ["superseded", "superseded", "superseded", "published"]
    assert len(ask(ingested, "SHOW VECTOR INDEXES YIELD name RETURN name")) == 6


@pytest.mark.parametrize("statement", ["writeback/write_vectors", "schema/vector_index", "writeback/publish_run"])
def test_a_write_back_that_dies_leaves_the_former_run_served(
    ingested: GraphClient, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    first = embeddings("run-1")
    write_back(ingested, first)
    before = served_vectors(ingested, "Maker")
    runs = {"write": GraphClient.write, "change_schema": GraphClient.change_schema}

    def dying(name: str) -> Any:
        def run(self: GraphClient, asked: Statement, **parameters: Any) -> Any:
            if asked.name == statement and "Style" in asked.text + str(parameters.get("id", "Style")):
                raise GraphStatementError("died")
            return runs[name](self, asked, **parameters)

        return run

    with monkeypatch.context() as patch:
        for name in runs:
            patch.setattr(GraphClient, name, dying(name))
        with pytest.raises(GraphStatementError, match="died"):
            write_back(ingested, embeddings("run-2 Style", seed=2))
    assert served_vectors(ingested, "Maker") == before
    third = embeddings("run-3", seed=3)
    write_back(ingested, third)
    run, vectors = served_vectors(ingested, "Maker")
    assert run == "run-3"
    np.testing.assert_array_equal(np.array([vectors[i] for i in third.ids["Maker"]], dtype=np.float32), third.factors["Maker"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_a_vector_that_no_index_would_take_is_refused(ingested: GraphClient, bad: float) -> None:
    factors = dict(embeddings("run-1").factors)
    factors["Maker"][3] = bad
    with pytest.raises(WriteBackError, match=r"Maker: 1 vector\(s\) .* the first is that of 'm3'"):
        write_back(ingested, embeddings("run-1", factors=factors))
    assert ask(ingested, "MATCH (run:EmbeddingRun) RETURN run") == []


def test_entities_that_came_or_went_since_the_export_are_noticed(ingested: GraphClient) -> None:
    change(ingested, "MATCH (m:Maker {id: 'm0'}) DETACH DELETE m")
    with pytest.raises(WriteBackError, match="Maker: of 8 vectors 7 were written, and 0 entities have none"):
        write_back(ingested, embeddings("run-1"))
    change(ingested, "CREATE (:Entity:Maker {id: 'm0'}), (:Entity:Maker {id: 'm9'})")
    with pytest.raises(WriteBackError, match="Maker: of 8 vectors 8 were written, and 1 entities have none"):
        write_back(ingested, embeddings("run-2"))


def test_a_run_is_written_once(ingested: GraphClient) -> None:
    write_back(ingested, embeddings("run-1"))
    with pytest.raises(WriteBackError, match="being served already"):
        write_back(ingested, embeddings("run-1"))


def test_a_data_set_that_is_not_there_is_named(client: GraphClient) -> None:
    with pytest.raises(WriteBackError, match="holds no data set tiny"):
        write_back(client, embeddings("run-1"))
