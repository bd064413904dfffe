import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.problem import build_problem
from pipeline.train.result.scaling import balance_columns, fill_zero_rows
from tests.unit.train.hypergraphs import coupled, random_factors
from tests.unit.train.test_fit import dense_hypergraph


@settings(deadline=None)
@given(st.integers(0, 99))
def test_balancing_changes_no_prediction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = build_problem(coupled(), TrainingParameters())
    factors = {label: f * rng.lognormal(0, 2, 4).astype(np.float32) for label, f in random_factors(problem.num_entities, 4).items()}
    balanced = balance_columns(problem, factors)
    for term in problem.terms:
        before, after = (
            np.prod([each[m][term.hyperedges.members_EK[:, k]] for k, m in enumerate(term.modalities)], axis=0)
            for each in (factors, balanced)
        )
        np.testing.assert_allclose(after, before, rtol=1e-4)


def test_where_one_type_holds_all_modalities_columns_become_equally_large() -> None:
    factors = random_factors({"Ant": 6, "Bee": 5, "Cat": 4}, 3)
    problem = build_problem(dense_hypergraph(factors, {"Trio": ("Ant", "Bee", "Cat")}), TrainingParameters())
    skewed = {"Ant": factors["Ant"] * 100, "Bee": factors["Bee"] * 0.1, "Cat": factors["Cat"] * np.float32([1, 10, 100])}
    sizes = [np.sqrt((factor**2).mean(axis=0)) for factor in balance_columns(problem, skewed).values()]
    for left, right in itertools.pairwise(sizes):
        np.testing.assert_allclose(left, right, rtol=1e-5)


def test_a_dead_component_is_left_alone() -> None:
    factors = random_factors({"Ant": 6, "Bee": 5, "Cat": 4}, 3)
    factors["Bee"][:, 1] = 0
    problem = build_problem(dense_hypergraph(factors, {"Trio": ("Ant", "Bee", "Cat")}), TrainingParameters())
    balanced = balance_columns(problem, factors)
    assert all(np.array_equal(balanced[label][:, 1], factor[:, 1]) for label, factor in factors.items())


def test_zero_rows_get_the_mean_of_the_others_each_a_little_beside_it() -> None:
    given = {"Ant": np.float32([[1, 3], [0, 0], [3, 5], [0, 0]]), "Bee": np.float32([[1, 0], [-1, 0], [0, 0]])}
    filled, counts = fill_zero_rows(given)
    assert counts == {"Ant": 2, "Bee": 1}
    assert filled["Ant"][[0, 2]].tolist() == [[1, 3], [3, 5]]
    for row, mean in ((filled["Ant"][1], [2, 4]), (filled["Ant"][3], [2, 4]), (filled["Bee"][2], [0.5**0.5, 0.5**0.5])):
        assert np.linalg.norm(row - mean) == pytest.approx(0.02 * np.linalg.norm(mean), rel=1e-4)
    assert filled["Ant"][1].tolist() != filled["Ant"][3].tolist()
    assert given["Ant"][1].tolist() == [0, 0]
    again, _ = fill_zero_rows(given)
    assert all(np.array_equal(again[label], factor) for label, factor in filled.items())
