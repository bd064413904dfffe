import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.train.fit import fit
from pipeline.train.parameters import TrainingParameters
from pipeline.train.problem import build_problem
from tests.unit.train.hypergraphs import coupled, dense_loss, double

NONNEGATIVE = TrainingParameters(embedding_dim=3, rounds=30, tolerance=0, nonnegative=True, cg_iterations=20, ridge=0.1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.booleans(), st.integers(1, 20))
def test_no_factor_is_negative_and_the_objective_never_rises(seed: int, presence: bool, iterations: int) -> None:
    parameters = TrainingParameters(
        embedding_dim=3, rounds=8, tolerance=0, nonnegative=True, cg_iterations=iterations, start="svd", seed=seed
    )
    result = fit(coupled(seed, presence=presence), parameters, threads=1)
    assert all((factor >= 0).all() for factor in result.factors.values())
    totals = [done.losses.total for done in result.history]
    assert all(after <= before * (1 + 1e-5) + 1e-4 for before, after in itertools.pairwise(totals))


def test_it_ends_where_no_allowed_step_leads_down() -> None:
    """Karush, Kuhn and Tucker: the gradient vanishes where a number is above zero and points up where it is zero."""
    hypergraph = coupled(3, presence=True)
    parameters = TrainingParameters(
        embedding_dim=2, rounds=400, tolerance=0, nonnegative=True, cg_iterations=40, ridge=0.5, absent_popularity=None
    )
    problem = build_problem(hypergraph, parameters)
    result = fit(hypergraph, parameters)
    held = {label: factor.copy() for label, factor in result.factors.items()}
    for factor in held.values():
        factor[-1] = 0  # the entity that nothing ties got the mean vector
    tensors = double(held)
    dense_loss(problem, tensors).backward()  # type: ignore[no-untyped-call]
    scale = float(dense_loss(problem, double({label: 0 * factor for label, factor in held.items()})).detach())
    for label in ("Ant", "Bee", "Cat"):
        gradient = tensors[label].grad
        assert gradient is not None
        assert np.abs(np.minimum(held[label], gradient.numpy())).max() < 1e-2 * scale


def test_the_recurrent_update_keeps_to_it() -> None:
    parameters = TrainingParameters(
        embedding_dim=3, rounds=5, nonnegative=True, update="recurrent", start="svd", learning_rate=1e-3
    )
    result = fit(coupled(1), parameters)
    assert all((factor >= 0).all() for factor in result.factors.values())
    assert result.history[-1].losses.total < result.history[0].losses.total


def test_a_start_below_zero_is_cut_off() -> None:
    hypergraph = coupled(1, presence=True)
    start = {label: np.full((count, 3), -1, np.float32) for label, count in hypergraph.num_entities.items()}
    assert all((factor >= 0).all() for factor in fit(hypergraph, NONNEGATIVE, start=start).factors.values())
