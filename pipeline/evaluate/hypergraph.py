"""A source's records as a hypergraph in rows, without a database between; and graphs that have lost their meaning.

In come checked records; out comes what a snapshot of them would hold: entities in the order of their ids, each combination of
members once, symmetric graphs.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.domain.dataset import GraphKey
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.rows import RowIndex
from pipeline.records.records import Records
from pipeline.records.tables import graph_table_key, member_columns

Graphs = Mapping[GraphKey, sparse.csr_array]


def in_rows(records: Records) -> tuple[Hypergraph, dict[str, RowIndex]]:
    """Give the hypergraph of checked records, and the ids of its rows by modality label."""
    rows = {label: RowIndex(records.frame(label)["id"].tolist()) for label in records.dataset.labels}
    lists = {}
    for kind in records.dataset.hyperedge_types:
        frame = records.frame(kind.label)
        columns = member_columns(kind.arity)
        members = [rows[label].rows(frame[column].tolist()) for label, column in zip(kind.members, columns, strict=True)]
        values_E = frame["value"].to_numpy(dtype=np.float32)
        lists[kind.label] = HyperedgeList(kind.members, np.column_stack(members), values_E)
    graphs = {
        graph.key: symmetric(records.frame(graph_table_key(*graph.key)), rows[graph.modality]) for graph in records.dataset.graphs
    }
    return Hypergraph(records.dataset, {label: len(index) for label, index in rows.items()}, lists, graphs), rows


def symmetric(relations: pd.DataFrame, rows: RowIndex) -> sparse.csr_array:
    """Weights of undirected relations that stand once each (N × N)."""
    ends = tuple(rows.rows(relations[side].tolist()) for side in ("source", "target"))
    weights = relations["weight"].to_numpy(dtype=np.float32)
    one_way = sparse.csr_array((weights, ends), shape=(len(rows), len(rows)))
    return sparse.csr_array(one_way + one_way.T)


def shuffled(graphs: Graphs, seed: int) -> dict[GraphKey, sparse.csr_array]:
    """The same graphs with their nodes relabelled at random: every degree is kept, every meaning is lost."""
    orders = {key: np.random.default_rng(seed).permutation(matrix.shape[0]) for key, matrix in graphs.items()}
    return {key: sparse.csr_array(matrix[orders[key]][:, orders[key]]) for key, matrix in graphs.items()}
