"""The normalised Laplacian of an intra-modal graph. Shapes: N entities, M stored weights, R relations."""

import numpy as np
from scipy import sparse


def normalised_laplacian(weights: sparse.csr_array) -> sparse.csr_array:
    """Give L = I − D^{-1/2} W D^{-1/2} for a symmetric weight matrix.

    The row and column of an isolated entity are zero, its diagonal included: nothing ties it, so nothing may pull it. Then
    aᵀLa = ½ Σ_ij w_ij (a_i/√d_i − a_j/√d_j)², which is networkx's convention too. The paper prints D^{-1}W, which is not symmetric;
    the symmetric form is the one whose quadratic form the objective needs (Chung 1997, eq. 1.2).

    Parameters
    ----------
    weights
        W (N × N), symmetric, no negative entry, zero diagonal.

    Returns
    -------
    sparse.csr_array
        L (N × N, float64), symmetric, positive semidefinite, eigenvalues in [0, 2].
    """
    adjacency = sparse.csr_array(weights, dtype=np.float64, copy=True)
    adjacency.eliminate_zeros()
    degree_N = np.asarray(adjacency.sum(axis=1)).ravel()
    tied_N = degree_N > 0
    inverse_root_N = np.zeros_like(degree_N)
    inverse_root_N[tied_N] = degree_N[tied_N] ** -0.5
    rows_M, columns_M = adjacency.nonzero()
    # One product of the two ends' factors, so that entry (i, j) is entry (j, i) to the bit.
    adjacency.data *= inverse_root_N[rows_M] * inverse_root_N[columns_M]
    return sparse.csr_array(sparse.diags_array(tied_N.astype(np.float64)) - adjacency)


def normalised_incidence(weights: sparse.csr_array) -> sparse.csr_array:
    """Give B with BᵀB = L, a row per relation: √w (e_i / √d_i − e_j / √d_j).

    Parameters
    ----------
    weights
        W (N × N), symmetric, no negative entry, zero diagonal.

    Returns
    -------
    sparse.csr_array
        B (R × N, float64).
    """
    upper = sparse.coo_array(sparse.triu(sparse.csr_array(weights, dtype=np.float64), k=1))
    degree_N = np.asarray(weights.sum(axis=1), dtype=np.float64).ravel()
    relations = np.arange(upper.nnz)
    ends = [np.sqrt(upper.data / degree_N[side]) for side in upper.coords]
    entries = np.concatenate([ends[0], -ends[1]])
    cells = (np.concatenate([relations, relations]), np.concatenate(upper.coords))
    return sparse.csr_array((entries, cells), shape=(upper.nnz, len(degree_N)))
