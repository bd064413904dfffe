"""What the database says of the runs of a data set: the one place where their records are read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot
from pipeline.graph.statement import load


@dataclass(frozen=True)
class StoredRun:
    """A run that was written into the database, or is being written.

    Attributes
    ----------
    id
        Its id.
    status
        ``staging``, ``published``, ``superseded`` or ``abandoned``; see `pipeline.writeback.runs`.
    slot
        Where its vectors lie; None once another run has taken the place.
    embedding_dim
        Length of its vectors.
    num_entities
        Number of its vectors when it was served last; None where it never was.
    started_at
        When it was first written, ISO 8601.
    published_at
        Since when it has been served, or was when it was served last, ISO 8601; None where it never was.
    published_ms
        The same in milliseconds since 1970: of two runs, the one that was served later has more.
    report
        What training told about it.
    key
        What decided it, as `pipeline.domain.keys` has it; None where that is not known.
    num_folded_in
        How many of its vectors were added without training.
    rolled_back
        Whether it was served until a rollback put a former one in its place.
    """

    id: str
    status: str
    slot: Slot | None
    embedding_dim: int
    num_entities: int | None
    started_at: str
    published_at: str | None
    published_ms: int | None
    report: Mapping[str, Any]
    key: str | None
    num_folded_in: int
    rolled_back: bool

    @property
    def is_served(self) -> bool:
        """Whether readers get its vectors."""
        return self.status == "published"


def stored_runs(client: GraphClient, dataset: str) -> list[StoredRun]:
    """The runs of a data set, newest first; none where there is no such data set."""
    return [
        StoredRun(
            row["id"],
            row["status"],
            row["slot"],
            row["embeddingDim"],
            row["numEntities"],
            row["startedAt"],
            row["publishedAt"],
            row["publishedMs"],
            json.loads(row["report"]),
            row["key"],
            row["numFoldedIn"],
            row["rolledBack"],
        )
        for row in client.read(load("query/runs"), dataset=dataset)
    ]


def published_run(client: GraphClient, dataset: str) -> StoredRun | None:
    """The run of a data set that is served; None where none is."""
    return next((run for run in stored_runs(client, dataset) if run.is_served), None)
