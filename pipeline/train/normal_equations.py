"""The normal equations of one modality: weighted, graph-regularised least squares with the other factors held.

With p_e the product of the other members' rows and Γ the Hadamard product of the other factors' Gram matrices Aᵀ diag(q) A, A_θ
solves

    Σ_t λ_t [ Σ_e (1 − w_t q_e) p_e p_eᵀ a_i + w_t q_i Γ_t a_i ] + ½ (L A)_i + ρ_i a_i = Σ_t λ_t Σ_e x_e p_e    for every entity i,

with sums over the hyperedges e of entity i: one symmetric positive definite system over all N · D numbers, tied together by the
graph. The matrix is never written down: it is applied. Where a type holds the modality
at two positions, each position is a term of its own with the other one held: the residual is then still minus half the gradient
of the objective. Where a type has offsets, the modality's own are unknowns too: A_θ has a column more, p_e a one there, and x_e is
less the other members' offsets. Shapes: N entities, E hyperedges of a tile, D embedding_dim and, but for A's own width, offsets.
"""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from pipeline.train.khatri_rao import add_normal, hadamard, row_products
from pipeline.train.layout import Matrices
from pipeline.train.modality import ModalityProblem, ModalityTerm
from pipeline.train.preconditioner import Preconditioner
from pipeline.train.problem import Place
from pipeline.train.unfolding import Tile, Unfolding

_PRODUCT_BYTES = 256 * 1024 * 1024
"""Row products are kept between the steps of one solve while they fit in this; else they are made again, tile by tile."""


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

    def __init__(self, modality: ModalityProblem, matrices: Matrices, grams: Mapping[Place, Tensor]) -> None:
        self._modality = modality
        self._matrix_ND = matrices[modality.label]
        self._factors = modality.layout.factors(matrices)
        self._offsets = modality.layout.offsets(matrices)
        self._products = self._keep_products()
        self._absent = [
            None
            if term.absent_weight == 0
            else term.weight * term.absent_weight * hadamard([grams[place] for place in _other_places(term.unfolding)])
            for term in modality.terms
        ]

    def _keep_products(self) -> list[list[Tensor]]:
        """Row products, of as many tiles as fit, by the place of the term; none where the matrix has no part of the hyperedges."""
        kept: list[list[Tensor]] = []
        room = _PRODUCT_BYTES
        for term in self._modality.terms:
            kept.append([])
            for tile in term.unfolding.tiles if term.unfolding.is_weighted else ():
                room -= len(tile.values_E) * self._matrix_ND.shape[1] * 4
                if room < 0:
                    break
                kept[-1].append(self._row_products(term, tile))
        return kept

    def _product(self, place: int, number: int) -> Tensor:
        """Row products of a term's tile, kept or made again."""
        kept, term = self._products[place], self._modality.terms[place]
        return kept[number] if number < len(kept) else self._row_products(term, term.unfolding.tiles[number])

    def _row_products(self, term: ModalityTerm, tile: Tile) -> Tensor:
        """Give p, with a one in the column of the own offset."""
        num_offsets = self._matrix_ND.shape[1] - self._modality.layout.embedding_dim
        product_ED = row_products(tile, term.unfolding, self._factors, num_offsets)
        if term.offset_column is not None:
            product_ED[:, term.offset_column] = 1
        return product_ED

    def _targets(self, unfolding: Unfolding, number: int) -> Tensor:
        """Give a tile's values less the other members' offsets."""
        tile = unfolding.tiles[number]
        targets_E = tile.values_E
        for place in _other_places(unfolding):
            if place in self._offsets:
                targets_E = targets_E - self._offsets[place].index_select(0, tile.members_KE[place[1]])
        return targets_E

    def residual(self, matrix_ND: Tensor | None = None) -> Tensor:
        """Right side minus left side at a matrix, or the modality's as it stands (N × D): −½ of the objective's gradient."""
        return self._apply(self._matrix_ND if matrix_ND is None else matrix_ND, data_sign=-1.0, with_values=True)

    def apply(self, vector_ND: Tensor) -> Tensor:
        """The system's matrix times a vector (N × D)."""
        return self._apply(vector_ND, data_sign=1.0, with_values=False)

    def _apply(self, vector_ND: Tensor, *, data_sign: float, with_values: bool) -> Tensor:
        dim = self._modality.layout.embedding_dim
        out_ND = self._modality.hold(vector_ND)
        for term, absent_DD in zip(self._modality.terms, self._absent, strict=True):
            if absent_DD is not None:
                out_ND[:, :dim].addcmul_(vector_ND[:, :dim] @ absent_DD.float(), term.popularity_N[:, None])
        if self._modality.half_laplacian is not None:
            out_ND += self._modality.smooth(vector_ND)
        if data_sign < 0:
            out_ND.neg_()
        for place, term in enumerate(self._modality.terms):
            add_normal(
                out_ND,
                term.unfolding,
                partial(self._product, place),
                vector_ND,
                data_sign * term.weight,
                partial(self._targets, term.unfolding),
                term.weight if with_values else 0.0,
            )
        return out_ND

    def preconditioner(self) -> Preconditioner | None:
        """An approximate inverse: every entity's data matrix is its weight of data times the mean of p pᵀ.

        Where absent cells weigh by popularity, their matrix goes the same way: it grows with the entity's hyperedges.
        None where that mean is not finite.
        """
        degree_N = self._modality.degree_N.clamp_min(0)
        total = float(degree_N.sum())
        dim, width = self._modality.layout.embedding_dim, self._matrix_ND.shape[1]
        second_DD = torch.zeros(width, width, dtype=torch.float64, device=degree_N.device)
        absent_DD = torch.zeros_like(second_DD)
        for each_DD in self._absent:
            if each_DD is not None:
                absent_DD[:dim, :dim] += each_DD
        for place, term in enumerate(self._modality.terms):
            for number, tile in enumerate(term.unfolding.tiles if term.unfolding.is_weighted else ()):
                product_ED = self._product(place, number)
                second_DD += term.weight * ((product_ED * tile.present_E[:, None]).T @ product_ED).double()
        even = self._modality.even or total == 0
        even_DD = absent_DD if even else torch.zeros_like(absent_DD)
        if not even:
            second_DD += len(degree_N) * absent_DD
        if total > 0:
            second_DD /= total
        if not torch.isfinite(second_DD).all():
            return None
        return Preconditioner(even_DD, second_DD, self._modality.stiffness, degree_N)


def _other_places(unfolding: Unfolding) -> list[Place]:
    return [(unfolding.label, place) for place in range(len(unfolding.modalities)) if place != unfolding.position]
