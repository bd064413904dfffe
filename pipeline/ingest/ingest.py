"""Records into Neo4j: afterwards the database holds exactly what the records say, and nothing was written that was there already.

Each table is compared with what the database holds, and only the difference is written, in batches. A run that is killed is mended
by the next one, since that compares anew; a second run finds no difference.
"""

from collections.abc import Iterator

import pandas as pd

from pipeline.domain.dataset import Dataset, Modality
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.records import Records
from pipeline.graph.client import GraphClient
from pipeline.graph.schema import create_schema
from pipeline.ingest.changes import TableChanges
from pipeline.ingest.entities import remove_entities, write_entities
from pipeline.ingest.hyperedges import sync_hyperedges
from pipeline.ingest.ownership import claim, write_description
from pipeline.ingest.relations import sync_relations


def ingest(client: GraphClient, records: Records, progress: Progress = no_progress) -> list[TableChanges]:
    """Make the database hold the records.

    Parameters
    ----------
    client
        The database.
    records
        What it shall hold of this data set.
    progress
        Told of each table.

    Returns
    -------
    list of TableChanges
        Per table, how many rows were created, changed, removed and left.

    Raises
    ------
    GraphSchemaError
        If a label belongs to somebody else; nothing has been written then.
    GraphError
        If the database fails; running again completes the work.
    """
    dataset = records.dataset
    before = claim(client, dataset) or dataset
    create_schema(client, dataset)
    report = []
    removed = {}
    for modality in dataset.modalities:
        properties = _managed_properties(modality, before)
        changes = write_entities(client, modality.label, records.entities[modality.label], properties, progress)
        removed[modality.label] = changes.removed
        report.append(TableChanges.of(modality.label, changes))
    for graph in dataset.graphs:
        report.append(sync_relations(client, graph.key, records.relations[graph.key], progress))
    for hyperedge_type in dataset.hyperedge_types:
        report.append(sync_hyperedges(client, hyperedge_type, records.hyperedges[hyperedge_type.label], progress))
    report.extend(_remove_undescribed(client, before, dataset, progress))
    # Entities go last: the hyperedges and relations that held them are gone by now.
    for label, ids in removed.items():
        remove_entities(client, label, ids, progress)
    write_description(client, dataset, counts={changes.table: changes.total for changes in report if changes.total})
    return report


def _managed_properties(modality: Modality, before: Dataset) -> list[str]:
    """Properties that the description has, or had when the data set was last ingested."""
    former = before.modality(modality.label).properties if modality.label in before.labels else ()
    return list(dict.fromkeys(("name", *modality.properties, *former)))


def _remove_undescribed(client: GraphClient, before: Dataset, dataset: Dataset, progress: Progress) -> Iterator[TableChanges]:
    """Remove what the last description had and the new one has not."""
    keys = {graph.key for graph in dataset.graphs}
    for graph in before.graphs:
        if graph.key not in keys:
            yield sync_relations(client, graph.key, None, progress)
    labels = {hyperedge_type.label for hyperedge_type in dataset.hyperedge_types}
    for hyperedge_type in before.hyperedge_types:
        if hyperedge_type.label not in labels:
            yield sync_hyperedges(client, hyperedge_type, None, progress)
    for modality in before.modalities:
        if modality.label not in dataset.labels:
            empty = pd.DataFrame({"id": [], "name": []})
            changes = write_entities(client, modality.label, empty, ("name",), progress)
            remove_entities(client, modality.label, changes.removed, progress)
            yield TableChanges.of(modality.label, changes)
