"""The whole of training against other people's code, and against itself as it was."""

import numpy as np
import pytest
import tensorly
from tensorly.decomposition import parafac

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import fit
from tests.unit.train.hypergraphs import dense_hypergraph, random_factors


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_one_tensor_without_graphs_is_decomposed_as_tensorly_does() -> None:
    """A full tensor of rank 3 and noise: both end at the same best fit of rank 3, with the same components."""
    counts = {"Ant": 9, "Bee": 8, "Cat": 7}
    planted = {label: np.abs(factor) for label, factor in random_factors(counts, 3, seed=5).items()}
    hypergraph = dense_hypergraph(planted, {"Trio": ("Ant", "Bee", "Cat")})
    edges = hypergraph.hyperedges["Trio"]
    edges.values_E[:] += np.random.default_rng(6).normal(0, 0.05, size=edges.num_hyperedges).astype(np.float32)
    tensor = np.zeros(tuple(counts.values()))
    tensor[tuple(edges.members_EK.T)] = edges.values_E
    weights, factors = parafac(tensorly.tensor(tensor), rank=3, n_iter_max=2000, tol=1e-12, init="svd", random_state=0)
    expected = np.square(tensor - tensorly.cp_to_tensor((weights, factors))).sum()
    parameters = TrainingParameters(
        embedding_dim=3, rounds=500, ridge=0, offsets=False, tolerance=1e-9, cg_iterations=30, start="svd"
    )
    found = fit(hypergraph, parameters)
    assert found.history[-1].losses.total == pytest.approx(expected, rel=1e-3)
    congruence = np.prod(
        [_unit(found.factors[label]).T @ _unit(factor) for label, factor in zip(("Ant", "Bee", "Cat"), factors, strict=True)],
        axis=0,
    )
    assert sorted(congruence.argmax(axis=1)) == [0, 1, 2]
    assert congruence.max(axis=1).min() > 0.999


def _unit(factor: np.ndarray) -> np.ndarray:
    return factor / np.linalg.norm(factor, axis=0)
