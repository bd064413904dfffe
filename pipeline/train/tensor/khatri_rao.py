"""Rows and Gram matrices of the Khatri-Rao product of a hyperedge type's factors.

The Khatri-Rao product of the members' factor matrices has one row per cell of the tensor: too many to write down, and never needed:
the rows of observed hyperedges are products of gathered rows, and its Gram matrix is the Hadamard product of the factors' Gram
matrices (Kolda & Bader 2009, eq. 2.2). With x for values, Σ_e x_e p_e is the matricised tensor times that product (MTTKRP, section
3.4). Shapes: N entities, E hyperedges of a tile, D embedding_dim, W columns of a modality's matrix.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from pipeline.train.tensor.unfolding import Tile, Unfolding


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
    return unfolding.kernels.products(tile.others(unfolding, factors), width, column)


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
    """
    if not unfolding.is_weighted:
        scale = 0.0
    if scale == 0 and weight == 0:
        return
    kernels = unfolding.kernels
    for number, tile in enumerate(unfolding.tiles):
        values_E = values(number) if weight else tile.values_E
        if number < len(kept):
            kernels.add_segments(out_NW, tile.segments, kept[number], vector_NW, tile.present_E, values_E, scale, weight)
        else:
            others = tile.others(unfolding, factors)
            kernels.add_gathered(out_NW, tile.segments, others, vector_NW, tile.present_E, values_E, scale, weight, column)


def hadamard(matrices: Sequence[Tensor]) -> Tensor:
    """Multiply matrices entry by entry."""
    product = matrices[0].clone()
    for matrix in matrices[1:]:
        product.mul_(matrix)
    return product
