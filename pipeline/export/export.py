"""Neo4j into a snapshot: the whole hypergraph of one data set, in rows."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pandas as pd

from pipeline.domain.dataset import HyperedgeType, IntraModalGraph
from pipeline.domain.hypergraph_of_ids import Columns, hypergraph_of_ids
from pipeline.domain.keys import snapshot_key
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.rows import RowIndex
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import ExportError, HypergraphError
from pipeline.export.consistent import read_consistently
from pipeline.export.reading import read_entities, read_hyperedges, read_relations
from pipeline.graph.client import GraphClient, Row
from pipeline.graph.stored_datasets import StoredDataset
from pipeline.records.tables import graph_table_key, member_columns

_READ_AGAIN = "somebody else wrote to it; run the ingest again with `--verify`, then the export"


def export(client: GraphClient, dataset_name: str, directory: Path, progress: Progress = no_progress) -> Snapshot:
    """Read a data set from the database and write a snapshot directory.

    Parameters
    ----------
    directory
        Where to write; must not exist.
    client, dataset_name, progress
        As for `read_snapshot`.

    Returns
    -------
    Snapshot
        What was written.

    Raises
    ------
    ExportError
        As `read_snapshot`.
    ArtifactError
        If the directory exists or cannot be written.
    """
    snapshot = read_snapshot(client, dataset_name, progress)
    snapshot.write(directory)
    return snapshot


def read_snapshot(client: GraphClient, dataset_name: str, progress: Progress = no_progress) -> Snapshot:
    """Read one state of a data set, whoever writes meanwhile.

    Parameters
    ----------
    client
        The database.
    dataset_name
        The data set, which has been ingested.
    progress
        Told of each table.

    Raises
    ------
    ExportError
        If the database does not hold the data set, or not all of it.
    DatasetChangedError
        If ingests changed it each time it was read.
    """
    return read_consistently(client, dataset_name, lambda stored: _read(client, stored, progress))


def _read(client: GraphClient, stored: StoredDataset, progress: Progress) -> Snapshot:
    dataset, counts = stored.dataset, stored.counts or {}
    entities = {label: _entities(client, label, progress) for label in dataset.labels}
    rows = {label: RowIndex(table["id"].tolist()) for label, table in entities.items()}
    ids = {label: index.ids for label, index in rows.items()}

    def hyperedges(kind: HyperedgeType) -> Iterator[Columns]:
        pages = read_hyperedges(client, kind, ids, counts.get(kind.label, 0))
        return _columns(pages, (*member_columns(kind.arity), "value"), kind.label, progress)

    def relations(graph: IntraModalGraph) -> Iterator[Columns]:
        key = graph_table_key(*graph.key)
        pages = read_relations(client, graph, ids[graph.modality], counts.get(key, 0))
        return _columns(pages, ("source", "target", "weight"), key, progress)

    try:
        hypergraph = hypergraph_of_ids(dataset, rows, hyperedges, relations)
    except HypergraphError as error:
        raise ExportError(str(error), hint=_READ_AGAIN) from error
    origin: dict[str, object] = {**origin_now(client), "ingest": stored.ingest}
    if stored.state is not None:
        origin |= {"state": stored.state, "key": snapshot_key(stored.state, dataset)}
    snapshot = Snapshot(hypergraph, entities, origin)
    check_counts({name: count for table in snapshot.counts.values() for name, count in table.items()}, counts)
    return snapshot


def origin_now(client: GraphClient) -> dict[str, str]:
    """Where something is read, and when: now."""
    return {"uri": client.connection.uri, "database": client.connection.database, "readAt": datetime.now(UTC).isoformat()}


def check_counts(found: dict[str, int], expected: dict[str, int]) -> None:
    """Refuse what is not all that the last ingest left.

    Parameters
    ----------
    found
        Number of rows that were read, by table key.
    expected
        Number that there should be; tables without rows may be left out.

    Raises
    ------
    ExportError
        If a number differs; names the table.
    """
    for name in expected.keys() | found.keys():
        if found.get(name, 0) != expected.get(name, 0):
            raise ExportError(
                f"{name}: ingest wrote {expected.get(name, 0):,}, the database holds {found.get(name, 0):,}", hint=_READ_AGAIN
            )


def _entities(client: GraphClient, label: str, progress: Progress) -> pd.DataFrame:
    pages = list(_columns(read_entities(client, label), ("id", "name"), label, progress))
    ids, names = (list(chain.from_iterable(page[column] for page in pages)) for column in (0, 1))
    return pd.DataFrame({"id": ids, "name": names})


def _columns(pages: Iterable[Row], names: Iterable[str], description: str, progress: Progress) -> Iterator[Columns]:
    """Some columns of each page."""
    with progress(f"Reading {description}") as advance:
        for page in pages:
            columns = [page[name] for name in names]
            yield columns
            advance(len(columns[0]))
