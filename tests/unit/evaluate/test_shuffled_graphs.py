import numpy as np

from pipeline.domain.hypergraph import Hypergraph
from pipeline.evaluate.shuffled_graphs import shuffled


def test_shuffling_keeps_degrees(films: Hypergraph) -> None:
    for key, matrix in shuffled(films.graphs, 3).items():
        original = films.graphs[key]
        assert matrix.nnz == original.nnz
        assert sorted(np.diff(matrix.indptr)) == sorted(np.diff(original.indptr))
        assert len(original.indptr) < 100 or (matrix != original).nnz > 0
