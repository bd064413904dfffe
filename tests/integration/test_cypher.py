"""Every statement, planned by the server on a loaded graph: no warning, no scan of all nodes."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import neo4j
import numpy as np
import pytest

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.type_parameters import TypeParameters
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.statement import Statement, load
from pipeline.graph.stored_datasets import keep_choice
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import change, wipe

IDENTIFIERS = {
    "Modality": "Film",
    "Label": "Film",
    "HyperedgeType": "Making",
    "Member0": "Film",
    "Member1": "Maker",
    "Member2": "Style",
    "RELATION_TYPE": "LIKE",
    "Existing": "Film",
    "existingKey": "name",
    "key": "name",
    "oneKey": "name",
    "otherKey": "id",
    "embedding": "embeddingA",
    "biases": "biasesA",
    "served": "embeddingA",
    "Kind": "Entity",
    "vector_index": "film_embedding_a",
    "index_name": "film_name",
    "constraint_name": "film_id",
    "entity_id": "film_id",
    "entity_name": "film_name",
    "hyperedge_id": "making_id",
}

PARAMETERS: dict[str, Any] = {
    "position": 0,
    "size": 2,
    "batch": {
        "rows": [
            {
                "id": "f0",
                "members": ["f0", "m0", "s0"],
                "source": "f0",
                "target": "f2",
                "vector": [1.0],
                "properties": {},
                "element": "4:0:1",
            }
        ]
    },
    "columns": ["year"],
    "types": ["LIKE"],
    "gone": {"biasesA": None},
    "context": [1.0, 2.0],
    "bias": 0,
    "hidden": ["f1"],
    "others": [{"position": 1, "id": "m0"}],
    "asked": 2,
    "positions": [{"type": "Making", "position": 0, "bias": 0}],
    "written": [],
    "properties": ["year"],
    "property": "embeddingA",
    "k": 3,
    "doubt": 3,
    "vector": [1.0, 2.0],
    "known": ["f1"],
    "candidates": 10,
    "limit": 10,
    "seconds": 1,
    "token": 1,
    "dimensions": 2,
    "embeddingDim": 2,
    "numEntities": 2,
    "rollsBack": True,
    "slot": "A",
    "key": "k",
    "choice": "{}",
    "change": "c",
    "state": "s",
    "kind": "Entity",
    "index": "film_embedding_a",
    "kept": ["run-1"],
    "labels": ["Film"],
    "vectors": [{"label": "Film", "index": "film_embedding_a", "property": "embeddingA"}],
}

# Those for the Browser speak of the films; the test of the whole job runs them.
STATEMENTS = sorted(
    f"{folder.name}/{file.name.removesuffix('.cypher')}"
    for folder in files("cypher").iterdir()
    if folder.is_dir() and folder.name != "browser"
    for file in folder.iterdir()
    if file.name.endswith(".cypher")
)


def complete(name: str) -> Statement:
    statement = load(name).with_members(3)
    return statement.with_identifiers(**{key: IDENTIFIERS[key] for key in statement.identifiers if "." not in key})


def operators(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["operatorType"]
    for child in plan.get("children", []):
        yield from operators(child)


@pytest.fixture(scope="module")
def driver(connection: Connection, shared_client: GraphClient) -> Iterator[neo4j.Driver]:
    """A driver that hears the server's notes, on a graph that holds something of everything."""
    wipe(shared_client)
    ingest(shared_client, tiny.tables())
    ids = {label: sorted(table["id"]) for label, table in tiny.tables().entities.items()}
    vectors = {label: np.ones((len(of), 2), dtype=np.float32) for label, of in ids.items()}
    ones = np.ones(2, np.float32)
    biases = tuple(np.zeros(len(ids[label]), np.float32) for label in ("Film", "Maker", "Style"))
    making = TypeParameters(("Film", "Maker", "Style"), "likelihood", 0.0, ones, np.ones((3, 2), np.float32), biases, (0, 0, 0))
    write_back(shared_client, Embeddings("run-1", "tiny", 2, ids, vectors, {"Making": making}, {"key": "k"}), fixed_names=True)
    keep_choice(shared_client, "tiny", {})
    # Only types that tell their time have the property, and the tiny ones do not: the server would complain of its name.
    change(shared_client, "CALL db.createProperty('time')")
    # Nor have their digests changed.
    change(shared_client, "CALL db.createProperty('changed')")
    with neo4j.GraphDatabase.driver(connection.uri, auth=(connection.user, connection.password)) as driver:
        yield driver


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_server_plans_the_statement_without_complaint(driver: neo4j.Driver, connection: Connection, name: str) -> None:
    statement = complete(name)
    parameters = {key: PARAMETERS.get(key, "f0") for key in statement.parameters}
    with driver.session(database=connection.database) as session:
        summary = session.run(neo4j.Query(f"EXPLAIN {statement.text}"), parameters).consume()
    assert [note.status_description for note in summary.gql_status_objects if note.is_notification] == []
    assert summary.plan is not None
    found = {operator.split("@")[0] for operator in operators(summary.plan)}
    assert "AllNodesScan" not in found
    # In a guide it is of one entity with another, or with the one node that says where vectors lie.
    assert "CartesianProduct" not in found or name.startswith(("ingest/", "guide/"))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_file_can_be_pasted_as_it_is(driver: neo4j.Driver, connection: Connection, name: str) -> None:
    statement = load(name)
    parameters = {key: PARAMETERS.get(key, "f0") for key in statement.parameters}
    with driver.session(database=connection.database) as session:
        session.run(neo4j.Query(f"EXPLAIN {statement.text}"), parameters).consume()
