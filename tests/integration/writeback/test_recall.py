from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.query.served import published
from pipeline.writeback.recall import index_recall
from pipeline.writeback.rollback import rollback
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import change

FILMS = 800  # four times as many as the index is asked for


def embeddings(run: str, seed: int) -> Embeddings:
    ids = {label: sorted(table["id"]) for label, table in tiny.tables(FILMS).entities.items()}
    random = np.random.default_rng(seed)
    factors = {label: random.standard_normal((len(of), 8)).astype(np.float32) for label, of in ids.items()}
    return Embeddings(run, "tiny", 8, ids, factors, {}, {})


@pytest.fixture
def written(client: GraphClient) -> tuple[GraphClient, Embeddings]:
    ingest(client, tiny.tables(FILMS))
    wrote = embeddings("run-1", seed=1)
    write_back(client, wrote)
    return client, wrote


def test_a_run_says_what_its_indexes_find(written: tuple[GraphClient, Embeddings]) -> None:
    client, _ = written
    recall = published(client, "Film")[1].recall
    assert recall.keys() == {"Film", "Maker", "Style"}
    assert recall["Film"] > 0.95
    assert recall["Maker"] == recall["Style"] == 1  # fewer than the candidates: all are found


def test_an_index_that_finds_others_is_told(written: tuple[GraphClient, Embeddings]) -> None:
    """The same index beside other vectors: the true nearest are among the candidates by chance alone, a quarter of them."""
    client, wrote = written
    others = replace(wrote, factors={label: factor[::-1].copy() for label, factor in wrote.factors.items()})
    found = index_recall(client, others, "Film", "A")
    assert found is not None
    assert 0.05 < found < 0.6


def test_equal_vectors_are_as_near_as_each_other(written: tuple[GraphClient, Embeddings]) -> None:
    """Whichever of them the index gives is right."""
    client, wrote = written
    same = replace(wrote, factors={label: np.ones_like(factor) for label, factor in wrote.factors.items()})
    assert index_recall(client, same, "Film", "A") == 1


def test_entities_that_came_or_went_count_for_nothing(written: tuple[GraphClient, Embeddings]) -> None:
    client, wrote = written
    change(client, "MATCH (f:Film) WHERE toInteger(substring(f.id, 1)) >= 400 DETACH DELETE f")
    found = index_recall(client, wrote, "Film", "A")
    assert found is not None
    assert found < 0.9  # half of the nearest are gone
    change(client, "MATCH (f:Film) DETACH DELETE f")
    assert index_recall(client, wrote, "Film", "A") is None


def test_a_run_that_is_served_again_from_its_slot_keeps_what_it_said(
    written: tuple[GraphClient, Embeddings], tmp_path_factory: pytest.TempPathFactory
) -> None:
    client, _ = written
    before = published(client, "Film")[1].recall
    write_back(client, embeddings("run-2", seed=2))
    rollback(client, "tiny", tmp_path_factory.mktemp("runs"))
    modality, run = published(client, "Film")
    assert (modality.label, run.id, run.recall) == ("Film", "run-1", before)
