"""Relations of one intra-modal graph: remove, create and change."""

from pipeline.domain.dataset import GraphKey
from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import BATCH_SIZE, send
from pipeline.records.comparison import Comparison
from pipeline.records.tables import graph_table_key


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
    name, identifiers = graph_table_key(*key), {"Modality": label, "RELATION_TYPE": relation_type}
    # One at a time: two transactions that relate the same well-connected entities would wait for each other.
    if not keep_stale:
        statement = load("ingest/remove_relations").with_identifiers(**identifiers)
        keys = comparison.removed_keys(BATCH_SIZE)
        send(client, progress, f"Removing {name}", statement, keys, _row, total=comparison.removed, concurrency=1)
    for doing, file, rows, total in (
        ("Writing", "ingest/create_relations", comparison.created_rows(BATCH_SIZE), comparison.created),
        ("Changing", "ingest/change_relations", comparison.changed_rows(BATCH_SIZE), comparison.changed),
    ):
        statement = load(file).with_identifiers(**identifiers)
        send(client, progress, f"{doing} {name}", statement, rows, _row, total=total, concurrency=1, ingest=number)


def _row(source: str, target: str, weight: float | None = None) -> object:
    return {"source": source, "target": target, "weight": weight}
