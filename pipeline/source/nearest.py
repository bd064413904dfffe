"""Exact nearest neighbours by features of several kinds: a graph inside one modality.

Features come in blocks, each a matrix with one row per entity and a weight; the squared distance of two entities is the weighted
sum of their squared distances by block. Where an entity lacks a block's value, its row there is zero and the distance takes what
it would be on average (`Block.missing_norm`), so that a gap makes nobody near. Out comes a symmetric graph without loops, weights
in (0, 1]. Shapes: N entities, F features, C rows of a chunk, K neighbours.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]

_CHUNK_CELLS = 16_000_000
"""Distances held at once."""

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


def number_block(values_N: npt.ArrayLike, weight: float) -> Block:
    """One numeric feature, standardised; not a number where missing."""
    values = np.asarray(values_N, dtype=np.float64)
    missing = ~np.isfinite(values)
    scale = np.std(values[~missing]) if (~missing).any() else 0.0
    centred = (values - values[~missing].mean()) / scale if scale > 0 else np.zeros(len(values))
    return Block(np.where(missing, 0.0, centred).astype(np.float32)[:, None], missing, 1.0, weight)


def term_block(counts: sparse.csr_array, weight: float, *, min_entities: int = 2, max_part: float = 1.0) -> Block:
    """Sets of terms (words, categories) by the cosine of their TF-IDF rows; an entity without a term has a missing row.

    Parameters
    ----------
    counts
        How often each term is with each entity (N × F).
    weight
        Factor of the squared distance, which is 2 − 2 · cosine.
    min_entities, max_part
        Terms of fewer entities, or of more than this part of them, tell nothing and are left out.
    """
    num_entities = counts.shape[0]
    frequency_F = np.bincount(counts.indices, minlength=counts.shape[1])
    kept_F = (frequency_F >= min_entities) & (frequency_F <= max_part * num_entities)
    idf_F = np.log((1 + num_entities) / (1 + frequency_F[kept_F])) + 1
    rows = sparse.csr_array(counts[:, np.flatnonzero(kept_F)].astype(np.float32) @ sparse.diags_array(idf_F.astype(np.float32)))
    norm_N = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    missing = norm_N == 0
    rows = sparse.csr_array(sparse.diags_array((1 / np.where(missing, 1, norm_N)).astype(np.float32)) @ rows)
    return Block(rows, missing, 1.0, weight)


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
    weight = np.exp(-np.minimum(exponent, 20.0)).astype(np.float32)
    one_way = sparse.csr_array((weight, (source, target)), shape=(num_entities, num_entities))
    return sparse.csr_array(one_way.maximum(one_way.T))


def nearest(blocks: Sequence[Block], num_neighbours: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Exact nearest others of every entity and their squared distances (N × k each), nearest first, equals by row."""
    dense_NF, sparse_NF, norm_N = _joined(blocks)
    num_entities = len(norm_N)
    num_chosen = min(num_neighbours, num_entities - 1)
    indices_NK = np.empty((num_entities, num_chosen), dtype=np.int64)
    squares_NK = np.empty((num_entities, num_chosen), dtype=np.float32)
    sparse_FN = sparse.csr_array(sparse_NF.T)
    step = max(1, _CHUNK_CELLS // num_entities)

    def search(start: int) -> None:
        rows = slice(start, min(start + step, num_entities))
        squares_CN = dense_NF[rows] @ dense_NF.T
        product = sparse.csr_array(sparse_NF[rows] @ sparse_FN)
        product.sum_duplicates()
        counts = np.diff(product.indptr)
        squares_CN[np.repeat(np.arange(len(counts)), counts), product.indices] += product.data
        squares_CN *= -2
        squares_CN += norm_N[None, :]
        squares_CN += norm_N[rows, None]
        squares_CN[np.arange(len(counts)), np.arange(rows.start, rows.stop)] = np.inf
        indices_NK[rows], squares_NK[rows] = _smallest(squares_CN, num_chosen)

    # The libraries below leave the interpreter to others while they work.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(search, range(0, num_entities, step)))
    return indices_NK, np.maximum(squares_NK, 0)


def _joined(blocks: Sequence[Block]) -> tuple[Floats, sparse.csr_array, Floats]:
    """All dense blocks side by side, all sparse ones, and the squared norms (N) with the missing ones filled."""
    num_entities = len(blocks[0].missing_N)
    norm_N = np.zeros(num_entities, dtype=np.float64)
    dense: list[Floats] = [np.zeros((num_entities, 1), dtype=np.float32)]
    thin: list[sparse.csr_array] = [sparse.csr_array((num_entities, 1), dtype=np.float32)]
    for block in blocks:
        scale = np.float32(np.sqrt(block.weight))
        if isinstance(block.rows, np.ndarray):
            dense.append(block.rows * scale)
            own_N = np.square(block.rows, dtype=np.float64).sum(axis=1)
        else:
            common_F = np.bincount(block.rows.indices, minlength=block.rows.shape[1]) > _COMMON * num_entities
            dense.append((block.rows[:, np.flatnonzero(common_F)] * scale).toarray())
            thin.append(sparse.csr_array(block.rows[:, np.flatnonzero(~common_F)] * scale))
            own_N = np.asarray(block.rows.multiply(block.rows).sum(axis=1)).ravel()
        norm_N += block.weight * np.where(block.missing_N, block.missing_norm, own_N)
    return np.hstack(dense), sparse.csr_array(sparse.hstack(thin, format="csr")), norm_N.astype(np.float32)


def _smallest(squares_CN: Floats, num_chosen: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Columns of the smallest values of each row and the values, in order."""
    if num_chosen < squares_CN.shape[1] - 1:
        columns = np.sort(np.argpartition(squares_CN, num_chosen, axis=1)[:, :num_chosen], axis=1)
    else:
        columns = np.argsort(squares_CN, axis=1, kind="stable")[:, :num_chosen]
        columns.sort(axis=1)
    values = np.take_along_axis(squares_CN, columns, axis=1)
    order = np.argsort(values, axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)
