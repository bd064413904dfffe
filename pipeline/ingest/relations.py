"""Relations of one intra-modal graph: remove, create and change."""

from pipeline.domain.dataset import GraphKey
from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import BATCH_SIZE, send
from pipeline.records.comparison import Comparison


def write_relations(
    client: GraphClient, key: GraphKey, comparison: Comparison, progress: Progress, *, number: int, keep_stale: bool
) -> None:
    """Write the difference.

    Parameters
    ----------
    client
        The database.
    key
        The graph.
    comparison
        What is to be written.
    progress
        Told of the rows written.
    number
        Number of the ingest, which the relations get as a stamp.
    keep_stale
        Whether relations that are no longer wanted stay.
    """
    label, relation_type = key
    steps = [
        ("Writing", "ingest/create_relations", comparison.created_rows(BATCH_SIZE), comparison.created),
        ("Changing", "ingest/change_relations", comparison.changed_rows(BATCH_SIZE), comparison.changed),
    ]
    if not keep_stale:
        steps.insert(0, ("Removing", "ingest/remove_relations", comparison.removed_keys(BATCH_SIZE), comparison.removed))
    for doing, name, rows, total in steps:
        statement = load(name).with_identifiers(Modality=label, RELATION_TYPE=relation_type)
        stamp = {"ingest": number} if "ingest" in statement.parameters else {}
        # One at a time: two transactions that relate the same well-connected entities would wait for each other.
        send(client, progress, f"{doing} {label}-{relation_type}", statement, rows, _row, total=total, concurrency=1, **stamp)


def _row(source: str, target: str, weight: float | None = None) -> object:
    return {"source": source, "target": target, "weight": weight}
