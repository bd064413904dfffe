import networkx as nx
import numpy as np

from pipeline.evaluate.corating import corating_graph


def test_cosines_are_those_of_the_dense_incidence() -> None:
    rng = np.random.default_rng(0)
    incidence = rng.random((8, 12)) < 0.6
    rows, others = np.nonzero(incidence)
    lengths = np.linalg.norm(incidence.astype(float), axis=1)
    expected = (incidence @ incidence.T.astype(float)) / np.outer(lengths, lengths)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(corating_graph(rows, others, (8, 12), 8).toarray(), expected, rtol=1e-6)


def test_everyone_keeps_its_nearest_and_those_it_is_nearest_of() -> None:
    """A star: the middle is everyone's nearest, so all ties stay though it chooses one alone."""
    rows = np.array([0, 0, 0, 1, 2, 3])
    others = np.array([0, 1, 2, 0, 1, 2])
    graph = nx.from_scipy_sparse_array(corating_graph(rows, others, (5, 3), 1))
    assert sorted(graph.edges) == [(0, 1), (0, 2), (0, 3)]
    assert nx.number_of_isolates(graph) == 1  # the last rated nothing
