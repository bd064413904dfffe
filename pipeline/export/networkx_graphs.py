"""A snapshot as networkx graphs, and those as files.

    hypergraph.json             the bipartite graph of entities and hyperedges
    <Label>.<TYPE>.json         an intra-modal graph

Files are networkx's node-link JSON: ``networkx.node_link_graph(json.load(file), edges="edges")`` reads one back. GraphML, which
more programs read, is XML, and XML has no place for some characters that names may have.
"""

import json
from pathlib import Path

import networkx as nx

from pipeline.domain.artifact import write_artifact
from pipeline.domain.dataset import GraphKey
from pipeline.domain.hypergraph import pairs_once
from pipeline.domain.names import entity_names, hyperedge_name
from pipeline.domain.snapshot import Snapshot

FORMAT = "hyperlearn-networkx-1"


def to_networkx(snapshot: Snapshot) -> nx.MultiGraph:
    """The bipartite expansion: a node per entity and per hyperedge, an edge per member.

    Entities are ``<Label>:<id>`` with ``bipartite`` 0, ``label``, ``entity_id`` and ``name``; hyperedges are ``<Type>:<number>``
    with ``bipartite`` 1, ``label`` and ``value``. An edge's key, and its ``position``, is the member's position; an entity that
    stands twice in a hyperedge has two edges to it. Isolated entities stay.
    """
    graph = nx.MultiGraph(name=snapshot.hypergraph.dataset.name)
    names = {label: _add_entities(graph, snapshot, label) for label in snapshot.entities}
    for label, edges in snapshot.hypergraph.hyperedges.items():
        for number, (members, value) in enumerate(zip(edges.members_EK.tolist(), edges.values_E.tolist(), strict=True)):
            hyperedge = hyperedge_name(label, number)
            graph.add_node(hyperedge, bipartite=1, label=label, value=value)
            for position, (modality, row) in enumerate(zip(edges.modalities, members, strict=True)):
                graph.add_edge(hyperedge, names[modality][row], key=position, position=position)
    return graph


def relations_to_networkx(snapshot: Snapshot, key: GraphKey) -> nx.Graph:
    """An intra-modal graph, by modality label and relation type: entities as in `to_networkx`, an edge with ``weight`` per pair.

    Raises
    ------
    KeyError
        If the data set has no such graph.
    """
    weights = snapshot.hypergraph.graphs[key]
    graph = nx.Graph(name="-".join(key))
    names = _add_entities(graph, snapshot, key[0])
    for source, target, weight in pairs_once(weights):
        graph.add_edge(names[source], names[target], weight=weight)
    return graph


def write_networkx(snapshot: Snapshot, directory: Path) -> None:
    """Write all graphs of a snapshot into a directory, which must not exist, as a whole or not at all."""

    def fill(folder: Path) -> None:
        _save(folder / "hypergraph.json", to_networkx(snapshot))
        for key in snapshot.hypergraph.graphs:
            _save(folder / f"{'.'.join(key)}.json", relations_to_networkx(snapshot, key))

    write_artifact(directory, FORMAT, snapshot.manifest, fill)


def _add_entities(graph: nx.Graph, snapshot: Snapshot, label: str) -> list[str]:
    """Add the entities of a modality, and say what they are called, by row."""
    table = snapshot.entities[label]
    names = entity_names(label, table["id"])
    for node, id_, name in zip(names, table["id"], table["name"], strict=True):
        graph.add_node(node, bipartite=0, label=label, entity_id=id_, name=name)
    return names


def _save(file: Path, graph: nx.Graph) -> None:
    with file.open("w", encoding="utf-8") as stream:
        json.dump(nx.node_link_data(graph, edges="edges"), stream, ensure_ascii=False)
