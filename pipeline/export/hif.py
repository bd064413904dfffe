"""A snapshot in the Hypergraph Interchange Format: one JSON file that XGI, HyperNetX and others read.

Entities are nodes, ``<Label>:<id>``; hyperedges are edges, ``<Type>:<number>``, their values ``weight``; so are relations,
``<Label>-<TYPE>:<number>``, since an edge of two nodes is what a relation is. Attributes tell the label of a node or edge, id and
name of an entity, and the positions at which an entity is a member. Rows are written as they are made.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from pipeline.domain.artifact import write_artifact
from pipeline.domain.hypergraph import pairs_once
from pipeline.domain.names import entity_names, hyperedge_name
from pipeline.domain.snapshot import Snapshot

FORMAT = "hyperlearn-hif-1"
FILE = "hypergraph.hif.json"


def write_hif(snapshot: Snapshot, directory: Path) -> None:
    """Write a snapshot as one file into a directory, which must not exist, as a whole or not at all."""

    def fill(folder: Path) -> None:
        with (folder / FILE).open("w", encoding="utf-8") as stream:
            _write(stream, snapshot)

    write_artifact(directory, FORMAT, snapshot.manifest, fill)


def _write(stream: TextIO, snapshot: Snapshot) -> None:
    names = {label: entity_names(label, table["id"]) for label, table in snapshot.entities.items()}
    stream.write('{"network-type": "undirected",\n"metadata": ')
    json.dump({"name": snapshot.hypergraph.dataset.name, **snapshot.origin}, stream, ensure_ascii=False)
    _write_rows(stream, "nodes", _nodes(snapshot, names))
    _write_rows(stream, "edges", (edge for edge, _ in _edges(snapshot, names)))
    _write_rows(stream, "incidences", (incidence for _, incidences in _edges(snapshot, names) for incidence in incidences))
    stream.write("}\n")


def _write_rows(stream: TextIO, name: str, rows: Iterable[dict[str, Any]]) -> None:
    stream.write(f',\n"{name}": [')
    for number, row in enumerate(rows):
        stream.write((",\n" if number else "\n") + json.dumps(row, ensure_ascii=False))
    stream.write("]")


def _nodes(snapshot: Snapshot, names: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    for label, table in snapshot.entities.items():
        for node, id_, name in zip(names[label], table["id"], table["name"], strict=True):
            yield {"node": node, "attrs": {"label": label, "id": id_, "name": name}}


def _edges(snapshot: Snapshot, names: dict[str, list[str]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each edge with its incidences, one per member entity."""
    for label, edges in snapshot.hypergraph.hyperedges.items():
        for number, (members, value) in enumerate(zip(edges.members_EK.tolist(), edges.values_E.tolist(), strict=True)):
            yield _edge(label, number, value, [names[of][row] for of, row in zip(edges.modalities, members, strict=True)])
    for key, weights in snapshot.hypergraph.graphs.items():
        for number, (source, target, weight) in enumerate(pairs_once(weights)):
            yield _edge("-".join(key), number, weight, [names[key[0]][source], names[key[0]][target]])


def _edge(label: str, number: int, weight: float, nodes: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    name = hyperedge_name(label, number)
    # The format has a pair of edge and node once, also where an entity stands twice in a hyperedge.
    incidences = [
        {"edge": name, "node": node, "attrs": {"positions": [position for position, each in enumerate(nodes) if each == node]}}
        for node in dict.fromkeys(nodes)
    ]
    return {"edge": name, "weight": weight, "attrs": {"label": label}}, incidences
