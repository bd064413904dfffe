"""The only code that imports DGL: writes and reads intra-modal graphs and the hypergraph in its format.

DGL's own file format is a plain binary one; nothing is unpickled. The library is imported at the first use: that takes a second.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse

from pipeline.domain.hypergraph import Hypergraph


def _dgl() -> Any:  # noqa: ANN401 - the library has no types
    # Without this variable DGL asks on standard output and writes a file to the home folder.
    os.environ.setdefault("DGLBACKEND", "pytorch")
    import dgl

    return dgl


def save_graph(file: Path, weights: sparse.csr_array) -> None:
    """Write one intra-modal graph; isolated entities stay as nodes without edges.

    Parameters
    ----------
    file
        Where to.
    weights
        Symmetric N × N weight matrix; each stored value becomes one directed edge.
    """
    dgl = _dgl()
    entries = weights.tocoo()
    source, target = (torch.from_numpy(end.astype(np.int64)) for end in entries.coords)
    graph = dgl.graph((source, target), num_nodes=weights.shape[0])
    graph.edata["weight"] = torch.from_numpy(entries.data.astype(np.float32))
    dgl.save_graphs(str(file), [graph])


def load_graph(file: Path) -> sparse.csr_array:
    """Read the weight matrix (N × N, float32) of a graph that `save_graph` wrote."""
    (graph,), _ = _dgl().load_graphs(str(file))
    source, target = graph.edges()
    weight = graph.edata["weight"].numpy()
    return sparse.csr_array((weight, (source.numpy(), target.numpy())), shape=(graph.num_nodes(), graph.num_nodes()))


def save_hypergraph(file: Path, hypergraph: Hypergraph) -> None:
    """Write all hyperedges as one heterograph.

    Node types are the modality labels and the hyperedge type labels; edge types are (hyperedge type, ``member<position>``,
    modality); ``value`` of a hyperedge is node data.
    """
    dgl = _dgl()
    edges = {}
    for label, hyperedges in hypergraph.hyperedges.items():
        hyperedge = torch.arange(hyperedges.num_hyperedges)
        for position, modality in enumerate(hyperedges.modalities):
            edges[label, f"member{position}", modality] = (hyperedge, torch.from_numpy(hyperedges.members_EK[:, position].copy()))
    num_nodes = dict(hypergraph.num_entities)
    num_nodes |= {label: hyperedges.num_hyperedges for label, hyperedges in hypergraph.hyperedges.items()}
    used = {end for start, _, stop in edges for end in (start, stop)}
    graph = dgl.heterograph(edges, num_nodes_dict={label: count for label, count in num_nodes.items() if label in used})
    for label, hyperedges in hypergraph.hyperedges.items():
        graph.nodes[label].data["value"] = torch.from_numpy(hyperedges.values_E)
    dgl.save_graphs(str(file), [graph])
