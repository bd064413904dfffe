"""An approximate inverse of a modality's normal equations. Shapes: N entities of a worker, D columns of the modality's matrix."""

import torch
from torch import Tensor

from pipeline.train.kernels.kernels import Kernels


class Preconditioner:
    """(G + c_i C)^{-1} for every entity i, by one generalised eigenproblem: UᵀGU = I, UᵀCU = diag(s).

    Parameters
    ----------
    kernels
        What computes with it.
    even_DD
        What all entities have alike.
    second_DD
        C, what an entity has for each weight of data: the mean of p pᵀ over the hyperedges, and more.
    stiffness
        What ridge and graph add to the diagonal; G = even + stiffness · I.
    degree_N
        c, the weight of an entity's data.
    mean_degree
        Its mean over all entities of the modality.
    """

    def __init__(
        self, kernels: Kernels, even_DD: Tensor, second_DD: Tensor, stiffness: float, degree_N: Tensor, mean_degree: float
    ) -> None:
        self._kernels = kernels
        floor = stiffness + 1e-6 * float(torch.trace(even_DD + mean_degree * second_DD)) / len(even_DD) + 1e-30
        # Not by Cholesky: of data that say little, rounding leaves G with eigenvalues below zero, and by more than the floor.
        evens_D, axes_DD = torch.linalg.eigh(0.5 * (even_DD + even_DD.T))
        white_DD = axes_DD * (evens_D.clamp_min(0) + floor).rsqrt()
        inner_DD = white_DD.T @ second_DD @ white_DD
        eigenvalues_D, vectors_DD = torch.linalg.eigh(0.5 * (inner_DD + inner_DD.T))
        basis_DD = white_DD @ vectors_DD
        self._basis_DD = basis_DD.float()
        self._eigenvalues_D = eigenvalues_D.clamp_min(0).float()
        self._degree_N = degree_N

    def __call__(self, residual_ND: Tensor, out_ND: Tensor) -> Tensor:
        """Apply it (N × D to N × D), some rows after others: what is in between stays small."""
        for rows in self._kernels.row_blocks(residual_ND):
            scale_BD = (self._degree_N[rows, None] * self._eigenvalues_D).add_(1)
            torch.mm((residual_ND[rows] @ self._basis_DD).div_(scale_BD), self._basis_DD.T, out=out_ND[rows])
        return out_ND
