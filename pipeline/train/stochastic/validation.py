"""How well the stochastic update tells hyperedges that it was not trained on. Shapes: Q hyperedges asked, K arity, N entities."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pipeline.train.problem.problem import TensorTerm
from pipeline.train.result.prediction import TypeParameters

_MOST = 1_000
"""Hyperedges of a type that are asked for: the mean is then known to about .01."""
_CHUNK = 4_000_000
"""Scores that are held at once."""


def validation_loss(term: TensorTerm, factors: Mapping[str, npt.NDArray[np.float32]], learned: TypeParameters) -> float | None:
    """Give 1 − the mean reciprocal rank of the true member in each slot of a type's validation part; None where that is empty.

    Of values, the mean squared error. Nothing is filtered: the figure is for telling rounds apart.
    """
    held_out = term.held_out
    if not held_out.num_hyperedges:
        return None
    if term.loss == "squared":
        predicted_E = learned.values(factors, held_out.members_EK) - learned.mean
        return float(np.mean(np.square(predicted_E - held_out.values_E, dtype=np.float64)))
    members_QK = held_out.members_EK[:_MOST]
    reciprocal = []
    for position, label in enumerate(term.modalities):
        step = max(1, _CHUNK // len(factors[label]))
        for begin in range(0, len(members_QK), step):
            chunk_QK = members_QK[begin : begin + step]
            scores_QN = learned.slot_scores(factors, chunk_QK, position)
            true_Q = np.take_along_axis(scores_QN, chunk_QK[:, [position]], axis=1)
            better_Q = (scores_QN > true_Q).sum(axis=1)
            equal_Q = (scores_QN == true_Q).sum(axis=1) - 1
            reciprocal.append(1 / (1 + better_Q + equal_Q / 2))
    return 1 - float(np.mean(np.concatenate(reciprocal)))
