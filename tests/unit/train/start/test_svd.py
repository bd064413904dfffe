from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.hypergraph import HyperedgeList
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.problem import build_problem
from pipeline.train.start.svd import singular_vectors, weighed
from tests.unit.train.hypergraphs import coupled


def dense_unfolding(edges: HyperedgeList, position: int, counts: dict[str, int]) -> np.ndarray:
    tensor = np.zeros([counts[label] for label in edges.modalities])
    tensor[tuple(edges.members_EK.T)] = edges.values_E
    return np.moveaxis(tensor, position, 0).reshape(tensor.shape[position], -1)


def test_they_span_what_the_dense_unfoldings_leading_vectors_span() -> None:
    hypergraph = coupled(1)
    problem = build_problem(hypergraph, TrainingParameters(offsets=False))
    counts = dict(hypergraph.num_entities)
    weights = {"Trio": 1, "Twins": 0.5, "Quad": 1}
    positions = [("Trio", 0), ("Twins", 1), ("Twins", 2), ("Quad", 0)]
    side_by_side = [np.sqrt(weights[t]) * dense_unfolding(hypergraph.hyperedges[t], k, counts) for t, k in positions]
    left, _, _ = np.linalg.svd(np.concatenate(side_by_side, axis=1))
    found = singular_vectors(problem, "Ant", {}, 3, seed=0) / np.sqrt(counts["Ant"])
    np.testing.assert_allclose(found @ found.T, left[:, :3] @ left[:, :3].T, atol=1e-5)


def test_a_modality_with_less_than_that_is_filled_up() -> None:
    problem = build_problem(coupled(1), TrainingParameters(offsets=False))
    found = singular_vectors(problem, "Dog", {}, 8, seed=0)
    assert found.shape == (3, 8)
    assert np.isfinite(found).all()
    assert found.any(axis=0).all()


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_of_a_whole_matrix_they_are_the_best_approximation(dim: int) -> None:
    """Eckart and Young: where all cells count, the weighed start is the truncated SVD itself."""
    hypergraph = coupled(2)
    pair = hypergraph.dataset.hyperedge_types[2]
    only = replace(
        hypergraph,
        dataset=replace(hypergraph.dataset, hyperedge_types=(pair,), graphs=()),
        hyperedges={"Pair": hypergraph.hyperedges["Pair"]},
        graphs={},
    )
    problem = build_problem(only, TrainingParameters(absent_weights={"Pair": 1.0}, absent_popularity=None))
    vectors = {label: singular_vectors(problem, label, {}, dim, seed=1) for label in problem.labels}
    found = weighed(problem, vectors, {})
    dense = dense_unfolding(hypergraph.hyperedges["Pair"], 0, dict(hypergraph.num_entities))
    left, values, right = np.linalg.svd(dense)
    best = left[:, :dim] * values[:dim] @ right[:dim]
    np.testing.assert_allclose(found["Cat"] @ found["Bee"].T, best, atol=5e-3 * np.abs(best).max())
