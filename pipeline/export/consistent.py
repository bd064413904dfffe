"""One state of a data set, read by many transactions: what a writer changed meanwhile is read again.

Neo4j lets a transaction see what others commit while it reads. An ingest marks the data set before its first row and after its
last; so marks that are the same before and after reading tell that nothing was written in between.
"""

from collections.abc import Callable
from typing import TypeVar

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import DatasetChangedError, ExportError
from pipeline.graph.client import GraphClient
from pipeline.graph.stored_datasets import StoredDataset, stored_datasets

_ATTEMPTS = 3

_Result = TypeVar("_Result")


def read_consistently(client: GraphClient, name: str, read: Callable[[StoredDataset], _Result]) -> _Result:
    """Read a data set so that no ingest comes between.

    Parameters
    ----------
    client
        The database.
    name
        The data set.
    read
        Reads all of it, and is called again when it changed meanwhile; what it raised is then forgotten.

    Raises
    ------
    ExportError
        If the database does not hold the data set, or not all of it.
    DatasetChangedError
        If it changed during each of three readings, or goes on changing.
    """
    for attempt in range(_ATTEMPTS):
        known = stored_datasets(client)
        stored = known.get(name)
        if stored is None:
            meant = did_you_mean(name, known)
            raise ExportError(f"the database holds no data set {name}{meant}", hint=f"run `hyperlearn ingest {name}` first")
        if stored.counts is None:
            if attempt:
                break
            raise ExportError(
                f"an ingest of data set {name} is under way, or did not end",
                hint=f"wait for its end, or run `hyperlearn ingest {name}` again",
            )
        try:
            result = read(stored)
        except ExportError:
            if _is_still(client, stored):
                raise
        else:
            if _is_still(client, stored):
                return result
    raise DatasetChangedError(
        f"data set {name} was changed by an ingest each time it was read", hint="run this again when the ingest has ended"
    )


def _is_still(client: GraphClient, before: StoredDataset) -> bool:
    after = stored_datasets(client).get(before.dataset.name)
    return after is not None and _marks(after) == _marks(before)


def _marks(stored: StoredDataset) -> tuple[object, ...]:
    return stored.ingest, stored.ingested_at, stored.fingerprint, stored.counts, stored.dataset
