"""Sums over hyperedges, rows and graphs along a line: all that the objective at A + α·S needs, for every α at once.

All factors and offsets move together, A_θ + α S_θ. Then x̂_e = Σ_r Π_k (a_k + α s_k) + Σ_k (b_k + α c_k) is a polynomial of degree K
in α, and one pass over the hyperedges adds up the products of all their coefficients. Shapes: N entities, E hyperedges of a tile,
K arity, D embedding_dim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.train.kernels.kernels import Gathered, Kernels
from pipeline.train.problem.problem import TypePosition
from pipeline.train.tensor.unfolding import Tile, Unfolding


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
    offsets: Mapping[TypePosition, Tensor]
    offset_steps: Mapping[TypePosition, Tensor]


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
    labels, arity = unfolding.modalities, len(unfolding.modalities)
    of_position = [unfolding.rows if position == unfolding.position else slice(None) for position in range(arity)]
    factors = [path.factors[label][rows] for label, rows in zip(labels, of_position, strict=True)]
    steps = [path.steps[label][rows] for label, rows in zip(labels, of_position, strict=True)]
    total = torch.zeros(arity + 2, arity + 2, dtype=torch.float64, device=unfolding.kernels.device)
    for tile in tiles:
        here = [Gathered(factor_ND, rows_E) for factor_ND, rows_E in zip(factors, tile.members_KE, strict=True)]
        predicted_EC = unfolding.kernels.predict_along(here, steps)
        for position, rows_E in enumerate(tile.members_KE):
            if (at := (unfolding.label, position)) in path.offsets:
                for degree, offsets in enumerate((path.offsets, path.offset_steps)):
                    predicted_EC[:, degree].add_(offsets[at][of_position[position]].index_select(0, rows_E))
        exact_EC, values_E = predicted_EC[:, : arity + 1].double(), tile.values_E.double()
        total[0, 0] += values_E @ values_E
        total[0, 1:] += values_E @ exact_EC
        if unfolding.is_weighted:
            total[1:, 1:] += (exact_EC * tile.present_E[:, None]).T @ exact_EC
    return total


def gram_along(kernels: Kernels, factor_ND: Tensor, step_ND: Tensor, popularity_N: Tensor) -> Tensor:
    """Coefficients in α of (A + αS)ᵀ diag(q) (A + αS), 3 × D × D, float64."""
    gram = kernels.gram
    cross_DD = gram(factor_ND, step_ND, popularity_N)
    return torch.stack([gram(factor_ND, factor_ND, popularity_N), cross_DD + cross_DD.T, gram(step_ND, step_ND, popularity_N)])


def quadratic_along(
    kernels: Kernels, apply: Callable[[Tensor], Tensor], matrix_ND: Tensor, step_ND: Tensor, rows: slice = slice(None)
) -> Tensor:
    """Coefficients in α of tr((A + αS)ᵀ Q (A + αS)) for a symmetric Q, which ``apply`` multiplies by; 3, float64.

    Or the part of them that is of some rows, where ``apply`` gives those of the product.
    """
    dot, image_BD = kernels.dot, apply(matrix_ND)
    first, second = dot(matrix_ND[rows], image_BD), 2 * dot(step_ND[rows], image_BD)
    del image_BD
    return torch.stack([first, second, dot(step_ND[rows], apply(step_ND))])
