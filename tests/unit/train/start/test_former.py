from dataclasses import replace

import numpy as np

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import fit
from pipeline.train.start.former import former_vectors, similarity_to_former, turn_towards
from tests.unit.train.hypergraphs import coupled

FORMER = Embeddings("run-1", "tiny", 2, {"Film": ["b", "a"]}, {"Film": np.array([[1, 2], [3, 4]], np.float32)}, {}, {})


def test_former_vectors_are_found_by_id() -> None:
    found = former_vectors(FORMER, {"Film": ["a", "b", "c"], "Maker": ["m"]})
    np.testing.assert_array_equal(found["Film"], [[3, 4], [1, 2], [0, 0]])
    np.testing.assert_array_equal(found["Maker"], [[0, 0]])


def test_a_start_keeps_its_length_and_zero_stays() -> None:
    start = np.array([[0, 0.5], [0, 0], [0.1, 0.2]], np.float32)
    turn_towards(start, np.array([[3, 4], [1, 1], [0, 0]], np.float32))
    np.testing.assert_allclose(start, np.array([[0.3, 0.4], [0, 0], [0.1, 0.2]], np.float32), rtol=1e-6)


def test_a_run_that_starts_towards_another_stays_nearer_to_it_than_one_of_its_own() -> None:
    hypergraph = coupled(num=60, presence=True)
    parameters = TrainingParameters(embedding_dim=16, rounds=5, validation=0.0)
    former = fit(hypergraph, parameters, threads=1).factors
    other = replace(parameters, seed=1)
    alone, near = (
        similarity_to_former(fit(hypergraph, other, former=given, threads=1).factors, former) for given in (None, former)
    )
    assert alone.keys() == near.keys() == former.keys()
    assert np.mean(list(near.values())) > np.mean(list(alone.values())) + 0.2


def test_similarity_leaves_out_whom_only_one_run_has() -> None:
    now = {"Film": np.array([[1, 0], [0, 1], [1, 1]], np.float32), "Maker": np.ones((1, 2), np.float32)}
    then = {"Film": np.array([[2, 0], [1, 0], [0, 0]], np.float32), "Maker": np.zeros((1, 2), np.float32)}
    assert similarity_to_former(now, then) == {"Film": 0.5}


def test_vectors_of_another_length_are_passed_over() -> None:
    hypergraph, parameters = coupled(num=60, presence=True), TrainingParameters(embedding_dim=8, rounds=2, validation=0.0)
    other = fit(hypergraph, replace(parameters, embedding_dim=6), threads=1).factors
    alone, towards = (fit(hypergraph, parameters, former=given, threads=1).factors for given in (None, other))
    assert all(np.array_equal(alone[label], towards[label]) for label in alone)
    assert similarity_to_former(alone, other) == {}
