"""Several models as one."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters, shifts_of
from pipeline.errors import ConfigurationError
from pipeline.train.fit import fit
from pipeline.train.result.scaling import fill_zero_rows
from pipeline.train.stochastic.ensemble import Learned, as_one, components_of, settings_of
from tests.unit.train.stochastic.test_epochs import SMALL, blocks

MODALITIES = ("Person", "Place", "Person", "Person")
NUM = {"Person": 7, "Place": 4}


def model(seed: int, dim: int = 6) -> Learned:
    """Numbers at random; a modality stands in the type three times, so that its components are moved on."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(size=shape).astype(np.float32)

    biases = tuple(draw(NUM[label]) for label in MODALITIES)
    learned = TypeParameters(MODALITIES, "likelihood", 0.5, draw(dim), draw(4, dim), biases, shifts_of(MODALITIES, dim))
    return {label: draw(count, dim) for label, count in NUM.items()}, {"Met": learned}


@pytest.mark.parametrize("num_models", [1, 2, 3])
def test_its_scores_are_the_mean_of_the_models(num_models: int) -> None:
    models = [model(seed) for seed in range(num_models)]
    vectors, types = as_one(models)
    members = np.random.default_rng(9).integers(0, 4, (20, 4))
    values = np.mean([each["Met"].values(factors, members) for factors, each in models], axis=0)
    np.testing.assert_allclose(types["Met"].values(vectors, members), values, rtol=1e-3, atol=1e-4)
    for position in range(4):
        scores = np.mean([each["Met"].slot_scores(factors, members, position) for factors, each in models], axis=0)
        np.testing.assert_allclose(types["Met"].slot_scores(vectors, members, position), scores, rtol=1e-3, atol=1e-4)


def test_each_model_finds_its_own_components_again() -> None:
    models = [model(seed) for seed in range(3)]
    together, _ = as_one(models)
    for number, (factors, _) in enumerate(models):
        for label, factor in components_of(together, number, 3).items():
            np.testing.assert_array_equal(factor, factors[label])


@pytest.mark.parametrize("towards_former", [False, True])
def test_what_is_trained_are_models_apart_from_each_other(towards_former: bool) -> None:
    hypergraph, parameters = blocks(), replace(SMALL, ensemble=2)
    rng = np.random.default_rng(0)
    former = {label: rng.normal(size=(60, 8)).astype(np.float32) for label in hypergraph.dataset.labels} if towards_former else None
    found = fit(hypergraph, parameters, former=former)
    models = [
        fit(hypergraph, settings_of(parameters, number), former=former and components_of(former, number, 2)) for number in range(2)
    ]
    assert not any(np.array_equal(models[0].factors[label], models[1].factors[label]) for label in models[0].factors)
    expected, _ = fill_zero_rows(as_one([(each.factors, each.types) for each in models])[0])
    members = hypergraph.hyperedges["Tagging"].members_EK
    scores = np.mean([each.slot_scores("Tagging", members, 1) for each in models], axis=0)
    np.testing.assert_allclose(found.slot_scores("Tagging", members, 1), scores, rtol=1e-3, atol=1e-4)
    for label, factor in found.factors.items():
        np.testing.assert_array_equal(factor, expected[label])


@pytest.mark.parametrize(
    ("embedding_dim", "ensemble", "num_models"),
    [
        (8, "auto", 1),
        (64, "auto", 1),
        ("auto", "auto", 2),
        (127, "auto", 1),
        (128, "auto", 2),
        (193, "auto", 1),
        (194, "auto", 2),
        (4096, "auto", 4),
        (6, 3, 3),
    ],
)
def test_as_many_models_as_leave_each_enough(
    embedding_dim: int | Literal["auto"], ensemble: int | Literal["auto"], num_models: int
) -> None:
    assert TrainingParameters(embedding_dim=embedding_dim, ensemble=ensemble).num_models("stochastic") == num_models


@pytest.mark.parametrize("ensemble", [0, -1, 5])
def test_models_of_unequal_size_are_refused(ensemble: int) -> None:
    with pytest.raises(ConfigurationError, match=f"ensemble is {ensemble}, auto or a number that divides embedding_dim, 128"):
        TrainingParameters(ensemble=ensemble)


def test_least_squares_are_one_model_of_fewer_components() -> None:
    assert TrainingParameters().components("stochastic") == 128
    assert TrainingParameters().components("exact") == TrainingParameters().components("recurrent") == 64
    assert (
        TrainingParameters(embedding_dim=5).components("stochastic") == TrainingParameters(embedding_dim=5).components("exact") == 5
    )
