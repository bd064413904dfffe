"""Loops over the rows that a batch of the stochastic update touches, compiled; by the names that `Kernels` gives them.

Torch would make the rows unique, gather, compute, and scatter: five passes where one does. Compiled as `loops` are: no lock held,
on the thread that calls them, in one fixed order. Shapes: N entities, W columns, R rows, M entries.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types

from pipeline.train.kernels.registers import REORDERED

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_MATRIX, _VECTOR, _ROWS = types.float32[:, ::1], types.float32[::1], types.int64[::1]


def _compiled(*arguments: object) -> Any:  # noqa: ANN401 - numba's
    return njit(types.void(*arguments), nogil=True, fastmath=set(REORDERED), error_model="numpy", cache=True)


@_compiled(_MATRIX, _ROWS, _ROWS, _VECTOR, _MATRIX)  # type: ignore[untyped-decorator]
def add_weighted_rows(out_NW: Floats, rows_M: Rows, owners_M: Rows, weights_M: Floats, given_RW: Floats) -> None:
    """Add weight times row ``owner`` of what is given to row ``row``, for each entry."""
    width = np.uintp(out_NW.shape[1])
    for m in range(len(rows_M)):
        out_W, given_W, weight = out_NW[rows_M[m]], given_RW[owners_M[m]], weights_M[m]
        for column in range(width):
            out_W[column] += weight * given_W[column]


@_compiled(_MATRIX, _MATRIX, _MATRIX, _ROWS, types.float64)  # type: ignore[untyped-decorator]
def adagrad(matrix_NW: Floats, squares_NW: Floats, gradient_NW: Floats, rows_R: Rows, step_size: float) -> None:
    """Move rows against their gradient by Adagrad, each once, and forget the gradient."""
    width, size = np.uintp(matrix_NW.shape[1]), np.float32(step_size)
    for r in range(len(rows_R)):
        row = rows_R[r]
        moved_W, squares_W, gradient_W = matrix_NW[row], squares_NW[row], gradient_NW[row]
        for column in range(width):
            slope = gradient_W[column]
            # A row that stands here twice has no gradient left the second time, and does not move.
            squares_W[column] += slope * slope
            moved_W[column] -= size * slope / (np.sqrt(squares_W[column]) + np.float32(1e-10))
            gradient_W[column] = 0
