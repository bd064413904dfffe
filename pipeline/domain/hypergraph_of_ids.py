"""The one way from a hypergraph that is told by ids to one in rows. Shapes: E hyperedges, K arity."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.rows import RowIndex
from pipeline.errors import HypergraphError

Columns = Sequence[Sequence[Any]]
"""A table, or a page of one, column by column."""


def hypergraph_of_ids(
    dataset: Dataset,
    rows: Mapping[str, RowIndex],
    hyperedges: Callable[[HyperedgeType], Iterable[Columns]],
    relations: Callable[[IntraModalGraph], Iterable[Columns]],
) -> Hypergraph:
    """Put a hypergraph into rows; the same hypergraph gives the same, in whatever order it is told.

    Parameters
    ----------
    dataset
        The description.
    rows
        Row of each id, by modality label.
    hyperedges
        Reads the hyperedges of a type in pages: a column of ids per position, then one of values; each combination of members once.
        Pages are put into rows one after the other, so that no more than one is held by ids.
    relations
        Reads the relations of a graph, likewise: columns of ids of the two ends and of weights; each pair once, one way.

    Raises
    ------
    HypergraphError
        If an id is no entity's.
    """
    lists = {kind.label: _hyperedge_list(kind, rows, hyperedges(kind)) for kind in dataset.hyperedge_types}
    graphs = {graph.key: _weight_matrix(graph, rows[graph.modality], relations(graph)) for graph in dataset.graphs}
    return Hypergraph(dataset, {label: len(rows[label]) for label in dataset.labels}, lists, graphs)


def _hyperedge_list(kind: HyperedgeType, rows: Mapping[str, RowIndex], pages: Iterable[Columns]) -> HyperedgeList:
    members_EK, values_E = _in_rows(kind.members, rows, pages)
    order_E = np.lexsort(members_EK.T[::-1])
    return HyperedgeList(kind.members, members_EK[order_E], values_E[order_E])


def _weight_matrix(graph: IntraModalGraph, rows: RowIndex, pages: Iterable[Columns]) -> sparse.csr_array:
    ends, weights = _in_rows((graph.modality, graph.modality), {graph.modality: rows}, pages)
    one_way = sparse.csr_array((weights, (ends[:, 0], ends[:, 1])), shape=(len(rows), len(rows)))
    return sparse.csr_array(one_way + one_way.T)


def _in_rows(
    labels: Sequence[str], rows: Mapping[str, RowIndex], pages: Iterable[Columns]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Rows of the ids in all columns but the last (E × K), and the numbers in the last (E)."""
    ids, numbers = [np.empty((0, len(labels)), np.int64)], [np.empty(0, np.float32)]
    for *members, values in pages:
        ids.append(np.column_stack([_known_rows(label, rows[label], of) for label, of in zip(labels, members, strict=True)]))
        numbers.append(np.asarray(values, dtype=np.float32))
    return np.concatenate(ids), np.concatenate(numbers)


def _known_rows(label: str, rows: RowIndex, ids: Sequence[str]) -> npt.NDArray[np.int64]:
    found = rows.rows(ids)
    if (found < 0).any():
        raise HypergraphError(f"the {label} {ids[int((found < 0).argmax())]!r} came up in a relation, but not among the entities")
    return found
