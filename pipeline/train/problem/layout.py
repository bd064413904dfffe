"""How a modality's unknowns lie in one matrix: its factor, then a column per offset.

A modality whose entities have offsets in some hyperedge types has a matrix of D + O columns: the factor A (N × D) and the offsets
b, one column per type and position. What solves, steps or travels handles whole matrices; only where hyperedges are predicted
are the two told apart. Shapes: N entities, D embedding_dim, O offsets.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from torch import Tensor

from pipeline.train.problem.problem import Problem, TypePosition

Factors = dict[str, npt.NDArray[np.float32]]
"""A (N × D) per modality label."""
Matrices = Mapping[str, Tensor]
"""[A | b] (N × (D + O)) per modality label."""


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
        self.widths = {label: embedding_dim + len(problem.offset_positions(label)) for label in problem.labels}
        """D + O per modality label."""
        self.columns = {
            at: (label, embedding_dim + number)
            for label in problem.labels
            for number, at in enumerate(problem.offset_positions(label))
        }
        """Modality label and column of each offset."""

    def factors(self, matrices: Matrices) -> dict[str, Tensor]:
        """The factors A (N × D), as views."""
        return {label: matrix[:, : self.embedding_dim] for label, matrix in matrices.items()}

    def offsets(self, matrices: Matrices) -> dict[TypePosition, Tensor]:
        """The offsets b (N), as views."""
        return {at: matrices[label][:, column] for at, (label, column) in self.columns.items()}
