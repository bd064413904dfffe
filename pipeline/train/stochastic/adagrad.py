"""A matrix that moves against its gradients, each entry by ever smaller steps. Shapes: N rows, W columns, R rows that move."""

import torch
from torch import Tensor

from pipeline.train.kernels.kernels import Move


class Adagrad:
    """Adagrad on the rows that a batch names.

    Parameters
    ----------
    matrix
        What moves (N × W, or N), in place.
    step_size
        How far an entry moves the first time, where its gradient is large against the root of `beginning`.
    beginning
        Σ g² at the start: what an entry has been asked little of moves little.
    """

    def __init__(self, matrix: Tensor, step_size: float, beginning: float) -> None:
        self._matrix_NW = matrix if matrix.ndim == 2 else matrix[:, None]
        self._step_size = step_size
        self.squares_NW = torch.full_like(self._matrix_NW, beginning)
        """Σ g² of all steps so far, and the beginning."""

    def move(self, gradient: Tensor, rows_R: Tensor | None = None) -> Move:
        """What is to be moved by a gradient (R × W, or R) of rows that are named once, or of all."""
        gradient_RW = gradient if gradient.ndim == 2 else gradient[:, None]
        return Move(self._matrix_NW, self.squares_NW, gradient_RW.contiguous(), rows_R, self._step_size)
