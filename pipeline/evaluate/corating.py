"""A graph of entities that occur together, made of training hyperedges alone. Shapes: N and M entities, E hyperedges."""

import numpy as np
import numpy.typing as npt
from scipy import sparse


def corating_graph(
    rows_E: npt.NDArray[np.int64], others_E: npt.NDArray[np.int64], shape: tuple[int, int], num_neighbours: int
) -> sparse.csr_array:
    """Tie every entity to those whose partners are most alike, by the cosine of their incidence vectors.

    Parameters
    ----------
    rows_E
        Rows of the entities to tie.
    others_E
        Rows of their partners: who rated it, or what they rated.
    shape
        N × M.
    num_neighbours
        How many each entity chooses; it may be chosen by more.

    Returns
    -------
    sparse.csr_array
        Cosines (N × N), symmetric, no diagonal.
    """
    incidence = sparse.csr_array((np.ones(len(rows_E)), (rows_E, others_E)), shape=shape)
    lengths_N = np.sqrt(np.maximum(np.diff(incidence.indptr), 1))
    cosines = sparse.csr_array((incidence @ incidence.T) / lengths_N[:, None] / lengths_N[None, :])
    cosines.setdiag(0)
    cosines.eliminate_zeros()
    keep = np.zeros(cosines.nnz, dtype=bool)
    for begin, end in zip(cosines.indptr[:-1], cosines.indptr[1:], strict=True):
        keep[begin + np.argsort(-cosines.data[begin:end], kind="stable")[:num_neighbours]] = True
    cosines.data *= keep
    cosines.eliminate_zeros()
    return sparse.csr_array(cosines.maximum(cosines.T), dtype=np.float32)
