"""Loops over what a batch of the stochastic update touches, compiled; by the names that `Kernels` gives them.

Torch would take a pass through memory for each product and each sum, and for Adagrad gather, compute, and scatter. Compiled as
`loops` are: no lock held, on the thread that calls them, in one fixed order. Shapes: K arity, B hyperedges of a batch, D
embedding_dim, N entities, W columns, R rows.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types

from pipeline.train.kernels.registers import REORDERED

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_STACK, _MATRIX, _ROWS = types.float32[:, :, ::1], types.float32[:, ::1], types.int64[::1]


def _compiled(*arguments: object) -> Any:  # noqa: ANN401 - numba's
    return njit(types.void(*arguments), nogil=True, fastmath=set(REORDERED), error_model="numpy", cache=True)


@njit(types.float32[::1](_MATRIX, types.int64, types.int64), nogil=True, error_model="numpy", cache=True)
def _product_without(rows_KD: Floats, one: int, other: int) -> Floats:
    """Multiply the rows but for two, which may be the same."""
    product_D = np.ones(rows_KD.shape[1], np.float32)
    for k in range(len(rows_KD)):
        if k not in (one, other):
            for d in range(len(product_D)):
                product_D[d] *= rows_KD[k, d]
    return product_D


@_compiled(_STACK, _STACK, _MATRIX)  # type: ignore[untyped-decorator]
def products_without_one(out_KBD: Floats, moved_KBD: Floats, centres_KD: Floats) -> None:
    """Write Π_{j≠k} u_j − Π_{j≠k} c_j for every position k."""
    arity, count, width = moved_KBD.shape[0], moved_KBD.shape[1], np.uintp(moved_KBD.shape[2])
    for k in range(arity):
        taken_off_D = _product_without(centres_KD, k, k)
        for b in range(count):
            out_D = out_KBD[k, b]
            for d in range(width):
                out_D[d] = 1
            for j in range(arity):
                if j != k:
                    moved_D = moved_KBD[j, b]
                    for d in range(width):
                        out_D[d] *= moved_D[d]
            for d in range(width):
                out_D[d] -= taken_off_D[d]


@_compiled(_STACK, _MATRIX, _STACK, _STACK, _MATRIX)  # type: ignore[untyped-decorator]
def carry(out_KBD: Floats, by_centres_KD: Floats, gradient_KBD: Floats, moved_KBD: Floats, centres_KD: Floats) -> None:
    """Write Σ_{k≠j} g_k Π_{i≠j,k} u_i for every position j, and add Σ_b Σ_{k≠j} g_k (Π_{i≠j,k} u_i − Π_{i≠j,k} c_i)."""
    arity, count, width = moved_KBD.shape[0], moved_KBD.shape[1], np.uintp(moved_KBD.shape[2])
    part_D = np.empty(moved_KBD.shape[2], np.float32)
    for j in range(arity):
        by_centre_D = by_centres_KD[j]
        for b in range(count):
            for d in range(width):
                out_KBD[j, b, d] = 0
        for k in range(arity):
            if k == j:
                continue
            taken_off_D = _product_without(centres_KD, j, k)
            for b in range(count):
                gradient_D, out_D = gradient_KBD[k, b], out_KBD[j, b]
                for d in range(width):
                    part_D[d] = gradient_D[d]
                for i in range(arity):
                    if i not in (j, k):
                        moved_D = moved_KBD[i, b]
                        for d in range(width):
                            part_D[d] *= moved_D[d]
                for d in range(width):
                    out_D[d] += part_D[d]
                    by_centre_D[d] += part_D[d] - gradient_D[d] * taken_off_D[d]


@_compiled(_MATRIX, _MATRIX, _MATRIX, _ROWS, types.float64)  # type: ignore[untyped-decorator]
def adagrad(matrix_NW: Floats, squares_NW: Floats, gradient_RW: Floats, rows_R: Rows, step_size: float) -> None:
    """Move rows, each named once, against their gradient by Adagrad."""
    width, size = np.uintp(matrix_NW.shape[1]), np.float32(step_size)
    for r in range(len(rows_R)):
        row = rows_R[r]
        moved_W, squares_W, gradient_W = matrix_NW[row], squares_NW[row], gradient_RW[r]
        for column in range(width):
            slope = gradient_W[column]
            squares_W[column] += slope * slope
            moved_W[column] -= size * slope / (np.sqrt(squares_W[column]) + np.float32(1e-10))
