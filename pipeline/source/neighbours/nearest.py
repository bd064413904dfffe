"""Exact nearest neighbours by features of several kinds: a graph inside one modality.

Features come in blocks, each a matrix with one row per entity and a weight; the squared distance of two entities is the weighted
sum of their squared distances by block. Where an entity lacks a block's value, its row there is zero and the distance takes what
it would be on average (`Block.missing_norm`), so that a gap makes nobody near. Out comes a symmetric graph without loops, weights
in (0, 1].

Every pair is compared, a tile of pairs at a time, small enough to stay in the cache. Each row of a tile is held against the
farthest of its nearest so far: in single precision with a margin for its error, and only the few pairs that come below are computed
in double precision. Where features are sparse, or too many pairs are near, the whole tile is in double precision. Two distances are
equal if they are equal once rounded to single precision; of equals the entity that stands first is chosen. Besides the blocks
themselves this takes 4 · N · F bytes for all dense features side by side and some tens of MiB a thread, whatever N.

Shapes: N entities, F features, C rows of a chunk, T columns of a tile, K neighbours, P pairs.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

_CHUNK_ROWS = 256
_TILE_COLUMNS = 2048
_FIRST_COLUMNS = 128
"""256 × 2,048 floats are 2 MiB. The first tiles are narrower: until some columns are seen, every pair is near."""

_GROUPS = 32
"""Columns of a tile whose minimum is compared first: most groups have nobody near."""

_MOST_PENDING = 64
"""Pairs a row that wait to be sorted in."""

_ROW_SHIFT, _SQUARE_SHIFT = np.uint64(56), np.uint64(25)
_COLUMN_MASK = np.uint64((1 << 25) - 1)
_NOBODY = np.uint64(0x7F800000 << 25 | (1 << 25) - 1)
"""A pair as one number, sorted as wished: row in the chunk (8 bits), squared distance (the 31 bits of a float32 without its sign,
which order as the numbers do), column (25 bits). Nobody is at an infinite distance."""

_NOISE = 1e-12
"""Of the squared norms: squared distances below are what is left of zero after rounding."""

_COMMON = 0.02
"""A sparse feature of more than this part of the entities is quicker as a dense one."""


@dataclass(frozen=True)
class Block:
    """One group of features that share a weight.

    Attributes
    ----------
    rows
        Dense (N × F) or sparse values; all zero where missing.
    missing_N
        Which entities have no value here.
    missing_norm
        The squared norm that stands for a missing row: the average of those that are there.
    weight
        Factor of the block's squared distances.
    """

    rows: Floats | sparse.csr_array
    missing_N: npt.NDArray[np.bool_]
    missing_norm: float
    weight: float


def nearest_graph(blocks: Sequence[Block], num_neighbours: int) -> sparse.csr_array:
    """Join every entity to its nearest others.

    Two entities are joined if either is among the nearest of the other. The weight is exp(−d² / (s_i s_j)) with s the distance to
    an entity's own last neighbour, so that dense and thin regions are served alike (Zelnik-Manor and Perona, NIPS 2004).

    Parameters
    ----------
    blocks
        The features, all with the same N.
    num_neighbours
        How many nearest others each entity chooses; all others where there are fewer.

    Returns
    -------
    csr_array
        N × N, symmetric, float32.
    """
    indices_NK, squares_NK = nearest(blocks, num_neighbours)
    num_entities, num_chosen = indices_NK.shape
    if num_chosen == 0:
        return sparse.csr_array((num_entities, num_entities), dtype=np.float32)
    scale_N = np.sqrt(np.maximum(squares_NK[:, -1], 1e-6))
    source = np.repeat(np.arange(num_entities), num_chosen)
    target = indices_NK.ravel()
    exponent = squares_NK.ravel() / (scale_N[source] * scale_N[target])
    # Six decimals: what the order of additions does to the last digits is no change of a relation.
    weight = np.maximum(np.round(np.exp(-exponent), 6), 1e-6).astype(np.float32)
    one_way = sparse.csr_array((weight, (source, target)), shape=(num_entities, num_entities))
    return sparse.csr_array(one_way.maximum(one_way.T))


def nearest(blocks: Sequence[Block], num_neighbours: int) -> tuple[Rows, Floats]:
    """Exact nearest others of every entity and their squared distances (N × K each), nearest first, equals by row."""
    search = _Search(blocks, num_neighbours)
    num_entities = len(search.norm_N)
    indices_NK = np.empty((num_entities, search.num_chosen), dtype=np.int64)
    squares_NK = np.empty((num_entities, search.num_chosen), dtype=np.float32)

    def fill(start: int) -> None:
        rows = slice(start, min(start + _CHUNK_ROWS, num_entities))
        indices_NK[rows], squares_NK[rows] = search.chunk(rows.start, rows.stop)

    # Whole chunks side by side and every kernel on one thread: a kernel that is split waits for the core that is busy elsewhere.
    import torch

    with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(fill, range(0, num_entities, _CHUNK_ROWS)))
    return indices_NK, squares_NK


class _Search:
    """The features side by side, and the search of one chunk of rows among all columns."""

    def __init__(self, blocks: Sequence[Block], num_neighbours: int) -> None:
        self._dense_NF, self._sparse_NF, self.norm_N = _joined(blocks)
        self.num_chosen = min(num_neighbours, len(self.norm_N) - 1)
        self._edges = _edges(len(self.norm_N))
        self._sparse_tiles_FT = [sparse.csr_array(self._sparse_NF[start:stop].T) for start, stop in pairwise(self._edges)]
        largest = float(self.norm_N.max(initial=0.0))
        self._noise = 2 * _NOISE * largest
        # The error of a dot product of F numbers is at most F / 2²⁴ of the product of the norms (Higham, Accuracy and Stability
        # of Numerical Algorithms, 3.1); it counts twice, and norms and sums are rounded as well.
        self._slack = 2.0**-23 * (self._dense_NF.shape[1] + 4) * largest

    def chunk(self, start: int, stop: int) -> tuple[Rows, Floats]:
        """Nearest others of the rows from start to stop (C × K)."""
        best_CK = np.full((stop - start, self.num_chosen), _NOBODY)
        if not self.num_chosen:
            return _columns(best_CK), _squares(best_CK)
        norm_C = self.norm_N[start:stop]
        bound_C = np.full(stop - start, np.inf)
        pending: list[Keys] = []
        num_pending = due = 0
        for first, last in pairwise(self._edges):
            rows_P, columns_P, squares_P = self._candidates(slice(start, stop), slice(first, last), bound_C)
            squares_P[squares_P < _NOISE * (norm_C[rows_P] + self.norm_N[columns_P])] = 0
            keys_P = _keys(squares_P, columns_P)
            nearer = (keys_P < best_CK[rows_P, -1]) & (columns_P != rows_P + start)
            pending.append(keys_P[nearer] | rows_P[nearer].astype(np.uint64) << _ROW_SHIFT)
            num_pending += len(pending[-1])
            if last >= due or num_pending > _MOST_PENDING * len(norm_C):
                best_CK = _merged(best_CK, pending)
                pending, num_pending, due = [], 0, 2 * last
                # squares are compared before they are rounded to single precision
                bound_C = _squares(best_CK)[:, -1] * (1 + 1e-7) + self._noise - norm_C
        best_CK = _merged(best_CK, pending)
        return _columns(best_CK), _squares(best_CK)

    def _candidates(self, rows: slice, columns: slice, bound_C: Doubles) -> tuple[Rows, Rows, Doubles]:
        """Rows of the chunk, columns and squared distances of the pairs in a tile that may be near.

        ``bound_C`` is the squared distance of each row's farthest so far, less the row's own squared norm.
        """
        if not self._sparse_NF.nnz and np.isfinite(bound_C).all():
            rows_P, columns_P = _at_most(self._scores(rows, columns, np.float32), bound_C + self._slack)
            # a great many are as near as the bound: then singly is not quicker
            if len(rows_P) * _GROUPS <= len(bound_C) * (columns.stop - columns.start):
                columns_P += columns.start
                return rows_P, columns_P, self._squares_of(rows_P + rows.start, columns_P)
        scores_CT = self._scores(rows, columns, np.float64)
        rows_P, columns_P = _at_most(scores_CT, bound_C)
        return rows_P, columns_P + columns.start, scores_CT[rows_P, columns_P] + self.norm_N[rows_P + rows.start]

    def _scores(self, rows: slice, columns: slice, precision: type[np.floating[Any]]) -> Doubles | Floats:
        """Squared distances of a tile, less the row's own squared norm (C × T)."""
        import torch

        dtype = torch.float32 if precision is np.float32 else torch.float64
        dense_CF, dense_TF = (torch.from_numpy(self._dense_NF[part]).to(dtype) for part in (rows, columns))
        norm_T = torch.from_numpy(self.norm_N[columns]).to(dtype)
        scores_CT: Doubles | Floats = torch.addmm(norm_T, dense_CF, dense_TF.T, alpha=-2).numpy()
        if self._sparse_NF.nnz:
            product = self._sparse_NF[rows] @ self._sparse_tiles_FT[self._edges.index(columns.start)]
            scores_CT[np.repeat(np.arange(len(scores_CT)), np.diff(product.indptr)), product.indices] -= 2 * product.data
        return scores_CT

    def _squares_of(self, rows_P: Rows, columns_P: Rows) -> Doubles:
        """Squared distances of single pairs of dense rows."""
        products = self._dense_NF[rows_P].astype(np.float64)
        products *= self._dense_NF[columns_P]
        squares_P: Doubles = self.norm_N[rows_P] + self.norm_N[columns_P] - 2 * products.sum(axis=1)
        return squares_P


def _joined(blocks: Sequence[Block]) -> tuple[Floats, sparse.csr_array, Doubles]:
    """All dense blocks side by side, all sparse ones, and the squared norms (N) with the missing ones filled."""
    num_entities = len(blocks[0].missing_N)
    if num_entities > int(_COLUMN_MASK):
        raise ValueError(f"{num_entities:,} entities are too many to compare every pair")
    norm_N = np.zeros(num_entities, dtype=np.float64)
    dense: list[Floats] = [np.zeros((num_entities, 1), dtype=np.float32)]
    thin: list[sparse.csr_array] = [sparse.csr_array((num_entities, 1), dtype=np.float32)]
    for block in blocks:
        scale = np.float32(np.sqrt(block.weight))
        if isinstance(block.rows, np.ndarray):
            parts = [(dense, block.rows * scale)]
        else:
            common_F = np.bincount(block.rows.indices, minlength=block.rows.shape[1]) > _COMMON * num_entities
            parts = [
                (dense, (block.rows[:, np.flatnonzero(common_F)] * scale).toarray()),
                (thin, sparse.csr_array(block.rows[:, np.flatnonzero(~common_F)] * scale)),
            ]
        for list_, rows in parts:
            list_.append(rows)
            norm_N += _squared_norms(rows)
        norm_N[block.missing_N] += block.weight * block.missing_norm
    return np.hstack(dense), sparse.csr_array(sparse.hstack(thin, format="csr"), dtype=np.float64), norm_N


def _squared_norms(rows: Floats | sparse.csr_array) -> Doubles:
    if isinstance(rows, np.ndarray):
        dense: Doubles = np.einsum("nf,nf->n", rows, rows, dtype=np.float64)
        return dense
    doubles = rows.astype(np.float64)
    return np.asarray(doubles.multiply(doubles).sum(axis=1), dtype=np.float64).ravel()


def _edges(num_entities: int) -> list[int]:
    """Where the tiles begin and the last one ends."""
    widening = [0]
    while widening[-1] < min(_TILE_COLUMNS, num_entities):
        widening.append(max(_FIRST_COLUMNS, 2 * widening[-1]))
    rest = range(widening.pop(), num_entities, _TILE_COLUMNS)
    return [edge for edge in [*widening, *rest] if edge < num_entities] + [num_entities]


def _at_most(scores_CT: Doubles | Floats, bound_C: Doubles) -> tuple[Rows, Rows]:
    """Rows and columns of the scores that are not above their row's bound."""
    import torch

    num_rows, num_columns = scores_CT.shape
    groups = _GROUPS if num_columns % _GROUPS == 0 else 1
    width = num_columns // groups
    grouped = scores_CT.reshape(num_rows, groups, width)
    least = torch.from_numpy(grouped).amin(1).numpy()
    rows, offsets = np.nonzero(least <= bound_C[:, None])
    found, group = np.nonzero(grouped[rows, :, offsets] <= bound_C[rows, None])
    return rows[found], offsets[found] + group * width


def _keys(squares_P: Doubles, columns_P: Rows) -> Keys:
    bits: Keys = squares_P.astype(np.float32).view(np.uint32).astype(np.uint64)
    return bits << _SQUARE_SHIFT | columns_P.astype(np.uint64)


def _columns(keys_CK: Keys) -> Rows:
    return (keys_CK & _COLUMN_MASK).astype(np.int64)


def _squares(keys_CK: Keys) -> Floats:
    return (keys_CK >> _SQUARE_SHIFT).astype(np.uint32).view(np.float32)


def _merged(best_CK: Keys, pending: Sequence[Keys]) -> Keys:
    """The nearest of those so far and of the pairs found since, in order."""
    num_rows, num_chosen = best_CK.shape
    row_bits_C = np.arange(num_rows, dtype=np.uint64) << _ROW_SHIFT
    keys = np.concatenate([(best_CK | row_bits_C[:, None]).ravel(), *pending])
    keys.sort()
    starts_C = np.searchsorted(keys, row_bits_C)
    merged: Keys = keys[starts_C[:, None] + np.arange(num_chosen)] ^ row_bits_C[:, None]
    return merged
