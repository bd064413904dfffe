"""What the database serves: its data sets, and the published run of each."""

from dataclasses import dataclass

from pipeline.domain.dataset import Dataset, Modality
from pipeline.errors import QueryError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import stored_datasets


@dataclass(frozen=True)
class Run:
    """A published run.

    Attributes
    ----------
    id
        Its id.
    slot
        Where its vectors lie.
    embedding_dim
        Length of its vectors.
    published_at
        When it was published, ISO 8601.
    """

    id: str
    slot: Slot
    embedding_dim: int
    published_at: str


@dataclass(frozen=True)
class Served:
    """A data set with its published run, if it has one."""

    dataset: Dataset
    run: Run | None


def served(client: GraphClient) -> list[Served]:
    """All data sets of the database, by name."""
    runs = {
        row["name"]: Run(row["run"], row["slot"], row["embeddingDim"], row["publishedAt"])
        for row in client.read(load("query/served"))
    }
    return [Served(stored.dataset, runs.get(name)) for name, stored in stored_datasets(client).items()]


def published(client: GraphClient, label: str) -> tuple[Modality, Run]:
    """The modality of that label, and the run that has its vectors.

    Raises
    ------
    QueryError
        If no data set has the label, or its data set has no published run.
    """
    known: list[str] = []
    for candidate in served(client):
        if label in candidate.dataset.labels:
            if candidate.run is None:
                name = candidate.dataset.name
                raise QueryError(f"data set {name} has no vectors yet", hint=f"run `hyperlearn refresh {name}` first")
            return candidate.dataset.modality(label), candidate.run
        known.extend(candidate.dataset.labels)
    if not known:
        raise QueryError("the database holds no data set", hint="run `hyperlearn demo`, or `hyperlearn refresh DATASET`, first")
    raise QueryError(f"there is no modality {label}", hint=f"there are {', '.join(known)}")
