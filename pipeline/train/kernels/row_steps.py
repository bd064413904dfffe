"""Loops over the rows that a batch of the stochastic update touches, compiled; by the names that `Kernels` gives them.

Torch would make the rows unique, gather, compute, and scatter: five passes where one does. Compiled as `loops` are: no lock held,
on the thread that calls them, in one fixed order. Shapes: N entities, W columns, R rows.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types

from pipeline.train.kernels.registers import REORDERED

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_MATRIX, _ROWS = types.float32[:, ::1], types.int64[::1]


def _compiled(*arguments: object) -> Any:  # noqa: ANN401 - numba's
    return njit(types.void(*arguments), nogil=True, fastmath=set(REORDERED), error_model="numpy", cache=True)


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
