import json
from pathlib import Path

import networkx as nx
import pytest

from pipeline.domain.dgl_graphs import to_dgl
from pipeline.export.networkx_graphs import relations_to_networkx, to_networkx, write_networkx
from tests.unit.export.snapshots import snapshot


def test_the_expansion_is_bipartite_and_has_every_member() -> None:
    graph = to_networkx(snapshot())
    entities = {node for node, side in graph.nodes(data="bipartite") if side == 0}
    assert nx.bipartite.is_bipartite_node_set(graph, entities)
    assert len(entities) == 4 + 2 + 1
    assert graph.nodes["Film:Film:0"] == {"bipartite": 0, "label": "Film", "entity_id": "Film:0", "name": 'ü "\x0b'}
    assert graph.nodes["Making:1"] == {"bipartite": 1, "label": "Making", "value": 2.5}
    found = {(node, position, other) for node, other, position in graph.edges("Making:0", keys=True)}
    assert found == {("Making:0", 0, "Film:Film:0"), ("Making:0", 1, "Maker:Maker:1"), ("Making:0", 2, "Style:Style:0")}
    assert sorted(nx.isolates(graph)) == ["Film:Film:3"]


def test_an_entity_that_stands_twice_has_two_edges() -> None:
    assert dict(to_networkx(snapshot())["Remake:1"]["Film:Film:2"]) == {0: {"position": 0}, 1: {"position": 1}}


def test_a_relation_is_one_weighted_edge() -> None:
    graph = relations_to_networkx(snapshot(), ("Film", "LIKE"))
    assert list(graph.edges(data="weight")) == [("Film:Film:0", "Film:Film:1", 0.5)]
    assert len(graph) == 4
    with pytest.raises(KeyError):
        relations_to_networkx(snapshot(), ("Film", "OTHER"))


def test_files_come_back_as_they_went(tmp_path: Path) -> None:
    write_networkx(snapshot(), tmp_path / "out")
    for name, expected in {
        "hypergraph": to_networkx(snapshot()),
        "Film.LIKE": relations_to_networkx(snapshot(), ("Film", "LIKE")),
    }.items():
        text = (tmp_path / "out" / f"{name}.json").read_text(encoding="utf-8")
        read = nx.node_link_graph(json.loads(text), edges="edges")
        assert type(read) is type(expected)
        assert nx.utils.graphs_equal(read, expected)


def test_dgl_has_hyperedges_and_relations_in_one_graph() -> None:
    graph = to_dgl(snapshot().hypergraph)
    assert {name: graph.num_nodes(name) for name in graph.ntypes} == {"Film": 4, "Maker": 2, "Style": 1, "Making": 2, "Remake": 2}
    likes = graph.edges["Film", "LIKE", "Film"].data["weight"].tolist()
    assert sorted(zip(*(end.tolist() for end in graph.edges(etype="LIKE")), likes, strict=True)) == [(0, 1, 0.5), (1, 0, 0.5)]
    assert graph.nodes["Making"].data["value"].tolist() == [1.0, 2.5]
