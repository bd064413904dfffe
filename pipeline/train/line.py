"""The whole objective along one joint step, put together from what the workers added up.

Shapes: M modalities, T types, K arity, D embedding_dim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.train.objective import (
    Losses,
    Polynomial,
    best_step,
    reconstruction_polynomial,
    squared_error_polynomial,
    value_at,
)
from pipeline.train.problem import Place, Problem

Sums = npt.NDArray[np.float64]

_KINDS = ("moments", "grams", "ridges", "smoothness", "held_out")


@dataclass(frozen=True)
class Pieces:
    """What workers compute of a line: every worker those of its own types and modalities.

    Attributes
    ----------
    moments
        Per hyperedge type, what `objective.hyperedge_moments` gives.
    grams
        Per hyperedge type and position, what `objective.gram_along` gives.
    ridges
        Per modality, what `objective.quadratic_along` gives of its ridge.
    smoothness
        Per modality with a graph, what `objective.quadratic_along` gives of ½ L.
    held_out
        Per hyperedge type with a validation part, what `objective.hyperedge_moments` gives of that.
    """

    moments: Mapping[str, Sums]
    grams: Mapping[Place, Sums]
    ridges: Mapping[str, Sums]
    smoothness: Mapping[str, Sums]
    held_out: Mapping[str, Sums]

    def pack(self, problem: Problem, embedding_dim: int) -> Sums:
        """Write the pieces into one vector with zeros where a piece is not ours."""
        shapes = _shapes(problem, embedding_dim)
        owned = {(kind, key): piece for kind in _KINDS for key, piece in getattr(self, kind).items()}
        return np.concatenate([np.ravel(owned.get(key, np.zeros(shape))) for key, shape in shapes.items()])

    @classmethod
    def unpack(cls, problem: Problem, embedding_dim: int, total: Sums) -> "Pieces":
        """Read the pieces of all workers from the sum of their vectors."""
        found: dict[str, dict[Any, Sums]] = {kind: {} for kind in _KINDS}
        begin = 0
        for (kind, key), shape in _shapes(problem, embedding_dim).items():
            size = int(np.prod(shape))
            found[kind][key] = total[begin : begin + size].reshape(shape)
            begin += size
        return cls(**found)


def _shapes(problem: Problem, embedding_dim: int) -> dict[tuple[str, str | Place], tuple[int, ...]]:
    sizes = {term.label: len(term.modalities) + 2 for term in problem.terms}
    return {
        **{("moments", label): (size, size) for label, size in sizes.items()},
        **{
            ("grams", (term.label, position)): (3, embedding_dim, embedding_dim)
            for term in problem.terms
            for position in range(len(term.modalities))
        },
        **{("ridges", label): (3,) for label in problem.labels},
        **{("smoothness", label): (3,) for label in problem.laplacians},
        **{("held_out", term.label): (sizes[term.label],) * 2 for term in problem.terms if term.held_out.num_hyperedges},
    }


class Line:
    """The objective at A + α S as a polynomial in α, part by part."""

    def __init__(self, problem: Problem, pieces: Pieces) -> None:
        self._grams = pieces.grams
        self._reconstruction = {
            term.label: reconstruction_polynomial(
                pieces.moments[term.label],
                [pieces.grams[term.label, position] for position in range(len(term.modalities))],
                term.weight,
                term.absent_weight,
            )
            for term in problem.terms
        }
        self._smoothness = dict(pieces.smoothness)
        self._ridge = sum(pieces.ridges.values(), np.zeros(3))
        self._held_out = {
            term.label: squared_error_polynomial(pieces.held_out[term.label]) / term.held_out.num_hyperedges
            for term in problem.terms
            if term.label in pieces.held_out
        }

    @property
    def total(self) -> Polynomial:
        """The objective."""
        parts = [*self._reconstruction.values(), *self._smoothness.values(), self._ridge]
        total = np.zeros(max(len(part) for part in parts))
        for part in parts:
            total[: len(part)] += part
        return total

    def best(self, limit: float) -> float:
        """The α from 0 to a limit at which the objective is least."""
        return best_step(self.total, limit)

    def validation(self, alpha: float) -> dict[str, float]:
        """The mean squared error at α on each type's validation part."""
        return {label: value_at(part, alpha) for label, part in self._held_out.items()}

    def losses(self, alpha: float) -> Losses:
        """The objective's parts at α."""
        return Losses(
            {label: value_at(part, alpha) for label, part in self._reconstruction.items()},
            {label: value_at(part, alpha) for label, part in self._smoothness.items()},
            value_at(self._ridge, alpha),
        )

    def grams(self, alpha: float) -> dict[Place, Sums]:
        """(A + αS)ᵀ diag(q) (A + αS) per hyperedge type and position (D × D)."""
        return {place: gram[0] + alpha * gram[1] + alpha**2 * gram[2] for place, gram in self._grams.items()}
