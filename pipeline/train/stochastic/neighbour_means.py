"""The means of neighbours' own vectors: the graph convolution of the stochastic update.

Σ_j ŵ_ij e_j, with ŵ the weights of i's neighbours divided by their sum: the Chebyshev filter of order one (Defferrard et al. 2016),
with the mean for the Laplacian, so that it is of a usual size for any number of neighbours. Shapes: N entities, R rows, D
embedding_dim.
"""

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import embedding_bag


class NeighbourMeans:
    """One graph of a modality.

    Parameters
    ----------
    weights
        Symmetric weights (N × N).
    speaks_N
        Which entities have a vector of their own; the others are nobody's neighbours.
    """

    def __init__(self, weights: sparse.csr_array, speaks_N: npt.NDArray[np.bool_]) -> None:
        weights = sparse.csr_array(weights @ sparse.diags_array(speaks_N.astype(np.float32)))
        weights.eliminate_zeros()
        self._begins = weights.indptr.astype(np.int64)
        self._columns = weights.indices.astype(np.int64)
        sums_N = np.asarray(weights.sum(axis=1)).ravel()
        degrees = np.diff(self._begins)
        self._values = (weights.data / np.repeat(np.where(sums_N > 0, sums_N, 1), degrees)).astype(np.float32)
        self.hears_N: npt.NDArray[np.bool_] = degrees > 0
        """Which entities have a neighbour that speaks."""

    def of(self, rows_R: Tensor, vectors_ND: Tensor) -> Tensor:
        """Give the means of the neighbours of some rows, numbered on the CPU, where the vectors are (R × D); zero for none."""
        rows = rows_R.numpy()
        begins, counts = self._begins[rows], self._begins[rows + 1] - self._begins[rows]
        offsets = np.cumsum(counts) - counts
        entries = np.arange(counts.sum()) + np.repeat(begins - offsets, counts)
        if not len(entries):
            return vectors_ND.new_zeros(len(rows), vectors_ND.shape[1])
        found = (self._columns[entries], offsets, self._values[entries])
        neighbours, begin, weights = (torch.from_numpy(each).to(vectors_ND.device) for each in found)
        return embedding_bag(neighbours, vectors_ND, begin, mode="sum", per_sample_weights=weights)
