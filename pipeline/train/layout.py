"""How a modality's unknowns lie in one matrix: its factor, then a column per offset.

A modality whose entities have offsets in some hyperedge types has a matrix of D + O columns: the factor A (N × D) and the offsets
b, one column per type and position. What solves, steps or travels handles whole matrices; only where hyperedges are predicted
are the two told apart. Shapes: N entities, D embedding_dim, O offsets.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from pipeline.train.problem import Place, Problem

Matrices = Mapping[str, Tensor]
"""[A | b] (N × (D + O)) per modality label."""


_BLOCK = 8_192
"""Rows of a block: what is made of them in between fits in the processor's cache."""


def row_blocks(matrix_ND: Tensor) -> Iterator[slice]:
    """Cut a matrix into blocks of consecutive rows; into one where it is not on a CPU."""
    size = _BLOCK if matrix_ND.device.type == "cpu" else max(1, len(matrix_ND))
    return (slice(begin, begin + size) for begin in range(0, len(matrix_ND), size))


def dot(left_ND: Tensor, right_ND: Tensor) -> Tensor:
    """Add up the products of two matrices' entries, rows in float32 and over rows in float64."""
    sums = [(left_ND[rows] * right_ND[rows]).sum(1) for rows in row_blocks(left_ND)]
    return torch.cat(sums or [left_ND.new_zeros(0)]).sum(dtype=torch.float64)


class Layout:
    """Where the factor and the offsets of each modality are.

    Parameters
    ----------
    problem
        Says which types have offsets.
    embedding_dim
        D.
    """

    def __init__(self, problem: Problem, embedding_dim: int) -> None:
        self.embedding_dim = embedding_dim
        self.widths = {label: embedding_dim + len(problem.offset_places(label)) for label in problem.labels}
        """D + O per modality label."""
        self.columns = {
            place: (label, embedding_dim + number)
            for label in problem.labels
            for number, place in enumerate(problem.offset_places(label))
        }
        """Modality label and column of each offset."""

    def factors(self, matrices: Matrices) -> dict[str, Tensor]:
        """The factors A (N × D), as views."""
        return {label: matrix[:, : self.embedding_dim] for label, matrix in matrices.items()}

    def offsets(self, matrices: Matrices) -> dict[Place, Tensor]:
        """The offsets b (N), as views."""
        return {place: matrices[label][:, column] for place, (label, column) in self.columns.items()}
