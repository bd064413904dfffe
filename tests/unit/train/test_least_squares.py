from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import Fit, fit
from pipeline.train.problem.offsets import fit_offsets
from tests.unit.train.workers import fit_on_threads

SMALL = TrainingParameters(embedding_dim=8, rounds=20)
TWO = [["Ant"], ["Bee", "Cat"]]


def table(product: float, noise: float, unit: float = 1.0, seed: int = 0, count: int = 400) -> Hypergraph:
    """Values of three members: offsets, a product of what they are, and noise."""
    random = np.random.default_rng(seed)
    counts = {"Ant": 12, "Bee": 10, "Cat": 6}
    cells = random.choice(12 * 10 * 6, size=count, replace=False)
    members_EK = np.stack(np.unravel_index(cells, tuple(counts.values())), axis=1).astype(np.int64)
    own = [random.normal(size=(2, number)) for number in counts.values()]
    offsets_E, product_E = np.zeros(count), np.ones(count)
    for (offset_N, factor_N), rows_E in zip(own, members_EK.T, strict=True):
        offsets_E += offset_N[rows_E]
        product_E *= factor_N[rows_E]
    values_E = unit * (5 + offsets_E + product * product_E + noise * random.normal(size=count))
    dataset = Dataset("table", tuple(map(Modality, counts)), (HyperedgeType("Trio", tuple(counts)),))
    return Hypergraph(dataset, counts, {"Trio": HyperedgeList(tuple(counts), members_EK, values_E.astype(np.float32))}, {})


def halves(hypergraph: Hypergraph, asked: int = 100) -> tuple[Hypergraph, HyperedgeList]:
    trio = hypergraph.hyperedges["Trio"]
    asked_E = np.arange(trio.num_hyperedges) < asked
    return replace(hypergraph, hyperedges={"Trio": trio.only(~asked_E)}), trio.only(asked_E)


def error(found: Fit, asked: HyperedgeList) -> float:
    return float(np.mean((found.predict("Trio", asked) - asked.values_E) ** 2) ** 0.5)


def offsets_alone(known: Hypergraph, asked: HyperedgeList) -> np.ndarray:
    trio = known.hyperedges["Trio"]
    mean = np.float32(trio.values_E.mean(dtype=np.float64))
    offsets = fit_offsets(replace(trio, values_E=trio.values_E - mean), known.num_entities, 3.0)
    return mean + sum(offset_N[rows_E] for offset_N, rows_E in zip(offsets, asked.members_EK.T, strict=True))


def test_few_values_without_products_are_told_by_offsets_alone() -> None:
    known, asked = halves(table(product=0, noise=1))
    found = fit(known, SMALL)
    np.testing.assert_allclose(found.predict("Trio", asked), offsets_alone(known, asked), atol=1e-4)
    assert found.weights["Trio"]["share"] == 0
    assert any("no better than their mean and the members' offsets" in each for each in found.findings)


@pytest.mark.parametrize("unit", [0.01, 1.0, 1000.0])
def test_what_products_say_is_found_whatever_the_unit(unit: float) -> None:
    known, asked = halves(table(product=2, noise=0.3, unit=unit))
    found = fit(known, SMALL)
    alone = float(np.mean((offsets_alone(known, asked) - asked.values_E) ** 2) ** 0.5)
    assert error(found, asked) < 0.7 * alone
    assert found.weights["Trio"]["share"] > 0.5
    # All values are learned, and none is kept.
    assert not any(done.validation for done in found.history)
    assert found.best_round == found.history[-1].number


def test_a_ridge_that_is_given_is_in_force() -> None:
    """Products that hold without noise are learned with a light ridge; one that no vector survives leaves offsets."""
    known, asked = halves(table(product=2, noise=0.01))
    held = fit(known, replace(SMALL, ridge=1e6))
    np.testing.assert_allclose(held.predict("Trio", asked), offsets_alone(known, asked), atol=1e-3)
    assert error(fit(known, SMALL), asked) < 0.5 * error(held, asked)


def test_a_number_of_rounds_that_is_known_to_be_right_is_not_looked_for() -> None:
    found = fit(table(product=0, noise=1), replace(SMALL, validation=0.0, rounds=4, tolerance=0.0))
    assert found.history[-1].number == 4
    assert "share" not in found.weights["Trio"]


def test_workers_learn_few_values_as_one_does() -> None:
    hypergraph = table(product=2, noise=0.3)
    alone = fit(hypergraph, SMALL, threads=1)
    for found in fit_on_threads(hypergraph, SMALL, TWO):
        assert found.best_round == alone.best_round
        assert found.weights == alone.weights
        assert all(np.array_equal(factor, alone.factors[label]) for label, factor in found.factors.items())
        np.testing.assert_array_equal(found.types["Trio"].scale_D, alone.types["Trio"].scale_D)


@pytest.mark.usefixtures("a_part_is_kept")
@pytest.mark.parametrize("product", [0.0, 2.0])
def test_what_is_kept_of_more_values_tells_the_same(product: float) -> None:
    hypergraph = table(product, noise=0.3)
    parameters = replace(SMALL, validation=0.25)
    found = fit(hypergraph, parameters, threads=1)
    assert found.history[-1].validation
    trio = hypergraph.hyperedges["Trio"]
    beside_offsets_E = np.abs(found.predict("Trio", trio) - offsets_alone(hypergraph, trio))
    assert (beside_offsets_E.mean() > 0.3) == (product > 0)
    for other in fit_on_threads(hypergraph, parameters, TWO):
        assert other.weights == found.weights
        assert all(np.array_equal(factor, found.factors[label]) for label, factor in other.factors.items())


def test_too_few_to_hide_any_are_told_by_offsets() -> None:
    hypergraph = table(product=2, noise=0.1, count=4)
    found = fit(hypergraph, SMALL)
    assert found.weights["Trio"]["share"] == 0
    assert np.isfinite(found.predict("Trio", hypergraph.hyperedges["Trio"])).all()


def test_somebody_elses_validation_part_is_not_learned_from() -> None:
    known, asked = halves(table(product=2, noise=0.3))
    parameters = replace(SMALL, ridge=0.5)
    found = fit(known, parameters, held_out={"Trio": asked})
    again = fit(known, replace(parameters, rounds=found.best_round, validation=0.0))
    assert all(np.allclose(again.factors[label], factor, atol=1e-5) for label, factor in found.factors.items())
