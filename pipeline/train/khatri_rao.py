"""Rows and Gram matrices of the Khatri-Rao product of a hyperedge type's factors.

The Khatri-Rao product of the members' factor matrices has one row per cell of the tensor: too many to write down, and never needed:
the rows of observed hyperedges are products of gathered rows, and its Gram matrix is the Hadamard product of the factors' Gram
matrices (Kolda & Bader 2009, eq. 2.2). On a CPU the loops over hyperedges are those of `kernels`; elsewhere they are torch's.
Shapes: N entities, E hyperedges of a tile, D embedding_dim, W columns of a modality's matrix, B blocks.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.train import kernels
from pipeline.train.layout import row_blocks
from pipeline.train.threads import Threads
from pipeline.train.unfolding import Tile, Unfolding

_BLOCK = 256
"""Rows whose products are added up in float32 before the sum goes on in float64."""


def row_products(tile: Tile, unfolding: Unfolding, factors: Mapping[str, Tensor], width: int, column: int | None = None) -> Tensor:
    """Multiply the rows of all members but the one at the sorted position.

    Parameters
    ----------
    tile
        Hyperedges.
    unfolding
        The unfolding that the tile is from.
    factors
        A (N × D) per modality label.
    width
        W; columns after the first D are zeros, but for one.
    column
        Which of them is one of ones.

    Returns
    -------
    Tensor
        p (E × W) of the tile's hyperedges.
    """
    others = [position for position in range(len(unfolding.modalities)) if position != unfolding.position]
    gathered = [factors[unfolding.modalities[position]] for position in others]
    num_hyperedges, dim = len(tile.values_E), gathered[0].shape[1]
    product_EW = torch.empty(num_hyperedges, width, device=gathered[0].device)
    product_EW[:, dim:] = 0
    if column is not None:
        product_EW[:, column] = 1
    if product_EW.device.type == "cpu":
        kernels.multiply_rows(
            product_EW.numpy(),
            np.array([factor_ND.data_ptr() for factor_ND in gathered]),
            np.array([factor_ND.stride(0) * factor_ND.element_size() for factor_ND in gathered]),
            np.array([tile.members_KE[position].data_ptr() for position in others]),
            dim,
        )
        return product_EW
    product_ED = gathered[0].index_select(0, tile.members_KE[others[0]])
    for position, factor_ND in zip(others[1:], gathered[1:], strict=True):
        product_ED.mul_(factor_ND.index_select(0, tile.members_KE[position]))
    product_EW[:, :dim] = product_ED
    return product_EW


def add_normal(
    out_NW: Tensor,
    unfolding: Unfolding,
    factors: Mapping[str, Tensor],
    vector_NW: Tensor,
    scale: float,
    values: Callable[[int], Tensor],
    weight: float,
    *,
    kept: Sequence[Tensor] = (),
    column: int | None = None,
    threads: Threads | None = None,
) -> None:
    """Add Σ_e (``weight`` · x_e + ``scale`` · c_e ⟨p_e, v_i⟩) p_e, over the hyperedges e of entity i, to the row of every entity i.

    Parameters
    ----------
    out_NW
        Where to.
    unfolding
        The hyperedges, with c their present weights.
    factors
        A (N × D) per modality label, whose rows p is made of.
    vector_NW
        v, laid out as ``out_NW`` is; it does not matter where the scale is 0.
    scale
        Of the matrix's part.
    values
        x (E) of the tile of that number; not called where the weight is 0.
    weight
        Of the values' part.
    kept
        p (E × W) of the first tiles, where they were made before.
    column
        Where p has a further column, of ones.
    threads
        What to share the work out to, the result being the same; the calling thread does it all where left out.
    """
    if not unfolding.is_weighted:
        scale = 0.0
    if scale == 0 and weight == 0:
        return
    others = [None if place == unfolding.position else factors[label] for place, label in enumerate(unfolding.modalities)]

    def add(group: range) -> None:
        for number in group:
            tile = unfolding.tiles[number]
            values_E = values(number) if weight else tile.values_E
            if number < len(kept):
                tile.add_normal(out_NW, kept[number], vector_NW, scale, values_E, weight)
            elif out_NW.device.type == "cpu":
                tile.add_gathered(out_NW, others, vector_NW, scale, values_E, weight, column)
            else:
                product_EW = row_products(tile, unfolding, factors, out_NW.shape[1], column)
                tile.add_normal(out_NW, product_EW, vector_NW, scale, values_E, weight)

    if threads is not None:
        threads.map(add, unfolding.groups)
        return
    for group in unfolding.groups:
        add(group)


def mttkrp(unfolding: Unfolding, factors: Mapping[str, Tensor], threads: Threads | None = None) -> Tensor:
    """Matricised tensor times Khatri-Rao product: Σ_e x_e p_e into the row at the unfolding's position.

    Returns
    -------
    Tensor
        X_(k) (⊙_{j≠k} A_j), N × D (Kolda & Bader 2009, section 3.4).
    """
    out_ND, tiles = torch.zeros_like(factors[unfolding.modalities[unfolding.position]]), unfolding.tiles
    add_normal(out_ND, unfolding, factors, out_ND, 0.0, lambda number: tiles[number].values_E, 1.0, threads=threads)
    return out_ND


def gram(factor_ND: Tensor, other_ND: Tensor, popularity_N: Tensor) -> Tensor:
    """Give Aᵀ diag(q) B (D × D, float64)."""
    dim = factor_ND.shape[1]
    total_DD = torch.zeros(dim, dim, dtype=torch.float64, device=factor_ND.device)
    for rows in row_blocks(factor_ND):
        weighted_BD, other_BD = factor_ND[rows] * popularity_N[rows, None], other_ND[rows]
        num_blocks = len(weighted_BD) // _BLOCK
        whole = num_blocks * _BLOCK
        left, right = (each_BD[:whole].reshape(num_blocks, _BLOCK, dim) for each_BD in (weighted_BD, other_BD))
        total_DD += torch.bmm(left.transpose(1, 2), right).sum(0, dtype=torch.float64)
        if whole < len(weighted_BD):
            total_DD += weighted_BD[whole:].double().T @ other_BD[whole:].double()
    return total_DD


def hadamard(matrices: Sequence[Tensor]) -> Tensor:
    """Multiply matrices entry by entry."""
    product = matrices[0].clone()
    for matrix in matrices[1:]:
        product.mul_(matrix)
    return product
