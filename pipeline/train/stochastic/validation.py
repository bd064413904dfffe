"""How well the stochastic update tells hyperedges that it was not trained on. Shapes: Q hyperedges asked, K arity, N entities.

Ranks are filtered: who is known to stand there with the same others is left out. Otherwise a model that has learned what it was
told would look worse with every round.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pipeline.domain.hypergraph import number_combinations
from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.problem.held_out import MOST_ASKED
from pipeline.train.problem.problem import TensorTerm

_CHUNK = 4_000_000
"""Scores that are held at once."""


class Validation:
    """The validation part of one hyperedge type.

    Parameters
    ----------
    term
        The type.
    """

    def __init__(self, term: TensorTerm) -> None:
        self._term = term
        self._asked_QK = term.held_out.members_EK[:MOST_ASKED]
        self._known = []
        """Per position, (query, row) of all that is known to be true."""
        if term.loss == "likelihood" and len(self._asked_QK):
            every_EK = term.everything.members_EK
            self._known = [known_answers(every_EK, self._asked_QK, position) for position in range(len(term.modalities))]

    def loss(self, vectors: Mapping[str, npt.NDArray[np.float32]], learned: TypeParameters) -> float | None:
        """Give 1 − the mean reciprocal rank of the true members, of values the mean squared error; None of an empty part."""
        held_out = self._term.held_out
        if not held_out.num_hyperedges:
            return None
        if self._term.loss == "squared":
            predicted_E = learned.values(vectors, held_out.members_EK) - learned.mean
            return float(np.mean(np.square(predicted_E - held_out.values_E, dtype=np.float64)))
        return 1 - float(np.mean([self._reciprocal_rank(vectors, learned, position) for position in range(len(self._known))]))

    def _reciprocal_rank(self, vectors: Mapping[str, npt.NDArray[np.float32]], learned: TypeParameters, position: int) -> float:
        queries, rows = self._known[position]
        step = max(1, _CHUNK // len(vectors[learned.modalities[position]]))
        reciprocal = []
        for begin in range(0, len(self._asked_QK), step):
            asked_QK = self._asked_QK[begin : begin + step]
            scores_QN = learned.slot_scores(vectors, asked_QK, position)
            true_Q = np.take_along_axis(scores_QN, asked_QK[:, [position]], axis=1)
            here = (queries >= begin) & (queries < begin + step)
            scores_QN[queries[here] - begin, rows[here]] = -np.inf
            equal_Q = (scores_QN == true_Q).sum(axis=1)
            reciprocal.append(1 / (1 + (scores_QN > true_Q).sum(axis=1) + equal_Q / 2))
        return float(np.mean(np.concatenate(reciprocal)))


def known_answers(
    every_EK: npt.NDArray[np.int64], asked_QK: npt.NDArray[np.int64], position: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find what is known to stand at a position together with the other members of each query.

    Returns
    -------
    queries, rows
        Number of a query and row of an entity, one pair for each that is known, the true one of the query included.
    """
    others = [other for other in range(every_EK.shape[1]) if other != position]
    numbers = number_combinations(np.concatenate([every_EK, asked_QK]), others)
    every_E, asked_Q = numbers[: len(every_EK)], numbers[len(every_EK) :]
    order = np.argsort(every_E, kind="stable")
    begins, ends = (np.searchsorted(every_E[order], asked_Q, side=side) for side in ("left", "right"))
    queries = np.repeat(np.arange(len(asked_QK)), ends - begins)
    entries = np.arange(len(queries)) + np.repeat(begins - np.cumsum(ends - begins) + (ends - begins), ends - begins)
    return queries, every_EK[order[entries], position]
