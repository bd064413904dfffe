"""A sparse matrix on a device, made for products with tall matrices. Shapes: N rows and columns, M entries, D embedding_dim."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class SparseMatrix:
    """Rows as bags of weighted row numbers: the product gathers and adds in one pass, on a CPU and on a GPU, in a fixed order.

    Attributes
    ----------
    columns_M
        Column of each entry, row by row, int32.
    offsets_N
        Where each row begins, int32.
    values_M
        The entries, float32.
    num_columns
        Number of columns.
    """

    columns_M: Tensor
    offsets_N: Tensor
    values_M: Tensor
    num_columns: int

    @classmethod
    def on(cls, matrix: sparse.csr_array, device: torch.device) -> "SparseMatrix":
        """Put a SciPy matrix on a device."""
        return cls(
            torch.from_numpy(matrix.indices.astype(np.int32)).to(device),
            torch.from_numpy(matrix.indptr[:-1].astype(np.int32)).to(device),
            torch.from_numpy(matrix.data.astype(np.float32)).to(device),
            int(matrix.shape[1]),
        )

    def __matmul__(self, dense_ND: Tensor) -> Tensor:
        """Multiply by a dense matrix (N × D)."""
        return embedding_bag(self.columns_M, dense_ND, self.offsets_N, mode="sum", per_sample_weights=self.values_M)
