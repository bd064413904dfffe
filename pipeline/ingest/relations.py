"""Relations of one intra-modal graph: read what is there, compare, remove, create and change the difference."""

from collections.abc import Iterable

import pandas as pd

from pipeline.domain.dataset import GraphKey
from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import send
from pipeline.ingest.changes import Changes, TableChanges
from pipeline.ingest.contents import relation_contents

Pair = tuple[str, str]


def sync_relations(client: GraphClient, key: GraphKey, table: pd.DataFrame | None, progress: Progress) -> TableChanges:
    """Make the database hold exactly the relations of a table; None stands for an empty one."""
    label, relation_type = key
    name = f"{label}-{relation_type}"
    present = client.columns(load("ingest/read_relations").with_identifiers(Modality=label, RELATION_TYPE=relation_type))
    changes = Changes.between(
        dict(zip(zip(present["source"], present["target"], strict=True), present["weight"], strict=True)),
        {} if table is None else relation_contents(table),
    )

    def run(doing: str, statement: str, rows: Iterable[tuple[Pair, float | None]]) -> None:
        # One at a time: two transactions that relate the same well-connected entities would wait for each other.
        send(
            client,
            progress,
            f"{doing} {name}",
            load(statement).with_identifiers(Modality=label, RELATION_TYPE=relation_type),
            [{"source": source, "target": target, "weight": weight} for (source, target), weight in rows],
            concurrency=1,
        )

    run("Removing", "ingest/remove_relations", ((pair, None) for pair in changes.removed))
    run("Writing", "ingest/create_relations", changes.created.items())
    run("Changing", "ingest/set_relation_weights", changes.changed.items())
    return TableChanges.of(name, changes)
