"""Neo4j into a snapshot directory: the whole hypergraph of one data set, in rows."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph
from pipeline.domain.hypergraph_of_ids import Columns, hypergraph_of_ids
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.rows import RowIndex
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import ExportError, HypergraphError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import stored_datasets

_READ_AGAIN = "it changed while it was read, or an ingest did not end; run the ingest again, then the export"


def export(client: GraphClient, dataset_name: str, directory: Path, progress: Progress = no_progress) -> Snapshot:
    """Read a data set from the database and write a snapshot directory.

    Parameters
    ----------
    client
        The database.
    dataset_name
        The data set, which has been ingested.
    directory
        Where to write; must not exist.
    progress
        Told of each table.

    Returns
    -------
    Snapshot
        What was written.

    Raises
    ------
    ExportError
        If the database does not hold the data set, or not all of it.
    ArtifactError
        If the directory exists or cannot be written.
    """
    dataset, expected = _description(client, dataset_name)
    entities = {}
    rows = {}
    for label in dataset.labels:
        with progress(f"Reading {label}") as advance:
            columns = client.columns(load("export/entities").with_identifiers(Modality=label))
            rows[label] = RowIndex(columns["id"])
            entities[label] = pd.DataFrame(columns).sort_values("id", ignore_index=True)
            advance(len(rows[label]))
    try:
        hypergraph = hypergraph_of_ids(
            dataset,
            rows,
            lambda kind: _hyperedges(client, kind, progress),
            lambda graph: _relations(client, graph, progress),
        )
    except HypergraphError as error:
        raise ExportError(str(error), hint=_READ_AGAIN) from error
    origin = {"uri": client.connection.uri, "database": client.connection.database, "readAt": datetime.now(UTC).isoformat()}
    snapshot = Snapshot(hypergraph, entities, origin)
    _check_counts(snapshot, expected)
    snapshot.write(directory)
    return snapshot


def _description(client: GraphClient, name: str) -> tuple[Dataset, dict[str, int]]:
    stored = stored_datasets(client).get(name)
    if stored is None:
        raise ExportError(f"the database holds no data set {name}", hint=f"run `hyperlearn ingest {name}` first")
    if stored.counts is None:
        raise ExportError(f"the ingest of data set {name} did not end", hint=f"run `hyperlearn ingest {name}` again")
    return stored.dataset, stored.counts


def _hyperedges(client: GraphClient, kind: HyperedgeType, progress: Progress) -> Columns:
    statement = (
        load("export/hyperedges").with_members(kind.arity).with_identifiers(HyperedgeType=kind.label, Member0=kind.members[0])
    )
    with progress(f"Reading {kind.label}"):
        values, *members = _columns(client.columns(statement)["hyperedges"], 1 + kind.arity)
        return (*members, values)


def _relations(client: GraphClient, graph: IntraModalGraph, progress: Progress) -> Columns:
    label, relation_type = graph.key
    statement = load("export/relations").with_identifiers(Modality=label, RELATION_TYPE=relation_type)
    with progress(f"Reading {label}-{relation_type}"):
        return _columns(client.columns(statement)["relations"], 3)


def _columns(groups: Iterable[Iterable[Sequence[Any]]], count: int) -> list[Sequence[Any]]:
    """Rows in groups, as columns."""
    return list(zip(*chain.from_iterable(groups), strict=True)) or [()] * count


def _check_counts(snapshot: Snapshot, expected: dict[str, int]) -> None:
    found = {name: count for table in snapshot.counts.values() for name, count in table.items() if count}
    for name in expected.keys() | found.keys():
        if found.get(name, 0) != expected.get(name, 0):
            raise ExportError(
                f"{name}: ingest wrote {expected.get(name, 0):,}, the database holds {found.get(name, 0):,}", hint=_READ_AGAIN
            )
