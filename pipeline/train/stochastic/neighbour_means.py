"""The graph convolution of the stochastic update: an entity's vector is its own plus what its neighbours' mean.

v_i = o_i e_i + Σ_g γ_g ∘ Σ_j ŵ_ij e_j over a modality's graphs g, with ŵ the weights of i's neighbours divided by their sum and γ_g
learned per component: the Chebyshev filter of order one (Defferrard et al. 2016), with the mean for the Laplacian, so that an
entity without a vector of its own (o_i = 0) has one of a usual size. Shapes: N entities, M relations, R rows, G graphs, D
embedding_dim.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbours of some rows, one after the other.

    Attributes
    ----------
    rows_M
        Rows of the neighbours.
    offsets_R
        Where each row's neighbours begin.
    weights_M
        ŵ.
    owners_M
        Number of the row, from 0 to R − 1, whose neighbour each one is.
    """

    rows_M: Tensor
    offsets_R: Tensor
    weights_M: Tensor
    owners_M: Tensor

    def means(self, vectors_ND: Tensor) -> Tensor:
        """Give Σ_j ŵ_ij e_j (R × D); zero where there is no neighbour."""
        if not len(self.rows_M):
            return vectors_ND.new_zeros(len(self.offsets_R), vectors_ND.shape[1])
        return embedding_bag(self.rows_M, vectors_ND, self.offsets_R, mode="sum", per_sample_weights=self.weights_M)


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

    def of(self, rows_R: Tensor) -> Neighbourhood:
        """The neighbours of some rows."""
        rows = rows_R.numpy()
        begins, counts = self._begins[rows], self._begins[rows + 1] - self._begins[rows]
        offsets = np.cumsum(counts) - counts
        owners = np.repeat(np.arange(len(rows)), counts)
        entries = np.arange(len(owners)) + (begins - offsets)[owners]
        found = (self._columns[entries], offsets, self._values[entries], owners)
        return Neighbourhood(*(torch.from_numpy(array) for array in found))

    def everyone(self) -> Neighbourhood:
        """The neighbours of all rows."""
        return self.of(torch.arange(len(self._begins) - 1))
