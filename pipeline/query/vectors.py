"""The vectors that are served, out of the database. Shapes: N entities, R length of a vector."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.vectors_frame import vectors_frame
from pipeline.errors import DatasetChangedError, QueryError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import vector_identifiers
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import unknown_dataset
from pipeline.query.served import Run, Served, served

_PAGE = 10_000
_ATTEMPTS = 3


@dataclass(frozen=True)
class Vectors:
    """Vectors of a modality, of one run.

    Attributes
    ----------
    run
        Id of the run.
    ids, names
        The entities that have a vector, in the order of their ids.
    matrix_NR
        Their vectors, float32 (N × R).
    """

    run: str
    ids: list[str]
    names: list[str]
    matrix_NR: npt.NDArray[np.float32]

    @property
    def frame(self) -> pd.DataFrame:
        """A row per entity: ``id`` is the index, then ``name``, then ``v0``, ``v1`` and so on, the vector."""
        return vectors_frame(self.ids, self.names, self.matrix_NR)


def read_vectors(client: GraphClient, dataset: str, label: str, progress: Progress = no_progress) -> Vectors:
    """Read the vectors of a modality that the published run has: of one run, whichever is published meanwhile.

    Parameters
    ----------
    client
        The database.
    dataset
        The data set.
    label
        The modality.
    progress
        Told of the vectors read.

    Raises
    ------
    QueryError
        If the database does not hold the data set, or it has no such modality or no published run.
    DatasetChangedError
        If another run was published each time they were read.
    """
    for _ in range(_ATTEMPTS):
        run = _published(client, dataset, label)
        statement = load("query/vectors").with_identifiers(**vector_identifiers(label, run.slot))
        with progress(f"Reading vectors of {label}") as advance:
            pages = []
            for page in client.read_by_id(statement, size=_PAGE):
                pages.append((page["id"], page["name"], np.asarray(page["vector"], np.float32).reshape(-1, run.embedding_dim)))
                advance(len(page["id"]))
        if _published(client, dataset, label) == run:
            ids, names, matrices = zip(*pages, strict=True)
            return Vectors(run.id, list(chain(*ids)), list(chain(*names)), np.concatenate(matrices))
    raise DatasetChangedError(f"another run of {dataset} was published each time its vectors were read", hint="run this again")


def read_embeddings(client: GraphClient, dataset: str) -> Embeddings | None:
    """Read all vectors of the published run of a data set; None if none is.

    Raises
    ------
    QueryError
        If the database does not hold the data set.
    DatasetChangedError
        If another run was published meanwhile.
    """
    entry = _entry(client, dataset)
    if entry.run is None:
        return None
    found = {label: read_vectors(client, dataset, label) for label in entry.dataset.labels}
    if any(vectors.run != entry.run.id for vectors in found.values()):
        raise DatasetChangedError(f"another run of {dataset} was published while its vectors were read", hint="run this again")
    ids, matrices = ({label: getattr(vectors, name) for label, vectors in found.items()} for name in ("ids", "matrix_NR"))
    return Embeddings(entry.run.id, dataset, entry.run.embedding_dim, ids, matrices, {}, {})


def _entry(client: GraphClient, dataset: str) -> Served:
    known = {entry.dataset.name: entry for entry in served(client)}
    if dataset not in known:
        raise unknown_dataset(dataset, known)
    return known[dataset]


def _published(client: GraphClient, dataset: str, label: str) -> Run:
    entry = _entry(client, dataset)
    if label not in entry.dataset.labels:
        meant = did_you_mean(label, entry.dataset.labels)
        raise QueryError(f"data set {dataset} has no modality {label}{meant}", hint=f"it has {', '.join(entry.dataset.labels)}")
    if entry.run is None:
        raise QueryError(f"data set {dataset} has no vectors yet", hint=f"run `hyperlearn refresh {dataset}` first")
    return entry.run
