"""A hypergraph in rows: what training computes with.

Entities are rows 0 … N-1 of their modality; hyperedges and intra-modal graphs refer to rows.
Shapes: N entities, E hyperedges, K arity.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType, IntraModalGraph
from pipeline.domain.rows import RowIndex
from pipeline.errors import DanglingIdError

Columns = Sequence[Sequence[Any]]
"""A table, column by column."""


@dataclass(frozen=True)
class HyperedgeList:
    """The hyperedges of one type.

    Attributes
    ----------
    modalities
        Labels of the members' modalities, by position (K).
    members_EK
        Rows of the members, int64 (E × K).
    values_E
        Value of each hyperedge, float32 (E); 1 for presence.
    """

    modalities: tuple[str, ...]
    members_EK: npt.NDArray[np.int64]
    values_E: npt.NDArray[np.float32]

    @property
    def num_hyperedges(self) -> int:
        """E."""
        return len(self.values_E)

    def only(self, kept_E: npt.NDArray[np.bool_]) -> "HyperedgeList":
        """Some of the hyperedges, in their order."""
        return HyperedgeList(self.modalities, self.members_EK[kept_E], self.values_E[kept_E])


@dataclass(frozen=True)
class Hypergraph:
    """A whole hypergraph in rows.

    Attributes
    ----------
    dataset
        The description: weights of hyperedge types and graphs stand there.
    num_entities
        N per modality label; an entity without relations counts like any other.
    hyperedges
        One list per hyperedge type label.
    graphs
        Per (modality label, relation type), the symmetric N × N weight matrix W (CSR, float32, no diagonal, no explicit zero).
    """

    dataset: Dataset
    num_entities: Mapping[str, int]
    hyperedges: Mapping[str, HyperedgeList]
    graphs: Mapping[GraphKey, sparse.csr_array]

    @classmethod
    def of_ids(
        cls,
        dataset: Dataset,
        rows: Mapping[str, RowIndex],
        hyperedges: Callable[[HyperedgeType], Columns],
        relations: Callable[[IntraModalGraph], Columns],
    ) -> "Hypergraph":
        """Put a hypergraph that is told by ids into rows; the same hypergraph gives the same, in whatever order it is told.

        Parameters
        ----------
        dataset
            The description.
        rows
            Row of each id, by modality label.
        hyperedges
            Reads the hyperedges of a type: a column of ids per position, then one of values; each combination of members once.
            Types are read one after the other, so that no more than one table is held by ids.
        relations
            Reads the relations of a graph, likewise: columns of ids of the two ends and of weights; each pair once, one way.

        Raises
        ------
        DanglingIdError
            If an id is no entity's.
        """
        lists = {kind.label: _hyperedge_list(kind, rows, hyperedges(kind)) for kind in dataset.hyperedge_types}
        graphs = {graph.key: _weight_matrix(graph, rows[graph.modality], relations(graph)) for graph in dataset.graphs}
        return cls(dataset, {label: len(rows[label]) for label in dataset.labels}, lists, graphs)

    def with_graphs(self, graphs: Mapping[GraphKey, sparse.csr_array]) -> "Hypergraph":
        """The same hyperedges with other weights in some of the graphs, and without those that are not given."""
        described = tuple(graph for graph in self.dataset.graphs if graph.key in graphs)
        return replace(self, dataset=replace(self.dataset, graphs=described), graphs=graphs)


def _hyperedge_list(kind: HyperedgeType, rows: Mapping[str, RowIndex], columns: Columns) -> HyperedgeList:
    *members, values = columns
    members_EK = np.column_stack([_known_rows(label, rows[label], ids) for label, ids in zip(kind.members, members, strict=True)])
    order_E = np.lexsort(members_EK.T[::-1])
    return HyperedgeList(kind.members, members_EK[order_E], np.asarray(values, dtype=np.float32)[order_E])


def _weight_matrix(graph: IntraModalGraph, rows: RowIndex, columns: Columns) -> sparse.csr_array:
    *ends, weights = columns
    cells = tuple(_known_rows(graph.modality, rows, ids) for ids in ends)
    one_way = sparse.csr_array((np.asarray(weights, dtype=np.float32), cells), shape=(len(rows), len(rows)))
    return sparse.csr_array(one_way + one_way.T)


def _known_rows(label: str, rows: RowIndex, ids: Sequence[str]) -> npt.NDArray[np.int64]:
    found = rows.rows(ids)
    if (found < 0).any():
        raise DanglingIdError(f"the {label} {ids[int((found < 0).argmax())]!r} came up in a relation, but not among the entities")
    return found
