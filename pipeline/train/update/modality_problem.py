"""What one modality's update needs of the problem, laid out on a device: all that does not change between rounds.

A worker that has some rows of the modality has what concerns them. Shapes: M entities of the modality, N those that the worker has,
D embedding_dim, plus offsets where a whole matrix is meant.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from pipeline.train.kernels.kernels import Kernels
from pipeline.train.kernels.sparse_matrix import SparseMatrix
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem
from pipeline.train.sharing.exchange import WHOLE, Peers
from pipeline.train.tensor.unfolding import Unfolding, unfold


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
    peers
        Who has the other rows, and which are this worker's.
    num_entities
        M.
    half_laplacian
        Rows of ½ L (N × M), or None where the modality has no graph.
    degree_N
        Σ_t λ_t Σ_e (1 − w_t q_e), per entity: the weight of its data.
    mean_degree
        Its mean over all M.
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
    kernels
        What computes with it.
    """

    label: str
    terms: tuple[ModalityTerm, ...]
    peers: Peers
    num_entities: int
    half_laplacian: SparseMatrix | None
    degree_N: Tensor
    mean_degree: float
    even: bool
    stiffness: float
    even_ridge: float | None
    ridge_N1: Tensor
    offset_ridge: float
    offset_smoothness: float
    layout: Layout
    kernels: Kernels

    def hold(self, matrix_ND: Tensor, rows: slice = slice(None)) -> Tensor:
        """Multiply the worker's rows of [A | b], or some of these, by the ridge."""
        dim = self.layout.embedding_dim
        held_ND = matrix_ND * self.ridge_N1[rows]
        if matrix_ND.shape[1] > dim:
            held_ND[:, dim:] = matrix_ND[:, dim:] * self.offset_ridge
        return held_ND

    def smooth(self, matrix_MD: Tensor) -> Tensor:
        """Multiply [A | b] by ½ L, and give the worker's rows; zero without a graph."""
        if self.half_laplacian is None:
            return torch.zeros_like(matrix_MD[self.peers.rows])
        image_ND = self.half_laplacian @ matrix_MD
        image_ND[:, self.layout.embedding_dim :].mul_(self.offset_smoothness)
        return image_ND


def modality_problem(problem: Problem, label: str, layout: Layout, kernels: Kernels, peers: Peers = WHOLE) -> ModalityProblem:
    """Lay one modality's part of the problem out for some kernels; what is of one worker's rows, where several have it."""
    terms, device, rows, count = [], kernels.device, peers.rows, problem.num_entities[label]
    degree_M, is_even = np.zeros(count), True
    for term in problem.terms:
        for position, modality in enumerate(term.modalities):
            if modality == label:
                is_even &= bool((term.popularities[position] == 1).all())
                popularity_N = torch.from_numpy(term.popularities[position][rows]).to(device)
                _, column = layout.columns.get((term.label, position), (label, None))
                unfolding = unfold(term, position, kernels, rows)
                terms.append(ModalityTerm(unfolding, term.weight, term.absent_weight, popularity_N, column))
                rows_E = term.hyperedges.members_EK[:, position]
                degree_M += term.weight * np.bincount(rows_E, term.present_weights_E, minlength=count)
    laplacian = problem.laplacians.get(label)
    half = None if laplacian is None else sparse.csr_array(0.5 * laplacian)
    ridge_M1 = torch.from_numpy(problem.ridges[label]).to(device)[:, None]
    stiffness = float(ridge_M1.mean()) + (0.0 if half is None else float(half.diagonal().mean()))
    return ModalityProblem(
        label,
        tuple(terms),
        peers,
        count,
        None if half is None else kernels.sparse(sparse.csr_array(half[rows])),
        torch.from_numpy(degree_M[rows].astype(np.float32)).to(device),
        float(degree_M.clip(0).mean()) if count else 0.0,
        is_even,
        stiffness,
        float(ridge_M1[0]) if bool((ridge_M1 == ridge_M1[0]).all()) else None,
        ridge_M1[rows],
        problem.offset_ridge,
        problem.offset_smoothness,
        layout,
        kernels,
    )
