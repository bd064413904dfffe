"""Whether the database serves already what a write-back would write."""

from collections.abc import Iterable

from pipeline.domain.dataset import Dataset
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot, vector_identifiers, vector_index
from pipeline.graph.statement import load
from pipeline.graph.stored_runs import published_run


def served_run(client: GraphClient, dataset: Dataset, key: str) -> str | None:
    """The id of the run that is served, if it has a key and is whole; None otherwise.

    Whole is a run that has a vector of every entity, and every index: vectors and indexes can be removed by anybody who may write
    to the database.

    Parameters
    ----------
    client
        The database.
    dataset
        The data set, as the database describes it.
    key
        The run's key, as `pipeline.domain.keys` makes it.
    """
    run = published_run(client, dataset.name)
    if run is None or run.key != key or run.slot is None:
        return None
    return run.id if _is_whole(client, dataset.labels, run.slot) else None


def _is_whole(client: GraphClient, labels: Iterable[str], slot: Slot) -> bool:
    indexes = {row["name"] for row in client.read(load("writeback/vector_indexes"))}
    return all(vector_index(label, slot) in indexes and not num_missing(client, label, slot) for label in labels)


def num_missing(client: GraphClient, label: str, slot: Slot) -> int:
    """How many entities of a modality have no vector in a slot."""
    (found,) = client.read(load("writeback/count_missing").with_identifiers(**vector_identifiers(label, slot)))
    return int(found["missing"])
