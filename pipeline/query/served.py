"""What the database serves: its data sets, and the published run of each."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline.domain.dataset import Dataset, Modality
from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import GraphStatementError, QueryError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import stored_datasets, without_vectors

_T = TypeVar("_T")


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
    quality
        What its settings reached on hidden hyperedges when they were chosen: by type and slot, beside the best of counting.
    recall
        Per modality label the part of an entity's ten nearest that its vector index finds, 0 to 1.
    """

    id: str
    slot: Slot
    embedding_dim: int
    published_at: str
    quality: Sequence[Mapping[str, Any]] = ()
    recall: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """A data set with its published run, if it has one, and the labels whose vectors are copied to fixed names."""

    dataset: Dataset
    run: Run | None
    fixed_names: tuple[str, ...] = ()
    copied_run: str | None = None


def served(client: GraphClient) -> list[Served]:
    """All data sets of the database, by name."""
    datasets, runs = stored_datasets(client), _published_runs(client)
    if datasets.keys() - runs.keys():
        # Who reads while a run is published may come to it too early, and to the former one too late, and find neither.
        runs |= _published_runs(client)
    return [Served(stored.dataset, runs.get(name), stored.fixed_names, stored.copied_run) for name, stored in datasets.items()]


def _published_runs(client: GraphClient) -> dict[str, Run]:
    return {
        row["name"]: Run(
            row["run"],
            row["slot"],
            row["embeddingDim"],
            row["publishedAt"],
            json.loads(row["report"]).get("quality", ()),
            dict(row["recall"]),
        )
        for row in client.read(load("query/served"))
    }


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
                raise without_vectors(candidate.dataset.name)
            return candidate.dataset.modality(label), candidate.run
        known.extend(candidate.dataset.labels)
    if not known:
        raise QueryError("the database holds no data set", hint="run `hyperlearn demo`, or `hyperlearn refresh DATASET`, first")
    raise QueryError(f"there is no modality {label}{did_you_mean(label, known)}", hint=f"there are {', '.join(known)}")


def ask_published(client: GraphClient, label: str, question: Callable[[Modality, Run], _T]) -> _T:
    """The answer to a question about the published run, all of it from one run.

    The vectors of a run go only after two others were published; a reader that was so slow asks again.

    Parameters
    ----------
    client
        The database.
    label
        The modality that is asked about.
    question
        Given the modality and the run; may be asked more than once.

    Raises
    ------
    QueryError
        As `published` does, and whatever the question raises.
    """
    while True:
        modality, run = published(client, label)
        try:
            answer = question(modality, run)
        except GraphStatementError:
            if published(client, label)[1] == run:
                raise
        else:
            if published(client, label)[1] == run:
                return answer
