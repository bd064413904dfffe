"""Hyperedges of one type: remove, create and change."""

from pipeline.domain.dataset import HyperedgeType
from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import BATCH_SIZE, send
from pipeline.records.comparison import Comparison


def write_hyperedges(
    client: GraphClient,
    hyperedge_type: HyperedgeType,
    comparison: Comparison,
    progress: Progress,
    *,
    number: int,
    keep_stale: bool,
    read_back: bool,
) -> None:
    """Write the difference.

    The members of a hyperedge never change, since its id is made of theirs; its value and its time may. Where rows were read back,
    those that somebody has taken a member from are among the changed, and get it back.

    Parameters
    ----------
    client
        The database.
    hyperedge_type
        The type.
    comparison
        What is to be written.
    progress
        Told of the rows written.
    number
        Number of the ingest, which the hyperedges get as a stamp.
    keep_stale
        Whether hyperedges that are no longer wanted stay.
    read_back
        Whether they were compared as the database has them, and not by the digests of what was written.
    """
    label, arity = hyperedge_type.label, hyperedge_type.arity
    if not keep_stale:
        statement = load("ingest/remove_nodes").with_identifiers(Label=label)
        keys = comparison.removed_keys(BATCH_SIZE)
        send(client, progress, f"Removing {label}", statement, keys, lambda id_: id_, total=comparison.removed)

    def row(id_: str, *values: object) -> object:
        value, time = values[arity], values[arity + 1] if len(values) > arity + 1 else None
        return {"id": id_, "members": values[:arity], "value": value, "time": time}

    members = {f"Member{p}": modality for p, modality in enumerate(hyperedge_type.members)}
    create = load("ingest/create_hyperedges").with_members(arity).with_identifiers(HyperedgeType=label, **members)
    change = load("ingest/change_hyperedges").with_identifiers(HyperedgeType=label)
    restore = load("ingest/restore_hyperedges").with_members(arity).with_identifiers(HyperedgeType=label, **members)
    for doing, statement, rows, total in (
        ("Writing", create, comparison.created_rows(BATCH_SIZE), comparison.created),
        ("Changing", restore if read_back else change, comparison.changed_rows(BATCH_SIZE), comparison.changed),
    ):
        send(client, progress, f"{doing} {label}", statement, rows, row, total=total, ingest=number)
