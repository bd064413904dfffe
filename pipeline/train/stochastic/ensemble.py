"""Several models of the stochastic update as one: trained apart from each other, from starts of their own, each of a part of D.

The mean of their scores tells hidden hyperedges better than one model of as many components does, since what a model learns by
chance differs from start to start. As a score is a sum over components, that mean is the score of one model: of vectors that hold
all of theirs, with each scale divided by the number of models, and the mean of their biases. Components alternate, so that moving
all on by so many places for each model moves every model's own (`TypeParameters.shifts`). Shapes: N entities, K arity, D
embedding_dim, M models.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.problem.layout import Factors

Learned = tuple[Factors, dict[str, TypeParameters]]
"""Vectors (N × D / M) by modality label, and what each hyperedge type adds to them."""


def settings_of(parameters: TrainingParameters, number: int) -> TrainingParameters:
    """The settings of one of the models: its share of the components, and draws of its own; the first one's are the seed's."""
    seed = parameters.seed if number == 0 else int(np.random.SeedSequence([parameters.seed, 5, number]).generate_state(1)[0])
    return replace(parameters, embedding_dim=parameters.components_of_each("stochastic"), ensemble=1, seed=seed)


def components_of(factors: Factors, number: int, num_models: int) -> Factors:
    """One model's components of vectors that hold those of all."""
    return {label: np.ascontiguousarray(factor_ND[:, number::num_models]) for label, factor_ND in factors.items()}


def as_one(models: Sequence[Learned]) -> Learned:
    """Put models together into the one whose scores are the mean of theirs."""
    if len(models) == 1:
        return models[0]
    factors = {label: _alternating([vectors[label] for vectors, _ in models]) for label in models[0][0]}
    return factors, {label: _mean([types[label] for _, types in models]) for label in models[0][1]}


def _mean(types: Sequence[TypeParameters]) -> TypeParameters:
    return replace(
        types[0],
        scale_D=_alternating([each.scale_D for each in types]) / np.float32(len(types)),
        centres_KD=_alternating([each.centres_KD for each in types]),
        biases=tuple(np.mean(of_slot, axis=0, dtype=np.float32) for of_slot in zip(*(each.biases for each in types), strict=True)),
        shifts=tuple(len(types) * shift for shift in types[0].shifts),
    )


def _alternating(arrays: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """The first component of each, then the second of each, and so on."""
    stacked = np.stack(arrays, axis=-1)
    return np.ascontiguousarray(stacked.reshape(*stacked.shape[:-2], -1))
