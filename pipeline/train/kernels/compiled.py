"""The loops over hyperedges compiled for a CPU, by the names that `Kernels` gives them.

Every call passes addresses: the tensors they are of live as long as the call. Shapes as in `pipeline.train.kernels.kernels`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from pipeline.train.kernels import batch, loops
from pipeline.train.kernels.kernels import Gathered, Kernels, Move, Namings, Segments

_BLOCK = 8_192
"""Rows of a block of a tall matrix: what is made of them in between fits in the processor's cache."""


class CompiledKernels(Kernels):
    """Compiled loops on a CPU; torch does what it does as quickly."""

    longest_sum = None
    tile_size = 4_096
    """4096 × 32 × 4 bytes = half a MiB a gathered operand: it stays in the cache until it has been added up."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))

    def row_blocks(self, matrix_ND: Tensor) -> Iterator[slice]:
        """Cut a matrix into blocks of consecutive rows that stay in the cache."""
        return (slice(begin, begin + _BLOCK) for begin in range(0, len(matrix_ND), _BLOCK))

    def multiply_rows(self, out_EW: Tensor, gathered: Sequence[Gathered]) -> None:
        """Write the products of gathered rows (E × D) to the first D columns."""
        loops.multiply_rows(out_EW.numpy(), *map(np.array, _pointers(gathered)), gathered[0].matrix_ND.shape[1])

    def add_segments(
        self,
        out_NW: Tensor,
        segments: Segments,
        product_EW: Tensor,
        vector_NW: Tensor,
        present_E: Tensor,
        values_E: Tensor,
        scale: float,
        weight: float,
    ) -> None:
        """Add Σ_e (weight · x_e + scale · c_e ⟨p_e, v_i⟩) p_e to every row i."""
        loops.add_segments(
            out_NW[segments.rows].numpy(),
            segments.offsets_S.numpy(),
            product_EW.numpy(),
            vector_NW[segments.rows].numpy(),
            present_E.numpy(),
            values_E.numpy(),
            scale,
            weight,
        )

    def add_gathered(
        self,
        out_NW: Tensor,
        segments: Segments,
        gathered: Sequence[Gathered],
        vector_NW: Tensor,
        present_E: Tensor,
        values_E: Tensor,
        scale: float,
        weight: float,
        column: int | None,
    ) -> None:
        """Add the same without writing p down."""
        skipped = segments.first_row * _stride(out_NW)
        loops.add_gathered(gathered[0].matrix_ND.shape[1])(
            out_NW.data_ptr() + skipped,
            vector_NW.data_ptr() + skipped,
            _stride(out_NW),
            segments.offsets_S.numpy(),
            *map(np.array, _pointers(gathered)),
            present_E.numpy(),
            values_E.numpy(),
            scale,
            weight,
            column or 0,
        )

    def predict_along(self, here: Sequence[Gathered], steps: Sequence[Tensor]) -> Tensor:
        """Give the coefficients in α of the sum over the columns of Π_k (a_k + α s_k), E × (`loops.MOST_MEMBERS` + 1)."""
        arity, dim = len(here), here[0].matrix_ND.shape[1]
        if arity > loops.MOST_MEMBERS:
            return super().predict_along(here, steps)
        factors, strides, members = _pointers(here)
        # Members up to the number that the loop is written for are ones that do not move.
        spare, ones_D, zeros_D = loops.MOST_MEMBERS - arity, torch.ones(dim), torch.zeros(dim)
        out_EC = torch.empty(len(here[0].rows_E), loops.MOST_MEMBERS + 1)
        loops.predict_along(
            out_EC.numpy(),
            np.array(factors + spare * [ones_D.data_ptr()]),
            np.array([step_ND.data_ptr() for step_ND in steps] + spare * [zeros_D.data_ptr()]),
            np.array(strides + spare * [0]),
            np.array(members + spare * [members[0]]),
            arity,
            dim,
        )
        return out_EC

    def add_up(self, values_MW: Tensor, namings: Namings) -> Tensor:
        """Add up what is said of each row."""
        return embedding_bag(namings.order_M, values_MW, namings.begins_P, mode="sum")

    def asked_together(self, sizes: Sequence[int]) -> list[list[int]]:
        """Which slots of a batch are one piece of work: each, for a thread of its own."""
        return [[slot] for slot in range(len(sizes))]

    def products_without_one(self, moved_KBD: Tensor, centres_KD: Tensor) -> Tensor:
        """Give Π_{j≠k} u_j − Π_{j≠k} c_j for every position k."""
        out_KBD = torch.empty_like(moved_KBD)
        batch.products_without_one(out_KBD.numpy(), moved_KBD.numpy(), centres_KD.numpy())
        return out_KBD

    def carry(self, gradient_KBD: Tensor, moved_KBD: Tensor, centres_KD: Tensor) -> tuple[Tensor, Tensor]:
        """Carry gradients by `products_without_one` on to what is multiplied."""
        out_KBD, by_centres_KD = torch.empty_like(moved_KBD), torch.zeros_like(centres_KD)
        arrays = (each.numpy() for each in (out_KBD, by_centres_KD, gradient_KBD, moved_KBD, centres_KD))
        batch.carry(*arrays)
        return out_KBD, by_centres_KD

    def adagrad(self, moves: Sequence[Move]) -> None:
        """Move rows against their gradient by Adagrad, and forget it."""
        for matrix_NW, squares_NW, gradient_RW, rows_R, step_size in moves:
            rows = torch.arange(len(matrix_NW)) if rows_R is None else rows_R
            batch.adagrad(matrix_NW.numpy(), squares_NW.numpy(), gradient_RW.numpy(), rows.numpy(), step_size)


def _stride(matrix_ND: Tensor) -> int:
    """Bytes from row to row."""
    return matrix_ND.stride(0) * matrix_ND.element_size()


def _pointers(gathered: Sequence[Gathered]) -> tuple[list[int], list[int], list[int]]:
    """Addresses of the matrices, bytes from row to row, addresses of the rows' numbers."""
    return (
        [member.matrix_ND.data_ptr() for member in gathered],
        [_stride(member.matrix_ND) for member in gathered],
        [member.rows_E.data_ptr() for member in gathered],
    )
