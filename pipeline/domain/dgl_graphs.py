"""The only code that imports DGL: writes and reads intra-modal graphs and hyperedges in its format.

DGL carries the hypergraph from export to training, and to whoever wants to go on from there with DGL; training's own graph products
are others, since its message passing takes ten times as long as they do (benchmarks/RESULTS.md). Its file format is a plain binary
one; nothing is unpickled. The library is imported at the first use: that takes a second. Shapes: N entities, E hyperedges, K arity.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse

from pipeline.domain.dataset import GraphKey, HyperedgeType
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph, check_rows
from pipeline.errors import HypergraphError


def _dgl() -> Any:  # noqa: ANN401 - the library has no types
    # Without this variable DGL asks on standard output and writes a file to the home folder.
    os.environ.setdefault("DGLBACKEND", "pytorch")
    import dgl

    return dgl


def _load(file: Path) -> Any:  # noqa: ANN401
    dgl = _dgl()
    try:
        (graph,), _ = dgl.load_graphs(str(file))
    except (dgl.DGLError, ValueError) as error:
        raise HypergraphError(f"{file} holds no DGL graph: {str(error).splitlines()[0]}") from error
    return graph


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
    graph = dgl.graph(_ends(entries), num_nodes=weights.shape[0])
    graph.edata["weight"] = torch.from_numpy(entries.data.astype(np.float32))
    dgl.save_graphs(str(file), [graph])


def load_graph(file: Path) -> sparse.csr_array:
    """Read the weight matrix (N × N, float32) of a graph that `save_graph` wrote.

    Raises
    ------
    HypergraphError
        If the file holds no such graph.
    """
    graph = _load(file)
    ends = tuple(end.numpy() for end in graph.edges())
    for end in ends:
        check_rows(end, graph.num_nodes(), f"graph {file.stem}")
    weights = graph.edata["weight"].numpy()
    if weights.shape != ends[0].shape or not (np.isfinite(weights) & (weights > 0)).all():
        raise HypergraphError(f"graph {file.stem} has weights that are not numbers above 0, one per edge")
    return sparse.csr_array((weights, ends), shape=(graph.num_nodes(), graph.num_nodes()))


def save_hyperedges(file: Path, num_entities: Mapping[str, int], hyperedges: Mapping[str, HyperedgeList]) -> None:
    """Write all hyperedges as one heterograph, as `to_dgl` makes it, without relations.

    Parameters
    ----------
    file
        Where to.
    num_entities
        N per modality label.
    hyperedges
        A list per hyperedge type label.
    """
    _dgl().save_graphs(str(file), [_heterograph(num_entities, hyperedges, {})])


def to_dgl(hypergraph: Hypergraph) -> Any:  # noqa: ANN401
    """A whole hypergraph as one DGL heterograph.

    Node types are the modality labels and the hyperedge type labels; a node's number is its row. Edge types are (hyperedge type,
    ``member<position>``, modality), an edge per hyperedge in their order, and (modality, relation type, modality), edges both ways.
    ``value`` of a hyperedge is node data, ``weight`` of a relation is edge data.
    """
    return _heterograph(hypergraph.num_entities, hypergraph.hyperedges, hypergraph.graphs)


def _heterograph(
    num_entities: Mapping[str, int], hyperedges: Mapping[str, HyperedgeList], graphs: Mapping[GraphKey, sparse.csr_array]
) -> Any:  # noqa: ANN401
    edges = {}
    for label, listed in hyperedges.items():
        numbers_E = torch.arange(listed.num_hyperedges)
        for position, modality in enumerate(listed.modalities):
            rows_E = torch.from_numpy(np.ascontiguousarray(listed.members_EK[:, position]))
            edges[label, f"member{position}", modality] = (numbers_E, rows_E)
    entries = {(label, kind, label): weights.tocoo() for (label, kind), weights in graphs.items()}
    edges |= {key: _ends(of) for key, of in entries.items()}
    counts = {**num_entities, **{label: listed.num_hyperedges for label, listed in hyperedges.items()}}
    used = {end for start, _, stop in edges for end in (start, stop)}
    graph = _dgl().heterograph(edges, num_nodes_dict={label: count for label, count in counts.items() if label in used})
    for label, listed in hyperedges.items():
        graph.nodes[label].data["value"] = torch.from_numpy(listed.values_E)
    for key, of in entries.items():
        graph.edges[key].data["weight"] = torch.from_numpy(of.data.astype(np.float32))
    return graph


def _ends(entries: sparse.coo_array) -> tuple[torch.Tensor, torch.Tensor]:
    source, target = (torch.from_numpy(end.astype(np.int64)) for end in entries.coords)
    return source, target


def load_hyperedges(file: Path, hyperedge_types: tuple[HyperedgeType, ...]) -> dict[str, HyperedgeList]:
    """Read the hyperedges that `save_hyperedges` wrote.

    Parameters
    ----------
    file
        Where from.
    hyperedge_types
        Which ones are described.

    Raises
    ------
    HypergraphError
        If the file does not hold those types, or a hyperedge has not one member at each position.
    """
    graph = _load(file)
    described = {(kind.label, f"member{k}", label) for kind in hyperedge_types for k, label in enumerate(kind.members)}
    if set(graph.canonical_etypes) != described:
        raise HypergraphError(f"{file.name} does not hold the members of {', '.join(kind.label for kind in hyperedge_types)} alone")
    found = {}
    for kind in hyperedge_types:
        count = graph.num_nodes(kind.label)
        members_EK = np.empty((count, kind.arity), np.int64)
        for position, modality in enumerate(kind.members):
            numbers_E, rows_E = (end.numpy() for end in graph.edges(etype=(kind.label, f"member{position}", modality), order="eid"))
            if not np.array_equal(numbers_E, np.arange(count)):
                raise HypergraphError(f"{kind.label}: not every hyperedge has one member at position {position}")
            members_EK[:, position] = rows_E
        found[kind.label] = HyperedgeList(kind.members, members_EK, graph.nodes[kind.label].data["value"].numpy())
    return found
