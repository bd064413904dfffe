import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.export.hif import FILE, write_hif
from tests.unit.export.snapshots import snapshot

NAME = {"type": ["string", "integer"]}


def rows(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A list of objects with these fields, and perhaps a weight and attributes."""
    properties = {**required, "weight": {"type": "number"}, "attrs": {"type": "object"}, **more}
    item = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"type": "array", "items": item}


FORMAT = {
    "type": "object",
    "properties": {
        "network-type": {"enum": ["undirected", "directed", "asc"]},
        "metadata": {"type": "object"},
        "nodes": rows({"node": NAME}),
        "edges": rows({"edge": NAME}),
        "incidences": rows({"edge": NAME, "node": NAME}, direction={"enum": ["head", "tail"]}),
    },
    "required": ["incidences"],
    "additionalProperties": False,
}
"""What the Hypergraph Interchange Format allows, from its description."""


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Any]:
    write_hif(snapshot(), tmp_path / "out")
    read: dict[str, Any] = json.loads((tmp_path / "out" / FILE).read_text(encoding="utf-8"))
    return read


def test_the_file_is_what_the_format_allows(written: dict[str, Any]) -> None:
    jsonschema.validate(written, FORMAT)


def test_nodes_and_edges_are_typed_and_each_is_there_once(written: dict[str, Any]) -> None:
    assert [node["node"] for node in written["nodes"]] == [
        *(f"Film:Film:{row}" for row in range(4)),
        "Maker:Maker:0",
        "Maker:Maker:1",
        "Style:Style:0",
    ]
    assert written["nodes"][0]["attrs"] == {"label": "Film", "id": "Film:0", "name": 'ü "\x0b'}
    assert {edge["edge"]: (edge["attrs"]["label"], edge["weight"]) for edge in written["edges"]} == {
        "Making:0": ("Making", 1.0),
        "Making:1": ("Making", 2.5),
        "Remake:0": ("Remake", 1.0),
        "Remake:1": ("Remake", -1.0),
        "Film-LIKE:0": ("Film-LIKE", 0.5),
    }


def test_incidences_are_the_members_once_each_with_their_positions(written: dict[str, Any]) -> None:
    found = {(row["edge"], row["node"]): row["attrs"]["positions"] for row in written["incidences"]}
    assert len(found) == len(written["incidences"])
    assert found == {
        ("Making:0", "Film:Film:0"): [0],
        ("Making:0", "Maker:Maker:1"): [1],
        ("Making:0", "Style:Style:0"): [2],
        ("Making:1", "Film:Film:1"): [0],
        ("Making:1", "Maker:Maker:0"): [1],
        ("Making:1", "Style:Style:0"): [2],
        ("Remake:0", "Film:Film:1"): [0],
        ("Remake:0", "Film:Film:0"): [1],
        ("Remake:1", "Film:Film:2"): [0, 1],
        ("Film-LIKE:0", "Film:Film:0"): [0],
        ("Film-LIKE:0", "Film:Film:1"): [1],
    }
