"""What the database says of the data sets that it holds: the one place where a stored description is read."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.dataset import Dataset
from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import QueryError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load


@dataclass(frozen=True)
class StoredDataset:
    """A data set that was ingested, or is being ingested.

    Attributes
    ----------
    dataset
        Its description.
    counts
        Number of rows by table key; None while an ingest is under way, or since one was killed.
    ingest
        Number of the last ingest that wrote something and ended; 0 before the first.
    fingerprint
        What the source's was when that ingest, or one after it that found nothing to write, ended; None where it is not known.
    ingested_at
        When the last ingest ended, ISO 8601; None before the first.
    state
        Names the content as the last ingest left it: another one after each ingest that may have written something. None while
        an ingest is under way, since one was killed, and where no ingest of this version has ended.
    choice
        The settings of training that were last chosen for it and trained with, as plain JSON; None where none were.
    fixed_names
        The labels whose served vectors are copied to fixed names; none where nobody asked for it.
    copied_run
        Id of the run that the copy holds as a whole; None while it is made, since that was stopped, and where there is no copy.
    """

    dataset: Dataset
    counts: dict[str, int] | None
    ingest: int
    fingerprint: str | None
    ingested_at: str | None
    state: str | None
    choice: Mapping[str, Any] | None
    fixed_names: tuple[str, ...]
    copied_run: str | None


def stored_datasets(client: GraphClient) -> dict[str, StoredDataset]:
    """The data sets of the database by name."""
    return {
        row["name"]: StoredDataset(
            Dataset.from_json(json.loads(row["description"])),
            None if row["counts"] is None else json.loads(row["counts"]),
            row["ingest"],
            row["fingerprint"],
            row["ingestedAt"],
            row["state"],
            None if row["choice"] is None else json.loads(row["choice"]),
            tuple(row["fixedNames"]),
            row["copiedRun"],
        )
        for row in client.read(load("query/datasets"))
    }


def stored_dataset(client: GraphClient, name: str) -> StoredDataset:
    """A data set of the database.

    Raises
    ------
    QueryError
        If it is not there; tells which are.
    """
    known = stored_datasets(client)
    if name not in known:
        raise unknown_dataset(name, known)
    return known[name]


def unknown_dataset(name: str, known: Collection[str]) -> QueryError:
    """What is said of a data set that is not among those of the database."""
    there = f"it holds {', '.join(known)}" if known else "`hyperlearn refresh`, with the file that describes one, makes it"
    return QueryError(f"the database holds no data set {name}{did_you_mean(name, known)}", hint=there)


def without_vectors(name: str) -> QueryError:
    """What is said of a data set of which no run is served."""
    return QueryError(
        f"data set {name} has no vectors yet", hint=f"run `hyperlearn refresh` first, with the file that describes {name}"
    )


def keep_choice(client: GraphClient, dataset: str, choice: Mapping[str, Any]) -> None:
    """Keep the settings that were chosen for a data set, for hosts that have chosen none themselves."""
    client.write(load("tune/keep_choice"), dataset=dataset, choice=json.dumps(dict(choice)))
