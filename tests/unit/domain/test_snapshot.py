import importlib
import os
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.snapshot import Snapshot
from tests.tiny import DATASET


@pytest.fixture(scope="module")
def dgl() -> Any:
    os.environ.setdefault("DGLBACKEND", "pytorch")
    return importlib.import_module("dgl")


@pytest.fixture
def snapshot() -> Snapshot:
    """Four films of which the last two are isolated, two makers, one style."""
    weights = sparse.coo_array((np.array([0.5, 0.5], dtype=np.float32), ([0, 1], [1, 0])), shape=(4, 4)).tocsr()
    hypergraph = Hypergraph(
        DATASET,
        {"Film": 4, "Maker": 2, "Style": 1},
        {
            "Making": HyperedgeList(
                ("Film", "Maker", "Style"), np.array([[0, 1, 0], [1, 0, 0]]), np.array([1, 2], dtype=np.float32)
            ),
            "Remake": HyperedgeList(("Film", "Film"), np.array([[1, 0]]), np.array([1], dtype=np.float32)),
        },
        {("Film", "LIKE"): weights},
    )
    entities = {
        label: pd.DataFrame({"id": [f"{label}{i}" for i in range(count)], "name": ["ü"] * count})
        for label, count in hypergraph.num_entities.items()
    }
    return Snapshot(hypergraph, entities, {"uri": "bolt://example"})


def test_a_snapshot_comes_back_as_it_went(snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.write(tmp_path / "snapshot")
    read = Snapshot.read(tmp_path / "snapshot")
    assert read.counts == snapshot.counts
    assert read.origin == snapshot.origin
    summary = Snapshot.read_summary(tmp_path / "snapshot")
    assert read.hypergraph.dataset == summary.dataset == DATASET
    assert (summary.counts, summary.measured, summary.origin) == (snapshot.counts, {"Making"}, snapshot.origin)
    assert summary.digest == Snapshot.read_hypergraph(tmp_path / "snapshot").digest == snapshot.hypergraph.digest
    assert Snapshot.read_ids(tmp_path / "snapshot") == read.ids == snapshot.ids
    for label, table in snapshot.entities.items():
        assert read.entities[label].to_dict("list") == table.to_dict("list")
    for label, edges in snapshot.hypergraph.hyperedges.items():
        found = read.hypergraph.hyperedges[label]
        assert found.modalities == edges.modalities
        np.testing.assert_array_equal(found.members_EK, edges.members_EK)
        np.testing.assert_array_equal(found.values_E, edges.values_E)
        assert (found.members_EK.dtype, found.values_E.dtype) == (np.int64, np.float32)
    graph = read.hypergraph.graphs["Film", "LIKE"]
    assert (graph != snapshot.hypergraph.graphs["Film", "LIKE"]).nnz == 0


def test_dgl_reads_the_graphs_and_isolated_entities_stay(dgl: Any, snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.write(tmp_path / "snapshot")
    (graph,), _ = dgl.load_graphs(str(tmp_path / "snapshot" / "graphs" / "Film.LIKE.dgl"))
    assert graph.num_nodes() == 4
    undirected = nx.Graph(graph.to_networkx(edge_attrs=["weight"]))
    assert sorted(nx.isolates(undirected)) == [2, 3]
    assert undirected.edges[0, 1]["weight"].item() == 0.5


def test_dgl_reads_the_hyperedges_as_a_heterograph(dgl: Any, snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.write(tmp_path / "snapshot")
    (graph,), _ = dgl.load_graphs(str(tmp_path / "snapshot" / "hypergraph.dgl"))
    assert {name: graph.num_nodes(name) for name in graph.ntypes} == {
        "Film": 4,
        "Maker": 2,
        "Style": 1,
        "Making": 2,
        "Remake": 1,
    }
    assert set(graph.canonical_etypes) == {
        ("Making", "member0", "Film"),
        ("Making", "member1", "Maker"),
        ("Making", "member2", "Style"),
        ("Remake", "member0", "Film"),
        ("Remake", "member1", "Film"),
    }
    hyperedge, maker = graph.edges(etype=("Making", "member1", "Maker"))
    assert dict(zip(hyperedge.tolist(), maker.tolist(), strict=True)) == {0: 1, 1: 0}
    assert torch.equal(graph.nodes["Making"].data["value"], torch.tensor([1.0, 2.0]))
