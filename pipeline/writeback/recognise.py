"""Whether the database serves already what a write-back would write."""

from pipeline.domain.dataset import Dataset
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot, vector_index, vector_property
from pipeline.graph.statement import load


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
    for run in client.read(load("writeback/published_run"), dataset=dataset.name, key=key):
        if all(_is_whole(client, label, run["slot"]) for label in dataset.labels):
            return str(run["id"])
    return None


def _is_whole(client: GraphClient, label: str, slot: Slot) -> bool:
    statement = load("writeback/count_missing").with_identifiers(Modality=label, embedding=vector_property(slot))
    (found,) = client.read(statement)
    indexes = [row["name"] for row in client.read(load("writeback/vector_indexes"))]
    return found["missing"] == 0 and vector_index(label, slot) in indexes
