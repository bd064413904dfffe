"""Rows and Gram matrices of the Khatri-Rao product of a hyperedge type's factors.

The Khatri-Rao product of the members' factor matrices has one row per cell of the tensor: too many to write down, and never needed:
the rows of observed hyperedges are products of gathered rows, and its Gram matrix is the Hadamard product of the factors' Gram
matrices (Kolda & Bader 2009, eq. 2.2). Shapes: N entities, E hyperedges of a tile, D embedding_dim.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pipeline.train.unfolding import Tile, Unfolding


def row_products(tile: Tile, unfolding: Unfolding, factors: Mapping[str, Tensor]) -> Tensor:
    """Multiply the rows of all members but the one at the sorted position.

    Parameters
    ----------
    tile
        Hyperedges.
    unfolding
        The unfolding that the tile is from.
    factors
        A (N × D) per modality label.

    Returns
    -------
    Tensor
        p (E × D) of the tile's hyperedges.
    """
    others = [position for position in range(len(unfolding.modalities)) if position != unfolding.position]
    product_ED = factors[unfolding.modalities[others[0]]].index_select(0, tile.members_KE[others[0]])
    for position in others[1:]:
        product_ED.mul_(factors[unfolding.modalities[position]].index_select(0, tile.members_KE[position]))
    return product_ED


def gram(factor_ND: Tensor, other_ND: Tensor, popularity_N: Tensor) -> Tensor:
    """Give Aᵀ diag(q) B (D × D, float64)."""
    return (factor_ND * popularity_N[:, None]).double().T @ other_ND.double()


def hadamard(matrices: Sequence[Tensor]) -> Tensor:
    """Multiply matrices entry by entry."""
    product = matrices[0].clone()
    for matrix in matrices[1:]:
        product.mul_(matrix)
    return product


def mttkrp(unfolding: Unfolding, factors: Mapping[str, Tensor]) -> Tensor:
    """Matricised tensor times Khatri-Rao product: Σ_e x_e p_e into the row at the unfolding's position.

    Returns
    -------
    Tensor
        X_(k) (⊙_{j≠k} A_j), N × D (Kolda & Bader 2009, section 3.4).
    """
    out_ND = torch.zeros_like(factors[unfolding.modalities[unfolding.position]])
    for tile in unfolding.tiles:
        tile.add_sums(out_ND, row_products(tile, unfolding, factors), tile.values_E)
    return out_ND
