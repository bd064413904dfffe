import numpy as np
import pytest

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import fit
from pipeline.train.problem.problem import Problem, build_problem
from pipeline.train.result.health import findings
from tests.unit.train.hypergraphs import coupled, random_factors


@pytest.fixture
def problem() -> Problem:
    return build_problem(coupled(), TrainingParameters())


def test_sound_factors_have_no_findings(problem: Problem) -> None:
    assert findings(problem, random_factors(problem.num_entities, 4)) == []


def test_dead_components_are_counted(problem: Problem) -> None:
    factors = random_factors(problem.num_entities, 6)
    factors["Bee"][:, [1, 4]] *= 1e-7  # Bee is in every type
    assert findings(problem, factors) == ["2 of 6 components are dead: they predict next to nothing in any hyperedge type"]


def test_a_component_that_one_type_needs_is_alive(problem: Problem) -> None:
    factors = random_factors(problem.num_entities, 6)
    factors["Dog"][:, 1] = 0  # Dog is in Quad alone
    assert findings(problem, factors) == []


def test_vectors_that_are_all_the_same_are_named(problem: Problem) -> None:
    factors = random_factors(problem.num_entities, 4)
    factors["Ant"][:] = factors["Ant"][0] * (1 + 1e-4 * np.arange(9)[:, None])
    [found] = findings(problem, factors)
    assert found.startswith("Ant has collapsed: its vectors are all the same")


def test_vectors_on_a_line_are_named(problem: Problem) -> None:
    factors = random_factors(problem.num_entities, 4)
    factors["Cat"][:] = np.outer(np.arange(1, 6), [1, -1, 2, 0.5])
    [found] = findings(problem, factors)
    assert found == "Cat has collapsed: its vectors differ along 1.0 directions of 4 only"


def test_a_ridge_that_nothing_survives_is_found_by_training() -> None:
    found = fit(coupled(1), TrainingParameters(ridge=1e4)).findings
    assert "the factors predict next to nothing of Trio: they are as good as zero" in found
