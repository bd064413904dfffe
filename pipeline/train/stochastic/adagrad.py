"""A matrix that moves against its gradients, each entry by ever smaller steps. Shapes: N rows, W columns, R rows touched."""

import torch
from torch import Tensor

from pipeline.train.kernels.kernels import Kernels, Move


class Adagrad:
    """Adagrad on the rows that a batch touches.

    Parameters
    ----------
    matrix
        What moves (N × W, or N), in place.
    step_size
        How far an entry moves the first time, where its gradient is large against the root of `beginning`.
    beginning
        Σ g² at the start: what an entry has been asked little of moves little.
    kernels
        What computes.
    """

    def __init__(self, matrix: Tensor, step_size: float, beginning: float, kernels: Kernels) -> None:
        self._matrix_NW = matrix if matrix.ndim == 2 else matrix[:, None]
        self._step_size = step_size
        self._kernels = kernels
        self._squares_NW = torch.full_like(self._matrix_NW, beginning)
        self._gradient_NW = torch.zeros_like(self._matrix_NW)
        self._everyone_N = torch.arange(len(self._matrix_NW), device=matrix.device)
        self._touched: list[Tensor] = []

    def add(self, rows_R: Tensor, gradient: Tensor) -> None:
        """Add gradients (R × W, or R) to rows, which may be named several times."""
        self._kernels.add_rows(self._gradient_NW, rows_R, gradient if gradient.ndim == 2 else gradient[:, None])
        self._touched.append(rows_R)

    def add_all(self, gradient_NW: Tensor) -> None:
        """Add gradients to all rows."""
        self._gradient_NW += gradient_NW
        self._touched.append(self._everyone_N)

    def move(self) -> Move:
        """What is to be moved: the rows that were touched since this was asked for."""
        rows_R = torch.cat(self._touched) if len(self._touched) > 1 else self._touched[0]
        self._touched.clear()
        return Move(self._matrix_NW, self._squares_NW, self._gradient_NW, rows_R, self._step_size)
