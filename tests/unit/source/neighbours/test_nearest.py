import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.source.neighbours import nearest as module
from pipeline.source.neighbours.features import number_feature, terms_feature
from pipeline.source.neighbours.nearest import Block, nearest, nearest_graph


def brute_force_squares(blocks: list[Block]) -> np.ndarray:
    """Squared distances by the definition: pair by pair, block by block, in double precision."""
    num_entities = len(blocks[0].missing_N)
    squares = np.zeros((num_entities, num_entities))
    for block in blocks:
        dense = block.rows if isinstance(block.rows, np.ndarray) else block.rows.toarray()
        rows = (dense * np.float32(np.sqrt(block.weight))).astype(np.float64)
        for i in range(num_entities):
            gaps = block.weight * block.missing_norm * (int(block.missing_N[i]) + block.missing_N.astype(int))
            squares[i] += np.sum((rows[i] - rows) ** 2, axis=1) + gaps
    np.fill_diagonal(squares, np.inf)
    return squares


def dense_block(rows: np.ndarray, weight: float = 1.0) -> Block:
    return Block(rows.astype(np.float32), np.zeros(len(rows), dtype=bool), 1.0, weight)


@st.composite
def feature_blocks(draw: st.DrawFn) -> list[Block]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num_entities = draw(st.integers(2, 80))
    values = random.normal(size=num_entities)
    values[random.random(num_entities) < draw(st.sampled_from([0.0, 0.4]))] = np.nan
    values[0] = 1.0
    terms = sparse.csr_array((random.random((num_entities, 8)) < 0.3).astype(np.float32))
    blocks = [
        number_feature(values, 0.7),
        number_feature(random.integers(0, 3, num_entities), 1.0),
        dense_block(random.normal(size=(num_entities, 5)), 0.3),
    ]
    return [*blocks, terms_feature(terms, 1.3, min_entities=1)] if draw(st.booleans()) else blocks


@settings(deadline=None, max_examples=60)
@given(feature_blocks(), st.integers(1, 6), st.integers(1, 40), st.integers(1, 40), st.sampled_from([0, 64]))
def test_neighbours_are_those_of_brute_force(
    blocks: list[Block], num_neighbours: int, chunk_rows: int, tile_columns: int, most_pending: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK_ROWS", chunk_rows)
        patch.setattr(module, "_TILE_COLUMNS", tile_columns)
        patch.setattr(module, "_FIRST_COLUMNS", 1)
        patch.setattr(module, "_GROUPS", 4)
        patch.setattr(module, "_MOST_PENDING", most_pending)
        patch.setattr(module, "_COMMON", 0.3)
        indices, squares = nearest(blocks, num_neighbours)
    expected = brute_force_squares(blocks)
    num_chosen = min(num_neighbours, len(expected) - 1)
    assert indices.shape == squares.shape == (len(expected), num_chosen)
    np.testing.assert_allclose(squares, np.sort(expected, axis=1)[:, :num_chosen], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(np.take_along_axis(expected, indices, axis=1), squares, rtol=1e-6, atol=1e-9)
    assert all(len(set(row)) == num_chosen for row in indices.tolist())


def test_a_few_thousand_rows_are_searched_as_brute_force_does_to_the_row() -> None:
    random = np.random.default_rng(7)
    rows = random.normal(size=(5_000, 24)).astype(np.float32)
    rows[1_000:1_040] = rows[3_000]  # more of a kind than are chosen
    indices, squares = nearest([dense_block(rows)], 12)
    asked = np.concatenate([random.integers(0, 5_000, 60), np.arange(1_000, 1_040), [3_000]])
    doubles = rows.astype(np.float64)
    for row in asked:
        expected = np.sum((doubles - doubles[row]) ** 2, axis=1).astype(np.float32)
        expected[row] = np.inf
        assert indices[row].tolist() == np.argsort(expected, kind="stable")[:12].tolist()
    assert not squares[1_000:1_040].any()


@pytest.mark.parametrize("num_entities", [100, 3_000])
def test_of_equals_the_first_rows_are_chosen(num_entities: int) -> None:
    # everybody is as far from everybody else
    block = terms_feature(sparse.csr_array(sparse.eye_array(num_entities, dtype=np.float32)), 1.0, min_entities=1)
    indices, squares = nearest([block], 3)
    assert (squares == 2).all()
    assert indices[:4].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert (indices[4:] == [0, 1, 2]).all()


def test_small_distances_far_from_the_origin_are_told_apart() -> None:
    # in single precision the squares of these numbers would hide their differences
    values = 1_000 + np.arange(400) ** 2 * 1e-3
    indices, _ = nearest([dense_block(values[:, None])], 1)
    expected = brute_force_squares([dense_block(values[:, None])]).argmin(axis=1)
    assert indices.ravel().tolist() == expected.tolist()


def test_one_entity_has_no_neighbours() -> None:
    indices, squares = nearest([number_feature([4.0])], 3)
    assert indices.shape == squares.shape == (1, 0)
    assert nearest_graph([number_feature([4.0])], 3).shape == (1, 1)


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
