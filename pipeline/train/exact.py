"""The exact update: one modality's weighted, graph-regularised least squares with the other factors held.

With p_e the product of the other members' rows and Γ the Hadamard product of the other factors' Gram matrices Aᵀ diag(q) A, A_θ
solves

    Σ_t λ_t [ Σ_e (1 − w_t q_e) p_e p_eᵀ a_i + w_t q_i Γ_t a_i ] + ½ (L A)_i + ρ a_i = Σ_t λ_t Σ_e x_e p_e    for every entity i,

with sums over the hyperedges e of entity i: one symmetric positive definite system over all N · D numbers, tied together by the
graph. It is solved by preconditioned conjugate gradients without ever writing the matrix down. Where a type holds the modality
at two positions, each position is a term of its own with the other one held: the residual is then still minus half the gradient
of the objective. Shapes: N entities, E hyperedges of a tile, D embedding_dim.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from pipeline.train.khatri_rao import hadamard, row_products
from pipeline.train.line import Place
from pipeline.train.problem import Problem
from pipeline.train.sparse_matrix import SparseMatrix
from pipeline.train.unfolding import Unfolding, unfold

_PRODUCT_BYTES = 256 * 1024 * 1024
"""Row products are kept between the steps of one solve while they fit in this; else they are made again, tile by tile."""


@dataclass(frozen=True)
class ModalityTerm:
    """One position of one hyperedge type that the modality holds."""

    unfolding: Unfolding
    weight: float
    absent_weight: float
    popularity_N: Tensor


@dataclass(frozen=True)
class ModalityProblem:
    """What one modality's update needs and what does not change between rounds.

    Attributes
    ----------
    label
        Label of the modality.
    terms
        One per hyperedge type and position that the modality holds.
    half_laplacian
        ½ L, or None where the modality has no graph.
    degree_N
        Σ_t λ_t Σ_e (1 − w_t q_e), per entity: the weight of its data.
    even
        Whether an absent cell weighs the same for every entity.
    stiffness
        Mean diagonal of ½ L, plus ρ.
    ridge
        ρ.
    """

    label: str
    terms: tuple[ModalityTerm, ...]
    half_laplacian: SparseMatrix | None
    degree_N: Tensor
    even: bool
    stiffness: float
    ridge: float


def modality_problem(problem: Problem, label: str, device: torch.device) -> ModalityProblem:
    """Lay one modality's part of the problem out on a device."""
    terms = []
    degree_N = np.zeros(problem.num_entities[label])
    for term in problem.terms:
        for position, modality in enumerate(term.modalities):
            if modality == label:
                popularity_N = torch.from_numpy(term.popularities[position]).to(device)
                terms.append(ModalityTerm(unfold(term, position, device), term.weight, term.absent_weight, popularity_N))
                rows_E = term.hyperedges.members_EK[:, position]
                degree_N += term.weight * np.bincount(rows_E, term.present_weights_E, minlength=len(degree_N))
    laplacian = problem.laplacians.get(label)
    half = None if laplacian is None else sparse.csr_array(0.5 * laplacian)
    stiffness = problem.ridge + (0.0 if half is None else float(half.diagonal().mean()))
    return ModalityProblem(
        label,
        tuple(terms),
        None if half is None else SparseMatrix.on(half, device),
        torch.from_numpy(degree_N.astype(np.float32)).to(device),
        all(bool((term.popularity_N == 1).all()) for term in terms),
        stiffness,
        problem.ridge,
    )


class NormalEquations:
    """One modality's linear system for given factors of the others.

    Parameters
    ----------
    modality
        The modality.
    factors
        A (N × D) per modality label; the modality's own is read where a type holds it at two positions.
    grams
        Aᵀ diag(q) A (D × D, float64) per hyperedge type and position.
    """

    def __init__(self, modality: ModalityProblem, factors: Mapping[str, Tensor], grams: Mapping[Place, Tensor]) -> None:
        self._modality = modality
        self._factors = factors
        self._products = self._keep_products(factors[modality.label].shape[1])
        self._absent = [
            term.weight * term.absent_weight * hadamard([grams[place] for place in _other_places(term.unfolding)])
            for term in modality.terms
        ]

    def _keep_products(self, embedding_dim: int) -> dict[int, list[Tensor]]:
        """Row products of as many terms as fit, by the place of the term."""
        kept: dict[int, list[Tensor]] = {}
        room = _PRODUCT_BYTES
        for place, term in enumerate(self._modality.terms):
            room -= term.unfolding.num_hyperedges * embedding_dim * 4
            if room >= 0:
                kept[place] = [row_products(tile, term.unfolding, self._factors) for tile in term.unfolding.tiles]
        return kept

    def residual(self) -> Tensor:
        """Right side minus left side at the modality's factor as it stands (N × D): −½ of the objective's gradient."""
        factor_ND = self._factors[self._modality.label]
        return self._apply(factor_ND, data_sign=-1.0, with_values=True)

    def apply(self, vector_ND: Tensor) -> Tensor:
        """The system's matrix times a vector (N × D)."""
        return self._apply(vector_ND, data_sign=1.0, with_values=False)

    def _apply(self, vector_ND: Tensor, *, data_sign: float, with_values: bool) -> Tensor:
        out_ND = self._modality.ridge * vector_ND
        for term, absent_DD in zip(self._modality.terms, self._absent, strict=True):
            out_ND.addcmul_(vector_ND @ absent_DD.float(), term.popularity_N[:, None])
        if self._modality.half_laplacian is not None:
            out_ND += self._modality.half_laplacian @ vector_ND
        if data_sign < 0:
            out_ND.neg_()
        for place, term in enumerate(self._modality.terms):
            unfolding = term.unfolding
            kept = self._products.get(place)
            for number, tile in enumerate(unfolding.tiles):
                product_ED = kept[number] if kept else row_products(tile, unfolding, self._factors)
                own_ED = vector_ND.index_select(0, tile.members_KE[unfolding.position])
                weights_E = own_ED.mul_(product_ED).sum(1).mul_(tile.present_E).mul_(data_sign * term.weight)
                if with_values:
                    weights_E.add_(tile.values_E, alpha=term.weight)
                tile.add_sums(out_ND, product_ED, weights_E)
        return out_ND

    def preconditioner(self) -> "Preconditioner | None":
        """An approximate inverse: every entity's data matrix is its weight of data times the mean of p pᵀ.

        Where absent cells weigh by popularity, their matrix goes the same way: it grows with the entity's hyperedges.
        None where that mean is not finite.
        """
        degree_N = self._modality.degree_N.clamp_min(0)
        total = float(degree_N.sum())
        identity_DD = torch.eye(self._factors[self._modality.label].shape[1], dtype=torch.float64, device=degree_N.device)
        second_DD, even_DD = torch.zeros_like(identity_DD), torch.zeros_like(identity_DD)
        for place, term in enumerate(self._modality.terms):
            kept = self._products.get(place)
            for number, tile in enumerate(term.unfolding.tiles):
                product_ED = kept[number] if kept else row_products(tile, term.unfolding, self._factors)
                second_DD += term.weight * ((product_ED * tile.present_E[:, None]).T @ product_ED).double()
        if self._modality.even or total == 0:
            even_DD = sum(self._absent, even_DD)
        else:
            second_DD += len(degree_N) * sum(self._absent, even_DD)
        if total > 0:
            second_DD /= total
        if not torch.isfinite(second_DD).all():
            return None
        return Preconditioner(even_DD, second_DD, self._modality.stiffness, degree_N)


class Preconditioner:
    """(G + c_i C)^{-1} for every entity i, by one generalised eigenproblem: UᵀGU = I, UᵀCU = diag(s).

    Parameters
    ----------
    even_DD
        What all entities have alike.
    second_DD
        C, what an entity has for each weight of data: the mean of p pᵀ over the hyperedges, and more.
    stiffness
        What ridge and graph add to the diagonal; G = even + stiffness · I.
    degree_N
        c, the weight of an entity's data.
    """

    def __init__(self, even_DD: Tensor, second_DD: Tensor, stiffness: float, degree_N: Tensor) -> None:
        identity = torch.eye(len(even_DD), dtype=torch.float64, device=even_DD.device)
        floor = stiffness + 1e-6 * float(torch.trace(even_DD + degree_N.double().mean() * second_DD)) / len(even_DD) + 1e-30
        lower_DD = torch.linalg.cholesky(even_DD + floor * identity)
        half_DD = torch.linalg.solve_triangular(lower_DD, second_DD, upper=False)
        inner_DD = torch.linalg.solve_triangular(lower_DD, half_DD.T, upper=False)
        eigenvalues_D, vectors_DD = torch.linalg.eigh(0.5 * (inner_DD + inner_DD.T))
        basis_DD = torch.linalg.solve_triangular(lower_DD.T, vectors_DD, upper=True)
        self._basis_DD = basis_DD.float()
        self._inverse_ND = 1 / (1 + degree_N[:, None] * eigenvalues_D.clamp_min(0).float()[None, :])

    def __call__(self, residual_ND: Tensor) -> Tensor:
        """Apply it (N × D to N × D)."""
        scaled_ND = torch.mul(residual_ND @ self._basis_DD, self._inverse_ND)
        return torch.mm(scaled_ND, self._basis_DD.T)


def _other_places(unfolding: Unfolding) -> list[tuple[str, int]]:
    return [(unfolding.label, place) for place in range(len(unfolding.modalities)) if place != unfolding.position]


@dataclass(frozen=True)
class Solution:
    """What a solve found.

    Attributes
    ----------
    step_ND
        The solution minus the factor it started from.
    residual_ND
        The residual there at the start: −½ of the objective's gradient.
    iterations
        Steps of conjugate gradients taken.
    """

    step_ND: Tensor
    residual_ND: Tensor
    iterations: int


def solve(equations: NormalEquations, iterations: int, tolerance: float) -> Solution:
    """Solve by preconditioned conjugate gradients from the present factor.

    Where the numbers are no longer finite, neither is the step.
    Any number of iterations gives a direction in which the objective falls. Dot products are taken over all entities at once,
    in float64.

    Parameters
    ----------
    equations
        The system.
    iterations
        Most steps.
    tolerance
        Stop when the residual's preconditioned norm is this part of what it was.
    """
    start_ND = equations.residual()
    precondition = equations.preconditioner()
    if precondition is None or not torch.isfinite(start_ND).all():
        return Solution(torch.full_like(start_ND, math.nan), start_ND, 0)
    residual_ND = start_ND.clone()
    step_ND = torch.zeros_like(residual_ND)
    direction_ND = precondition(residual_ND)
    energy = first = _dot(residual_ND, direction_ND)
    done = 0
    while done < iterations and energy > tolerance**2 * first and energy > 0:
        image_ND = equations.apply(direction_ND)
        curvature = _dot(direction_ND, image_ND)
        if curvature <= 0:
            break
        length = energy / curvature
        step_ND.add_(direction_ND, alpha=length)
        residual_ND.sub_(image_ND, alpha=length)
        preconditioned_ND = precondition(residual_ND)
        before, energy = energy, _dot(residual_ND, preconditioned_ND)
        direction_ND.mul_(energy / before).add_(preconditioned_ND)
        done += 1
    return Solution(step_ND, start_ND, done)


def _dot(left_ND: Tensor, right_ND: Tensor) -> float:
    return float((left_ND * right_ND).sum(1).sum(dtype=torch.float64))
