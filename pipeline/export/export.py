"""Neo4j into a snapshot directory: the whole hypergraph of one data set, in rows."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.rows import RowIndex
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import ExportError
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
    hyperedges = {kind.label: _hyperedges(client, kind, rows, progress) for kind in dataset.hyperedge_types}
    graphs = {graph.key: _graph(client, graph.key, rows[graph.modality], progress) for graph in dataset.graphs}
    hypergraph = Hypergraph(dataset, {label: len(index) for label, index in rows.items()}, hyperedges, graphs)
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


def _graph(client: GraphClient, key: GraphKey, index: RowIndex, progress: Progress) -> sparse.csr_array:
    label, relation_type = key
    statement = load("export/relations").with_identifiers(Modality=label, RELATION_TYPE=relation_type)
    with progress(f"Reading {label}-{relation_type}"):
        sources, targets, weights = _columns(client.columns(statement)["relations"], 3)
        ends = tuple(_known_rows(index, ids, label) for ids in (sources, targets))
    one_way = sparse.coo_array((np.array(weights, dtype=np.float32), ends), shape=(len(index), len(index)))
    return (one_way + one_way.T).tocsr()


def _hyperedges(client: GraphClient, hyperedge_type: HyperedgeType, rows: dict[str, RowIndex], progress: Progress) -> HyperedgeList:
    statement = (
        load("export/hyperedges")
        .with_members(hyperedge_type.arity)
        .with_identifiers(HyperedgeType=hyperedge_type.label, Member0=hyperedge_type.members[0])
    )
    with progress(f"Reading {hyperedge_type.label}"):
        values, *members = _columns(client.columns(statement)["hyperedges"], 1 + hyperedge_type.arity)
        members_EK = np.column_stack(
            [_known_rows(rows[label], ids, label) for ids, label in zip(members, hyperedge_type.members, strict=True)]
        )
    # The database gives hyperedges in no order; sorted, the same graph gives the same files.
    order = np.lexsort(members_EK.T[::-1])
    values_E = np.array(values, dtype=np.float32)
    return HyperedgeList(hyperedge_type.members, members_EK[order], values_E[order])


def _columns(groups: Iterable[Iterable[Sequence[Any]]], count: int) -> list[Sequence[Any]]:
    """Rows in groups, as columns."""
    return list(zip(*chain.from_iterable(groups), strict=True)) or [()] * count


def _known_rows(index: RowIndex, ids: Sequence[str], label: str) -> npt.NDArray[np.int64]:
    rows = index.rows(ids)
    if (rows < 0).any():
        unknown = ids[int((rows < 0).argmax())]
        raise ExportError(f"the {label} {unknown!r} came up in a relation, but not among the entities", hint=_READ_AGAIN)
    return rows


def _check_counts(snapshot: Snapshot, expected: dict[str, int]) -> None:
    found = {name: count for table in snapshot.counts.values() for name, count in table.items() if count}
    for name in expected.keys() | found.keys():
        if found.get(name, 0) != expected.get(name, 0):
            raise ExportError(
                f"{name}: ingest wrote {expected.get(name, 0):,}, the database holds {found.get(name, 0):,}", hint=_READ_AGAIN
            )
