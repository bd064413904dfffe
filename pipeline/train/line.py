"""The whole objective along one joint step, put together from what the workers added up.

Shapes: M modalities, T types, K arity, D embedding_dim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.train.objective import Losses, Polynomial, best_step, reconstruction_polynomial, value_at
from pipeline.train.problem import Problem

Sums = npt.NDArray[np.float64]

Place = tuple[str, int]
"""A hyperedge type and one of its positions."""

_KINDS = ("moments", "grams", "norms", "smoothness")


@dataclass(frozen=True)
class Pieces:
    """What workers compute of a line: every worker those of its own types and modalities.

    Attributes
    ----------
    moments
        Per hyperedge type, what `objective.hyperedge_moments` gives.
    grams
        Per hyperedge type and position, what `objective.gram_along` gives.
    norms
        Per modality, what `objective.norm_along` gives.
    smoothness
        Per modality with a graph, what `objective.smoothness_along` gives.
    """

    moments: Mapping[str, Sums]
    grams: Mapping[Place, Sums]
    norms: Mapping[str, Sums]
    smoothness: Mapping[str, Sums]

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
        **{("norms", label): (3,) for label in problem.labels},
        **{("smoothness", label): (3,) for label in problem.laplacians},
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
        self._ridge = problem.ridge * sum(pieces.norms.values(), np.zeros(3))

    @property
    def total(self) -> Polynomial:
        """The objective."""
        parts = [*self._reconstruction.values(), *self._smoothness.values(), self._ridge]
        total = np.zeros(max(len(part) for part in parts))
        for part in parts:
            total[: len(part)] += part
        return total

    def best(self) -> float:
        """The α ≥ 0 at which the objective is least."""
        return best_step(self.total)

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
