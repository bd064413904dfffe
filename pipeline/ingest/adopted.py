"""Nodes of the user's own as the entities of a modality: adopt them, bring copies up to date, release them; never create or delete.

What they are compared by is which node has which id, and the name where it is a copy: their own properties are theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.domain.dataset import Adopted, Dataset, Modality
from pipeline.domain.progress import Progress
from pipeline.errors import IngestRefusedError
from pipeline.graph.adopted_nodes import gone_properties
from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_nodes
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset
from pipeline.ingest.batches import BATCH_SIZE, send
from pipeline.ingest.changes import GREATEST_LOSS
from pipeline.records.comparison import Comparison
from pipeline.records.tables import ELEMENT, Table, graph_table_key


def adopted_of(dataset: Dataset) -> dict[str, Adopted]:
    """The modalities of a data set that adopt nodes: which, by label."""
    return {modality.label: modality.adopted for modality in dataset.modalities if modality.adopted is not None}


def read_back(dataset: Dataset) -> set[str]:
    """Tables that hang on nodes of the user's own, who may change them at any time: digests do not tell what is there."""
    adopted = adopted_of(dataset)
    return {*adopted, *(graph_table_key(*graph.key) for graph in dataset.graphs if graph.modality in adopted)}


def as_written(table: Table, dataset: Dataset) -> Table:
    """A table with the columns that an ingest writes: of adopted nodes only what is copied."""
    adopted = adopted_of(dataset).get(table.key)
    if adopted is None:
        return table
    return replace(table, columns={name: table.columns[name] for name in ("id", *adopted.copies, ELEMENT)})


def adopt(client: GraphClient, modality: Modality, comparison: Comparison, progress: Progress, *, number: int) -> None:
    """Make nodes entities, and bring copies up to date.

    Parameters
    ----------
    client
        The database.
    modality
        Which nodes, and what they are to be.
    comparison
        What is to be written.
    progress
        Told of the rows written.
    number
        Number of the ingest, which the nodes get as a stamp.
    """
    adopted, label = modality.adopted, modality.label
    if adopted is None:
        raise AssertionError("a modality that adopts nodes")
    identifiers = {"Existing": adopted.label, "existingKey": adopted.key, "Modality": label}
    statement = load("ingest/adopt_nodes").with_identifiers(**identifiers)
    columns = list(comparison.table.columns)

    def row(*values: object) -> object:
        cells = dict(zip(columns, values, strict=True))
        return {"element": cells[ELEMENT], "id": cells["id"], "properties": {name: cells[name] for name in adopted.copies}}

    for doing, rows, total in (
        ("Adopting", comparison.created_rows(BATCH_SIZE), comparison.created),
        ("Changing", comparison.changed_rows(BATCH_SIZE), comparison.changed),
    ):
        send(client, progress, f"{doing} {label}", statement, rows, row, total=total, ingest=number)


def release(client: GraphClient, stored: StoredDataset, label: str, comparison: Comparison, progress: Progress) -> None:
    """Leave nodes as they were before they became entities."""
    if not comparison.removed:
        return
    keys = comparison.removed_keys(BATCH_SIZE)
    statement = load("ingest/release_nodes").with_identifiers(Modality=label)
    adopted = adopted_of(stored.dataset)[label]
    send(
        client,
        progress,
        f"Releasing {label}",
        statement,
        keys,
        lambda id_: id_,
        total=comparison.removed,
        types=_types(stored, label),
        gone=gone_properties(stored, adopted, label),
    )


def rekeyed(client: GraphClient, dataset: Dataset, *, allow_removal: bool) -> Mapping[str, Sequence[str]]:
    """The entities whose nodes have got another key: they are other entities now; ids by label.

    Raises
    ------
    IngestRefusedError
        If they are more than a tenth of a modality, and that many may not go.
    """
    found = {}
    for label, adopted in adopted_of(dataset).items():
        identifiers = {"Modality": label, "existingKey": adopted.key}
        ids = [row["id"] for row in client.read(load("ingest/read_rekeyed").with_identifiers(**identifiers))]
        count = count_nodes(client, label)
        if len(ids) > GREATEST_LOSS * count and not allow_removal:
            raise IngestRefusedError(
                f"data set {dataset.name}: {len(ids):,} of {count:,} {label} nodes have another {adopted.key} than before, which "
                "is more than a tenth; nothing was written",
                hint="are the keys right? --allow-removal takes them for other entities",
            )
        if ids:
            found[label] = ids
    return found


def release_rekeyed(client: GraphClient, stored: StoredDataset, found: Mapping[str, Sequence[str]]) -> None:
    """Release entities whose nodes have got another key."""
    for label, ids in found.items():
        statement = load("ingest/release_nodes").with_identifiers(Modality=label)
        gone = gone_properties(stored, adopted_of(stored.dataset)[label], label)
        for batch in _batches(ids):
            client.write_rows(statement, batch, types=_types(stored, label), gone=gone)


def without_vanished(dataset: Dataset, left: Mapping[str, int], comparison: Comparison) -> Comparison:
    """The comparison of a modality, in which nodes that the user has deleted since the last ingest count as removed.

    Parameters
    ----------
    dataset
        The data set.
    left
        How many rows the last ingest left, by table.
    comparison
        Of the modality's table with what is there.
    """
    label = comparison.table.key
    if label not in adopted_of(dataset):
        return comparison
    there = comparison.changed + comparison.unchanged + comparison.removed
    return replace(comparison, removed=comparison.removed + max(0, left.get(label, 0) - there))


def _types(stored: StoredDataset, label: str) -> list[str]:
    """Types of the relations of ours between nodes of a modality."""
    return [graph.relation_type for graph in stored.dataset.graphs if graph.modality == label]


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + BATCH_SIZE] for start in range(0, len(ids), BATCH_SIZE))
