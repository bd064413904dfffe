"""The normal equations of one modality: weighted, graph-regularised least squares with the other factors held.

With p_e the product of the other members' rows and Γ the Hadamard product of the other factors' Gram matrices Aᵀ diag(q) A, A_θ
solves

    Σ_t λ_t [ Σ_e (1 − w_t q_e) p_e p_eᵀ a_i + w_t q_i Γ_t a_i ] + ½ (L A)_i + ρ_i a_i = Σ_t λ_t Σ_e x_e p_e    for every entity i,

with sums over the hyperedges e of entity i: one symmetric positive definite system over all N · D numbers, tied together by the
graph. The matrix is never written down: it is applied. Where a type holds the modality
at two positions, each position is a term of its own with the other one held: the residual is then still minus half the gradient
of the objective. Where a type has offsets, the modality's own are unknowns too: A_θ has a column more, p_e a one there, and x_e is
less the other members' offsets. Of a modality that several workers have between them, each has the equations of its own rows: they
share dot products and, where a graph ties rows to each other, the vector that is multiplied. Shapes: N entities that the worker
has, E hyperedges of a tile, D embedding_dim and, but for A's own width, offsets.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from pipeline.train.problem.layout import Matrices
from pipeline.train.problem.problem import TypePosition
from pipeline.train.tensor.khatri_rao import add_normal, hadamard, row_products
from pipeline.train.tensor.unfolding import Tile, Unfolding
from pipeline.train.update.modality_problem import ModalityProblem, ModalityTerm
from pipeline.train.update.preconditioner import Preconditioner


class NormalEquations:
    """One modality's linear system for given factors of the others.

    Parameters
    ----------
    modality
        The modality.
    matrices
        [A | b] per modality label; the modality's own is read where a type holds it at two positions.
    grams
        Aᵀ diag(q) A (D × D, float64) per hyperedge type and position.
    """

    def __init__(self, modality: ModalityProblem, matrices: Matrices, grams: Mapping[TypePosition, Tensor]) -> None:
        self._modality = modality
        self._matrix_ND = matrices[modality.label][modality.peers.rows]
        self._factors = modality.layout.factors(matrices)
        self._offsets = modality.layout.offsets(matrices)
        self._products = self._keep_products()
        absent = {
            number: term.weight * term.absent_weight * hadamard([grams[other] for other in _other_positions(term.unfolding)])
            for number, term in enumerate(modality.terms)
            if term.absent_weight
        }
        dim, width = modality.layout.embedding_dim, self._matrix_ND.shape[1]
        self._absent_DD = torch.zeros(width, width, dtype=torch.float64, device=self._matrix_ND.device)
        for absent_DD in absent.values():
            self._absent_DD[:dim, :dim] += absent_DD
        self._uneven = {} if modality.even else {number: absent_DD.float() for number, absent_DD in absent.items()}
        # What all entities have alike is one matrix: one product for the absent and the ridge.
        self._alike_DD = self._absent_DD.clone() if modality.even else torch.zeros_like(self._absent_DD)
        if modality.even_ridge is not None:
            self._alike_DD.diagonal()[:dim] += modality.even_ridge
            self._alike_DD.diagonal()[dim:] += modality.offset_ridge

    def _keep_products(self) -> list[list[Tensor]]:
        """Row products, of as many tiles as fit, by the number of the term; none where the matrix has no part of the hyperedges."""
        kept: list[list[Tensor]] = []
        room = self._modality.kernels.product_bytes
        for term in self._modality.terms:
            kept.append([])
            for tile in term.unfolding.tiles if term.unfolding.is_weighted else ():
                room -= len(tile.values_E) * self._matrix_ND.shape[1] * 4
                if room < 0:
                    break
                kept[-1].append(self._row_products(term, tile))
        return kept

    def _row_products(self, term: ModalityTerm, tile: Tile) -> Tensor:
        """Give p, with a one in the column of the own offset."""
        return row_products(tile, term.unfolding, self._factors, self._matrix_ND.shape[1], term.offset_column)

    def _add_hyperedges(
        self, out_ND: Tensor, number: int, vector_ND: Tensor, scale: float, values: Callable[[int], Tensor], weight: float
    ) -> None:
        """Add what `add_normal` adds for the term of that number."""
        term = self._modality.terms[number]
        kept, column = self._products[number], term.offset_column
        add_normal(out_ND, term.unfolding, self._factors, vector_ND, scale, values, weight, kept=kept, column=column)

    def _targets(self, unfolding: Unfolding, number: int) -> Tensor:
        """Give a tile's values less the other members' offsets."""
        tile = unfolding.tiles[number]
        targets_E = tile.values_E
        for other in _other_positions(unfolding):
            if other in self._offsets:
                targets_E = targets_E - self._offsets[other].index_select(0, tile.members_KE[other[1]])
        return targets_E

    def residual(self, matrix_ND: Tensor | None = None) -> Tensor:
        """Right side minus left side at a matrix, or the modality's as it stands (N × D): −½ of the objective's gradient."""
        vector_ND = self._matrix_ND if matrix_ND is None else matrix_ND
        return self._apply(vector_ND, torch.empty_like(vector_ND), data_sign=-1.0, with_values=True)

    def apply(self, vector_ND: Tensor, out_ND: Tensor) -> Tensor:
        """The system's matrix times a vector (N × D), written to ``out_ND``."""
        return self._apply(vector_ND, out_ND, data_sign=1.0, with_values=False)

    def _apply(self, vector_ND: Tensor, out_ND: Tensor, *, data_sign: float, with_values: bool) -> Tensor:
        modality, dim = self._modality, self._modality.layout.embedding_dim
        alike_DD = (data_sign * self._alike_DD).float()
        for rows in modality.kernels.row_blocks(vector_ND):
            vector_BD, out_BD = vector_ND[rows], out_ND[rows]
            torch.mm(vector_BD, alike_DD, out=out_BD)
            for number, absent_DD in self._uneven.items():
                popularity_B1 = modality.terms[number].popularity_N[rows, None]
                out_BD[:, :dim].addcmul_(vector_BD[:, :dim] @ absent_DD, popularity_B1, value=data_sign)
            if modality.even_ridge is None:
                out_BD.add_(modality.hold(vector_BD, rows), alpha=data_sign)
        if modality.half_laplacian is not None:
            out_ND.add_(modality.smooth(modality.peers.gather(vector_ND)), alpha=data_sign)
        for number, term in enumerate(self._modality.terms):
            targets, weight = partial(self._targets, term.unfolding), term.weight if with_values else 0.0
            self._add_hyperedges(out_ND, number, vector_ND, data_sign * term.weight, targets, weight)
        return out_ND

    def dot(self, left_ND: Tensor, right_ND: Tensor) -> float:
        """Add up the products of two matrices' entries, over all workers' rows."""
        return float(self._modality.peers.total(self._modality.kernels.dot(left_ND, right_ND)))

    def is_finite(self, vector_ND: Tensor) -> bool:
        """Whether all of a vector's numbers are, of all workers' rows."""
        return math.isfinite(float(self._modality.peers.total(vector_ND.sum())))

    def inverse(self) -> Tensor | None:
        """The inverse (D × D) where all entities have the same matrix and nothing ties them; else None.

        That is the full norm without a graph: an update of alternating least squares. Directions that float32 cannot tell from
        zero are left as they are.
        """
        modality = self._modality
        weighted = any(term.unfolding.is_weighted for term in modality.terms)
        if weighted or not modality.even or modality.even_ridge is None or modality.half_laplacian is not None:
            return None
        if not torch.isfinite(self._alike_DD).all():
            return None
        values_D, vectors_DD = torch.linalg.eigh(self._alike_DD)
        inverse_D = torch.where(values_D > torch.finfo(torch.float32).eps * values_D[-1], 1 / values_D, 0)
        inverse_DD: Tensor = (vectors_DD * inverse_D) @ vectors_DD.T
        return inverse_DD.float()

    def preconditioner(self) -> Preconditioner | None:
        """An approximate inverse: every entity's data matrix is its weight of data times the mean of p pᵀ.

        Where absent cells weigh by popularity, their matrix goes the same way: it grows with the entity's hyperedges.
        None where that mean is not finite.
        """
        peers, count = self._modality.peers, self._modality.num_entities
        total = self._modality.mean_degree * count
        second_DD = torch.zeros_like(self._absent_DD)
        for term in self._modality.terms:
            sampled_DD, sample = torch.zeros_like(second_DD), term.unfolding.sample if term.unfolding.is_weighted else ()
            # It need not be exact.
            for tile in sample[peers.number :: peers.count]:
                product_ED = self._row_products(term, tile)
                sampled_DD += ((product_ED * tile.present_E[:, None]).T @ product_ED).double()
            num_sampled = sum(len(tile.values_E) for tile in sample)
            second_DD += sampled_DD * (term.weight * term.unfolding.num_hyperedges / max(1, num_sampled))
        second_DD = peers.total(second_DD)
        even = self._modality.even or total == 0
        even_DD = self._absent_DD if even else torch.zeros_like(second_DD)
        if not even:
            second_DD += count * self._absent_DD
        if total > 0:
            second_DD /= total
        if not torch.isfinite(second_DD).all():
            return None
        degree_N = self._modality.degree_N.clamp_min(0)
        return Preconditioner(
            self._modality.kernels, even_DD, second_DD, self._modality.stiffness, degree_N, self._modality.mean_degree
        )


def _other_positions(unfolding: Unfolding) -> list[TypePosition]:
    return [(unfolding.label, other) for other in range(len(unfolding.modalities)) if other != unfolding.position]
