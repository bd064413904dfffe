import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.source import nearest as module
from pipeline.source.nearest import Block, nearest, nearest_graph, number_block, term_block


def brute_force_squares(blocks: list[Block]) -> np.ndarray:
    """Squared distances by the definition: pair by pair, block by block."""
    num_entities = len(blocks[0].missing_N)
    squares = np.zeros((num_entities, num_entities))
    for block in blocks:
        rows = block.rows if isinstance(block.rows, np.ndarray) else block.rows.toarray()
        for i in range(num_entities):
            for j in range(num_entities):
                gap = block.missing_norm * (int(block.missing_N[i]) + int(block.missing_N[j]))
                squares[i, j] += block.weight * (np.sum((rows[i] - rows[j]) ** 2) + gap)
    np.fill_diagonal(squares, np.inf)
    return squares


@st.composite
def feature_blocks(draw: st.DrawFn) -> list[Block]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num_entities = draw(st.integers(2, 25))
    values = random.normal(size=num_entities)
    values[random.random(num_entities) < draw(st.sampled_from([0.0, 0.4]))] = np.nan
    values[0] = 1.0
    terms = sparse.csr_array((random.random((num_entities, 8)) < 0.3).astype(np.float32))
    return [
        number_block(values, 0.7),
        term_block(terms, 1.3, min_entities=1),
        number_block(random.integers(0, 3, num_entities), 1.0),
    ]


@settings(deadline=None)
@given(feature_blocks(), st.integers(1, 6), st.integers(1, 60))
def test_neighbours_are_those_of_brute_force(blocks: list[Block], num_neighbours: int, chunk_cells: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK_CELLS", chunk_cells)
        indices, squares = nearest(blocks, num_neighbours)
    expected = brute_force_squares(blocks)
    num_chosen = min(num_neighbours, len(expected) - 1)
    assert indices.shape == squares.shape == (len(expected), num_chosen)
    np.testing.assert_allclose(squares, np.sort(expected, axis=1)[:, :num_chosen], atol=1e-4)
    np.testing.assert_allclose(np.take_along_axis(expected, indices, axis=1), squares, atol=1e-4)
    assert all(len(set(row)) == num_chosen for row in indices.tolist())


@settings(deadline=None)
@given(feature_blocks(), st.integers(1, 6))
def test_the_graph_is_symmetric_without_loops_and_weighs_at_most_one(blocks: list[Block], num_neighbours: int) -> None:
    graph = nearest_graph(blocks, num_neighbours)
    assert (abs(graph - graph.T) > 0).nnz == 0
    assert not graph.diagonal().any()
    assert graph.data.min() > 0
    assert graph.data.max() <= 1
    chosen = np.diff(graph.indptr)
    assert chosen.min() >= min(num_neighbours, graph.shape[0] - 1)


def test_missing_values_make_nobody_near() -> None:
    # 0 and 1 agree in what both have; 2 has nothing: the average stands for it, so it is nobody's first choice
    blocks = [number_block([1.0, 1.0, np.nan, 9.0, 9.0], 1.0)]
    indices, _ = nearest(blocks, 1)
    assert indices.ravel()[[0, 1, 3, 4]].tolist() == [1, 0, 4, 3]


def test_a_constant_or_empty_feature_tells_nothing() -> None:
    assert not number_block([3.0, 3.0, 3.0], 1.0).rows.any()
    empty = number_block([np.nan, np.nan], 1.0)
    assert not empty.rows.any()
    assert empty.missing_N.all()


def test_rare_terms_weigh_more_than_common_ones() -> None:
    # each of 0's neighbours shares one term with it: 1 a rare one, 2 a common one
    terms = np.array([[1, 1], [1, 0], [0, 1], [0, 1], [0, 1]], dtype=np.float32)
    indices, _ = nearest([term_block(sparse.csr_array(terms), 1.0)], 1)
    assert indices[0, 0] == 1


def test_terms_of_too_few_or_too_many_are_left_out() -> None:
    terms = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [1, 0, 1], [1, 0, 0]], dtype=np.float32))
    block = term_block(terms, 1.0, min_entities=2, max_part=0.5)
    assert block.rows.shape[1] == 1
    assert block.missing_N.tolist() == [True, False, False, True]
