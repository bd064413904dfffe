"""Whether the database serves already what a write-back would write."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain.dataset import Dataset
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot, vector_identifiers, vector_index
from pipeline.graph.statement import load
from pipeline.graph.stored_runs import stored_runs


@dataclass(frozen=True)
class Served:
    """A run that stays served.

    Attributes
    ----------
    run
        Its id.
    rolled_back
        Id of the run that a write-back would give again, which somebody has rolled back; None where that is the run itself.
    """

    run: str
    rolled_back: str | None = None


def served_run(client: GraphClient, dataset: Dataset, key: str) -> Served | None:
    """The run that is served, if it has a key and is whole; None otherwise.

    Whole is a run that has a vector of every entity, and every index: vectors and indexes can be removed by anybody who may write
    to the database. Where the run with the key was rolled back, the one that is served in its place stays, if it has every index:
    entities that came after it have no vector of it.

    Parameters
    ----------
    client
        The database.
    dataset
        The data set, as the database describes it.
    key
        The run's key, as `pipeline.domain.keys` makes it.
    """
    runs = stored_runs(client, dataset.name)
    run = next((run for run in runs if run.is_served and run.slot is not None), None)
    if run is None or run.slot is None or not _has_indexes(client, dataset.labels, run.slot):
        return None
    if run.key == key:
        has_vectors = not any(num_missing(client, label, run.slot) for label in dataset.labels)
        return Served(run.id) if has_vectors else None
    return next((Served(run.id, other.id) for other in runs if other.key == key and other.rolled_back), None)


def _has_indexes(client: GraphClient, labels: Iterable[str], slot: Slot) -> bool:
    indexes = {row["name"] for row in client.read(load("writeback/vector_indexes"))}
    return all(vector_index(label, slot) in indexes for label in labels)


def num_missing(client: GraphClient, label: str, slot: Slot) -> int:
    """How many entities of a modality have no vector in a slot."""
    (found,) = client.read(load("writeback/count_missing").with_identifiers(**vector_identifiers(label, slot)))
    return int(found["missing"])
