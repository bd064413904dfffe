"""An approximate inverse of a modality's normal equations. Shapes: N entities, D columns of the modality's matrix."""

import torch
from torch import Tensor


class Preconditioner:
    """(G + c_i C)^{-1} for every entity i, by one generalised eigenproblem: UᵀGU = I, UᵀCU = diag(s).

    Parameters
    ----------
    even_DD
        What all entities have alike.
    second_DD
        C, what an entity has for each weight of data: the mean of p pᵀ over the hyperedges, and more.
    stiffness
        What ridge and graph add to the diagonal; G = even + stiffness · I.
    degree_N
        c, the weight of an entity's data.
    """

    def __init__(self, even_DD: Tensor, second_DD: Tensor, stiffness: float, degree_N: Tensor) -> None:
        identity = torch.eye(len(even_DD), dtype=torch.float64, device=even_DD.device)
        floor = stiffness + 1e-6 * float(torch.trace(even_DD + degree_N.double().mean() * second_DD)) / len(even_DD) + 1e-30
        lower_DD = torch.linalg.cholesky(even_DD + floor * identity)
        half_DD = torch.linalg.solve_triangular(lower_DD, second_DD, upper=False)
        inner_DD = torch.linalg.solve_triangular(lower_DD, half_DD.T, upper=False)
        eigenvalues_D, vectors_DD = torch.linalg.eigh(0.5 * (inner_DD + inner_DD.T))
        basis_DD = torch.linalg.solve_triangular(lower_DD.T, vectors_DD, upper=True)
        self._basis_DD = basis_DD.float()
        self._inverse_ND = 1 / (1 + degree_N[:, None] * eigenvalues_D.clamp_min(0).float()[None, :])

    def __call__(self, residual_ND: Tensor) -> Tensor:
        """Apply it (N × D to N × D)."""
        scaled_ND = torch.mul(residual_ND @ self._basis_DD, self._inverse_ND)
        return torch.mm(scaled_ND, self._basis_DD.T)
