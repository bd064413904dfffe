import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.train.problem.laplacian import normalised_laplacian
from tests.unit.train.hypergraphs import dense_laplacian, random_graph


@settings(deadline=None)
@given(st.integers(1, 12), st.floats(0, 1), st.integers(0, 99))
def test_it_is_the_one_of_networkx(count: int, density: float, seed: int) -> None:
    weights = random_graph(count, density, np.random.default_rng(seed))
    expected = nx.normalized_laplacian_matrix(nx.from_scipy_sparse_array(weights)).toarray()
    np.testing.assert_allclose(normalised_laplacian(weights).toarray(), expected, atol=1e-6)
    np.testing.assert_allclose(dense_laplacian(weights), expected, atol=1e-6)


def test_it_is_symmetric_with_eigenvalues_from_0_to_2() -> None:
    laplacian = normalised_laplacian(random_graph(20, 0.2, np.random.default_rng(3))).toarray()
    eigenvalues = np.linalg.eigvalsh(laplacian)
    assert np.array_equal(laplacian, laplacian.T)
    assert eigenvalues[0] > -1e-12
    assert eigenvalues[-1] < 2 + 1e-12


def test_an_isolated_entity_is_not_pulled() -> None:
    weights = sparse.csr_array(np.array([[0, 2, 0], [2, 0, 0], [0, 0, 0]], dtype=np.float32))
    np.testing.assert_allclose(normalised_laplacian(weights).toarray(), [[1, -1, 0], [-1, 1, 0], [0, 0, 0]], rtol=1e-12)
