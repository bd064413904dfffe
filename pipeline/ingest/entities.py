"""Entities of one modality: create and change; removal comes last of all and apart."""

from collections.abc import Sequence

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import BATCH_SIZE, send
from pipeline.records.comparison import Comparison


def write_entities(client: GraphClient, comparison: Comparison, former: Sequence[str], progress: Progress, *, number: int) -> None:
    """Create missing entities and set the properties of those that differ.

    Parameters
    ----------
    client
        The database.
    comparison
        What is to be written.
    former
        Properties that the description had and has no longer: removed from entities that are written. All others that a node has
        stay as they are.
    progress
        Told of the rows written.
    number
        Number of the ingest, which the entities get as a stamp.
    """
    label = comparison.table.key
    statement = load("ingest/write_entities").with_identifiers(Modality=label)
    properties = comparison.table.content
    gone = dict.fromkeys(former)

    def row(id_: str, *values: object) -> object:
        return {"id": id_, "properties": gone | dict(zip(properties, values, strict=True))}

    for doing, rows, total in (
        ("Writing", comparison.created_rows(BATCH_SIZE), comparison.created),
        ("Changing", comparison.changed_rows(BATCH_SIZE), comparison.changed),
    ):
        send(client, progress, f"{doing} {label}", statement, rows, row, total=total, ingest=number)


def remove_entities(client: GraphClient, comparison: Comparison, progress: Progress) -> None:
    """Remove entities, with whatever still hangs on them."""
    label = comparison.table.key
    statement = load("ingest/remove_nodes").with_identifiers(Label=label)
    keys = comparison.removed_keys(BATCH_SIZE)
    send(client, progress, f"Removing {label}", statement, keys, lambda id_: id_, total=comparison.removed)
