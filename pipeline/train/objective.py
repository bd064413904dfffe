"""The objective along a line: what it is worth at A + α·S for every α at once.

All factors and offsets move together, A_θ + α S_θ. Then x̂_e = Σ_r Π_k (a_k + α s_k) + Σ_k (b_k + α c_k) is a polynomial of degree K
in α, and so the objective is one of degree 2K, whose coefficients one pass over the hyperedges yields: the exact line search
costs no more than that pass, and the value at α = 0 is the objective itself. Shapes: N entities, E hyperedges of a tile, K arity,
D embedding_dim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.train import kernels
from pipeline.train.khatri_rao import gram
from pipeline.train.layout import dot
from pipeline.train.problem import Place
from pipeline.train.unfolding import Tile, Unfolding

Polynomial = npt.NDArray[np.float64]
"""Coefficients by ascending power of α."""


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
class Path:
    """A line of factors and offsets.

    Attributes
    ----------
    factors, steps
        A and S (N × D) per modality label.
    offsets, offset_steps
        b and c (N) per hyperedge type and position that has offsets.
    """

    factors: Mapping[str, Tensor]
    steps: Mapping[str, Tensor]
    offsets: Mapping[Place, Tensor]
    offset_steps: Mapping[Place, Tensor]


def hyperedge_moments(unfolding: Unfolding, tiles: Sequence[Tile], path: Path) -> Tensor:
    """Add up the products of a type's values and predictions along the line.

    Parameters
    ----------
    unfolding
        The type's hyperedges.
    tiles
        Those of its tiles to add up.
    path
        The line.

    Returns
    -------
    Tensor
        (K+2) × (K+2), float64. With x̂_e(α) = Σ_j c_j αʲ: Σ_e x_e (x_e, c_0 … c_K) in the first row, Σ_e (1 − w q_e) c_i c_j below
        and right of it.
    """
    arity = len(unfolding.modalities)
    total = torch.zeros(arity + 2, arity + 2, dtype=torch.float64, device=path.factors[unfolding.modalities[0]].device)
    for tile in tiles:
        predicted_EC = _predictions_along(tile, unfolding, path.factors, path.steps)
        for position, rows_E in enumerate(tile.members_KE):
            if (place := (unfolding.label, position)) in path.offsets:
                predicted_EC[:, 0].add_(path.offsets[place].index_select(0, rows_E))
                predicted_EC[:, 1].add_(path.offset_steps[place].index_select(0, rows_E))
        exact_EC, values_E = predicted_EC[:, : arity + 1].double(), tile.values_E.double()
        total[0, 0] += values_E @ values_E
        total[0, 1:] += values_E @ exact_EC
        if unfolding.is_weighted:
            total[1:, 1:] += (exact_EC * tile.present_E[:, None]).T @ exact_EC
    return total


def _predictions_along(tile: Tile, unfolding: Unfolding, factors: Mapping[str, Tensor], steps: Mapping[str, Tensor]) -> Tensor:
    """Coefficients in α of the CP model's predictions, E × (K + 1) or more columns."""
    arity = len(unfolding.modalities)
    own = [factors[label] for label in unfolding.modalities]
    if own[0].device.type != "cpu" or arity > kernels.MOST_MEMBERS:
        return torch.stack([c_ED.sum(1) for c_ED in _products_along(tile, unfolding, factors, steps)], 1)
    dim, spare = own[0].shape[1], kernels.MOST_MEMBERS - arity
    ones_D, zeros_D = torch.ones(dim), torch.zeros(dim)
    out_EC = torch.empty(len(tile.values_E), kernels.MOST_MEMBERS + 1)
    kernels.predict_along(
        out_EC.numpy(),
        np.array([factor_ND.data_ptr() for factor_ND in own] + spare * [ones_D.data_ptr()]),
        np.array([steps[label].data_ptr() for label in unfolding.modalities] + spare * [zeros_D.data_ptr()]),
        np.array([factor_ND.stride(0) * factor_ND.element_size() for factor_ND in own] + spare * [0]),
        np.array([rows_E.data_ptr() for rows_E in tile.members_KE] + spare * [tile.members_KE[0].data_ptr()]),
        arity,
        dim,
    )
    return out_EC


def _products_along(tile: Tile, unfolding: Unfolding, factors: Mapping[str, Tensor], steps: Mapping[str, Tensor]) -> list[Tensor]:
    """Coefficients in α of the product of all members' rows, each E × D."""
    powers: list[Tensor] = []
    for position, label in enumerate(unfolding.modalities):
        rows_E = tile.members_KE[position]
        own_ED, step_ED = factors[label].index_select(0, rows_E), steps[label].index_select(0, rows_E)
        if not powers:
            powers = [own_ED, step_ED]
            continue
        raised = [power_ED * step_ED for power_ED in powers]
        for power_ED in powers:
            power_ED.mul_(own_ED)
        for j, raised_ED in enumerate(raised[:-1]):
            powers[j + 1].add_(raised_ED)
        powers.append(raised[-1])
    return powers


def gram_along(factor_ND: Tensor, step_ND: Tensor, popularity_N: Tensor) -> Tensor:
    """Coefficients in α of (A + αS)ᵀ diag(q) (A + αS), 3 × D × D, float64."""
    cross_DD = gram(factor_ND, step_ND, popularity_N)
    return torch.stack([gram(factor_ND, factor_ND, popularity_N), cross_DD + cross_DD.T, gram(step_ND, step_ND, popularity_N)])


def quadratic_along(apply: Callable[[Tensor], Tensor], matrix_ND: Tensor, step_ND: Tensor) -> Tensor:
    """Coefficients in α of tr((A + αS)ᵀ Q (A + αS)) for a symmetric Q, which ``apply`` multiplies by; 3, float64."""
    image_ND = apply(matrix_ND)
    first, second = dot(matrix_ND, image_ND), 2 * dot(step_ND, image_ND)
    del image_ND
    return torch.stack([first, second, dot(step_ND, apply(step_ND))])


def squared_error_polynomial(moments: npt.NDArray[np.float64]) -> Polynomial:
    """Give Σ_e x_e² − 2 x_e x̂_e + (1 − w q_e) x̂_e² as a polynomial in α, from what `hyperedge_moments` gave."""
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
        What `hyperedge_moments` gave.
    grams
        What `gram_along` gave, per position.
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
