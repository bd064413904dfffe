"""Entities of one modality: read what is there, compare, write the difference; removal comes last of all and apart."""

from collections.abc import Sequence

import pandas as pd

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import send
from pipeline.ingest.changes import Changes
from pipeline.ingest.contents import EntityContent, entity_contents

EntityChanges = Changes[str, EntityContent]


def write_entities(
    client: GraphClient, label: str, table: pd.DataFrame, properties: Sequence[str], progress: Progress
) -> EntityChanges:
    """Create missing entities and set the properties of those that differ.

    Parameters
    ----------
    client
        The database.
    label
        The modality.
    table
        Its wanted entities.
    properties
        The properties that are ours to set or to remove; all others that a node has stay as they are.
    progress
        Told of the rows written.

    Returns
    -------
    EntityChanges
        What was created and changed, and what `remove_entities` has still to remove.
    """
    statement = load("ingest/read_entities").with_identifiers(Modality=label)
    present = client.columns(statement, properties=list(properties))
    changes = Changes.between(
        dict(zip(present["id"], map(tuple, present["content"]), strict=True)), entity_contents(table, properties)
    )
    rows = [
        {"id": id_, "properties": dict(zip(properties, content, strict=True))}
        for id_, content in (changes.created | changes.changed).items()
    ]
    send(client, progress, f"Writing {label}", load("ingest/write_entities").with_identifiers(Modality=label), rows)
    return changes


def remove_entities(client: GraphClient, label: str, ids: Sequence[str], progress: Progress) -> None:
    """Remove entities, with whatever still hangs on them."""
    send(client, progress, f"Removing {label}", load("ingest/remove_nodes").with_identifiers(Label=label), ids)
