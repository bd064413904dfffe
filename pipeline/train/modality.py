"""What one modality's update needs of the problem, laid out on a device: all that does not change between rounds.

Shapes: N entities, D embedding_dim, plus offsets where a whole matrix is meant.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from pipeline.train.layout import Layout
from pipeline.train.problem import Problem
from pipeline.train.sparse_matrix import SparseMatrix
from pipeline.train.unfolding import Unfolding, unfold


@dataclass(frozen=True)
class ModalityTerm:
    """One position of one hyperedge type that the modality holds; the offset's column in the modality's matrix, if there is one."""

    unfolding: Unfolding
    weight: float
    absent_weight: float
    popularity_N: Tensor
    offset_column: int | None


@dataclass(frozen=True)
class ModalityProblem:
    """What one modality's update needs and what does not change between rounds.

    Attributes
    ----------
    label
        Label of the modality.
    terms
        One per hyperedge type and position that the modality holds.
    half_laplacian
        ½ L, or None where the modality has no graph.
    degree_N
        Σ_t λ_t Σ_e (1 − w_t q_e), per entity: the weight of its data.
    even
        Whether an absent cell weighs the same for every entity.
    stiffness
        Mean diagonal of ½ L, plus ρ.
    even_ridge
        ρ where it is the same for every entity, else None.
    ridge_N1
        ρ_i.
    offset_ridge, offset_smoothness
        ρ_b and ν.
    layout
        Where offsets are.
    """

    label: str
    terms: tuple[ModalityTerm, ...]
    half_laplacian: SparseMatrix | None
    degree_N: Tensor
    even: bool
    stiffness: float
    even_ridge: float | None
    ridge_N1: Tensor
    offset_ridge: float
    offset_smoothness: float
    layout: Layout

    def hold(self, matrix_ND: Tensor, rows: slice = slice(None)) -> Tensor:
        """Multiply [A | b], or some rows of it, by the ridge."""
        return self._held(matrix_ND, self.ridge_N1[rows], self.offset_ridge)

    def hold_root(self, matrix_ND: Tensor) -> Tensor:
        """Multiply [A | b] by the ridge's square root."""
        return self._held(matrix_ND, self.ridge_N1.sqrt(), self.offset_ridge**0.5)

    def _held(self, matrix_ND: Tensor, ridge_N1: Tensor, offset_ridge: float) -> Tensor:
        dim = self.layout.embedding_dim
        if matrix_ND.shape[1] == dim:
            return matrix_ND * ridge_N1
        return torch.cat([matrix_ND[:, :dim] * ridge_N1, matrix_ND[:, dim:] * offset_ridge], 1)

    def smooth(self, matrix_ND: Tensor) -> Tensor:
        """Multiply [A | b] by ½ L; zero without a graph."""
        if self.half_laplacian is None:
            return torch.zeros_like(matrix_ND)
        image_ND = self.half_laplacian @ matrix_ND
        image_ND[:, self.layout.embedding_dim :].mul_(self.offset_smoothness)
        return image_ND


def modality_problem(problem: Problem, label: str, layout: Layout, device: torch.device) -> ModalityProblem:
    """Lay one modality's part of the problem out on a device."""
    terms = []
    degree_N = np.zeros(problem.num_entities[label])
    for term in problem.terms:
        for position, modality in enumerate(term.modalities):
            if modality == label:
                popularity_N = torch.from_numpy(term.popularities[position]).to(device)
                _, column = layout.columns.get((term.label, position), (label, None))
                terms.append(ModalityTerm(unfold(term, position, device), term.weight, term.absent_weight, popularity_N, column))
                rows_E = term.hyperedges.members_EK[:, position]
                degree_N += term.weight * np.bincount(rows_E, term.present_weights_E, minlength=len(degree_N))
    laplacian = problem.laplacians.get(label)
    half = None if laplacian is None else sparse.csr_array(0.5 * laplacian)
    ridge_N1 = torch.from_numpy(problem.ridges[label]).to(device)[:, None]
    stiffness = float(ridge_N1.mean()) + (0.0 if half is None else float(half.diagonal().mean()))
    return ModalityProblem(
        label,
        tuple(terms),
        None if half is None else SparseMatrix.on(half, device),
        torch.from_numpy(degree_N.astype(np.float32)).to(device),
        all(bool((term.popularity_N == 1).all()) for term in terms),
        stiffness,
        float(ridge_N1[0]) if bool((ridge_N1 == ridge_N1[0]).all()) else None,
        ridge_N1,
        problem.offset_ridge,
        problem.offset_smoothness,
        layout,
    )
