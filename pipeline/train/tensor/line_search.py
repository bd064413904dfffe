"""The objective along one joint step as a polynomial of degree 2K, and where it is least.

In come the moments of the line (`pipeline.train.tensor.line_moments`), added up over the workers; the exact line search costs no
more than the pass that adds them up, and the value at α = 0 is the objective itself. Shapes: M modalities, T types, K arity, D
embedding_dim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.train.problem.problem import Problem, TypePosition

Sums = npt.NDArray[np.float64]

Polynomial = npt.NDArray[np.float64]
"""Coefficients by ascending power of α."""

_KINDS = ("moments", "grams", "ridges", "smoothness", "held_out")


@dataclass(frozen=True)
class Losses:
    """The parts of the objective, by name; with their weights in, so that they add up.

    Attributes
    ----------
    reconstruction
        Per hyperedge type: λ [Σ_observed (x − x̂)² + w Σ_absent q x̂²].
    smoothness
        Per modality with a graph: ½ tr(AᵀLA), that of its offsets included.
    ridge
        Σ ρ_i ‖a_i‖² + ρ_b Σ b².
    """

    reconstruction: dict[str, float]
    smoothness: dict[str, float]
    ridge: float

    @property
    def total(self) -> float:
        """The objective."""
        return sum(self.reconstruction.values()) + sum(self.smoothness.values()) + self.ridge


@dataclass(frozen=True)
class Pieces:
    """What workers compute of a line: every worker those of its own types and modalities.

    Attributes
    ----------
    moments
        Per hyperedge type, what `line_moments.hyperedge_moments` gives.
    grams
        Per hyperedge type and position, what `line_moments.gram_along` gives.
    ridges
        Per modality, what `line_moments.quadratic_along` gives of its ridge.
    smoothness
        Per modality with a graph, what `line_moments.quadratic_along` gives of ½ L.
    held_out
        Per hyperedge type with a validation part, what `line_moments.hyperedge_moments` gives of that.
    """

    moments: Mapping[str, Sums]
    grams: Mapping[TypePosition, Sums]
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


def _shapes(problem: Problem, embedding_dim: int) -> dict[tuple[str, str | TypePosition], tuple[int, ...]]:
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

    def grams(self, alpha: float) -> dict[TypePosition, Sums]:
        """(A + αS)ᵀ diag(q) (A + αS) per hyperedge type and position (D × D)."""
        return {at: gram[0] + alpha * gram[1] + alpha**2 * gram[2] for at, gram in self._grams.items()}


def squared_error_polynomial(moments: npt.NDArray[np.float64]) -> Polynomial:
    """Give Σ_e x_e² − 2 x_e x̂_e + (1 − w q_e) x̂_e² as a polynomial in α, from what `line_moments.hyperedge_moments` gave."""
    arity = len(moments) - 2
    observed = np.zeros(2 * arity + 1)
    observed[0] = moments[0, 0]
    observed[: arity + 1] -= 2 * moments[0, 1:]
    for i in range(arity + 1):
        observed[i : i + arity + 1] += moments[i + 1, 1:]
    return observed


def reconstruction_polynomial(
    moments: npt.NDArray[np.float64], grams: list[npt.NDArray[np.float64]], weight: float, absent_weight: float
) -> Polynomial:
    """Give λ [Σ_e (x_e − x̂_e)² − w Σ_e q_e x̂_e² + w 1ᵀ(Hadamard_k A_kᵀ diag(q_k) A_k)1] as a polynomial in α.

    Parameters
    ----------
    moments
        What `line_moments.hyperedge_moments` gave.
    grams
        What `line_moments.gram_along` gave, per position.
    weight, absent_weight
        λ and w.
    """
    everything = grams[0]
    for factor in grams[1:]:
        product = np.zeros((len(everything) + 2, *everything.shape[1:]))
        for power in range(3):
            product[power : power + len(everything)] += everything * factor[power]
        everything = product
    polynomial: Polynomial = weight * (squared_error_polynomial(moments) + absent_weight * everything.sum(axis=(1, 2)))
    return polynomial


def value_at(polynomial: Polynomial, alpha: float) -> float:
    """Evaluate a polynomial by Horner's rule."""
    value = 0.0
    for coefficient in polynomial[::-1].tolist():
        value = value * alpha + coefficient
    return value


def best_step(polynomial: Polynomial, limit: float) -> float:
    """Find the α in [0, limit] at which a polynomial is least; 0 where it does not fall below its value at 0."""
    slopes = polynomial[1:] * np.arange(1, len(polynomial))
    # Near the end steps are small and high powers vanish: what no α in reach can feel only spoils the roots of the rest.
    felt = np.abs(slopes) * limit ** np.arange(len(slopes))
    kept = np.flatnonzero(felt > 1e-15 * felt.max(initial=0.0))
    roots = np.roots(slopes[: kept[-1] + 1][::-1]).astype(np.complex128) if len(kept) else np.empty(0, np.complex128)
    real = roots.real[np.abs(roots.imag) <= 1e-7 * (1 + np.abs(roots.real))]
    candidates = [0.0, *(float(root) for root in real if 0 < root < limit), limit]
    return min(candidates, key=lambda alpha: value_at(polynomial, alpha))
