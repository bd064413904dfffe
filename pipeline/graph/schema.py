"""Constraints and indexes: their names, and how they come to be."""

import re
from collections.abc import Mapping

from pipeline.domain.dataset import Dataset
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement, load

_DAY_S = 24 * 60 * 60


def snake_case(label: str) -> str:
    """The label as part of an index name: ``FilmStyle`` becomes ``film_style``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()


def create_schema(client: GraphClient, dataset: Dataset) -> None:
    """Create what a data set needs before its first row: unique ids, and look-up by name.

    Everything is created only where it is missing, and is online when this returns.
    """
    needed = {"dataset_name": load("schema/dataset_name"), "embedding_run_id": load("schema/embedding_run_id")}
    for label in dataset.labels:
        ids, names = _ids(label), _names(label)
        needed[ids] = load("schema/entity_id").with_identifiers(entity_id=ids, Modality=label)
        needed[names] = load("schema/entity_name").with_identifiers(entity_name=names, Modality=label)
    for hyperedge_type in dataset.hyperedge_types:
        ids = _ids(hyperedge_type.label)
        needed[ids] = load("schema/hyperedge_id").with_identifiers(hyperedge_id=ids, HyperedgeType=hyperedge_type.label)
    create_missing(client, needed)
    await_indexes(client)


def create_missing(client: GraphClient, needed: Mapping[str, Statement]) -> None:
    """Create the constraints and indexes that are not there; statements by name.

    Asked first, since one that is there costs a transaction all the same, as long as a page of rows; the statements themselves bear
    that somebody is quicker.
    """
    there = {row["name"] for row in client.read(load("schema/read_indexes"))}
    for name, statement in needed.items():
        if name not in there:
            client.change_schema(statement)


def drop_schema(client: GraphClient, dataset: Dataset) -> None:
    """Drop it again; what all data sets share stays."""
    for label in (*dataset.labels, *(hyperedge_type.label for hyperedge_type in dataset.hyperedge_types)):
        client.change_schema(load("schema/drop_constraint").with_identifiers(constraint_name=_ids(label)))
    for label in dataset.labels:
        client.change_schema(load("schema/drop_index").with_identifiers(index_name=_names(label)))


def _ids(label: str) -> str:
    """Name of the constraint on a label's ids."""
    return f"{snake_case(label)}_id"


def _names(label: str) -> str:
    """Name of the index of a modality's names."""
    return f"{snake_case(label)}_name"


def await_indexes(client: GraphClient) -> None:
    """Return once every index of the database is online, which takes a vector index of a million entities many minutes.

    Raises
    ------
    GraphStatementError
        If one fails, or is not online after a day.
    """
    client.read(load("schema/await_indexes"), seconds=_DAY_S)
