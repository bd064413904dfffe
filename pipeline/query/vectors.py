"""The vectors that are served, out of the database. Shapes: N entities, R length of a vector, P positions."""

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
from pipeline.graph.slots import bias_property, vector_identifiers
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import unknown_dataset, without_vectors
from pipeline.query.learned import learned_positions, type_parameters
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
    biases_NP
        What the hyperedge types add to them, a column per position at which the modality stands, float32 (N × P); no column where
        the run keeps none.
    """

    run: str
    ids: list[str]
    names: list[str]
    matrix_NR: npt.NDArray[np.float32]
    biases_NP: npt.NDArray[np.float32]

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
        identifiers = {**vector_identifiers(label, run.slot), "biases": bias_property(run.slot)}
        statement = load("query/vectors").with_identifiers(**identifiers)
        with progress(f"Reading vectors of {label}") as advance:
            pages = []
            for page in client.read_by_id(statement, size=_PAGE):
                vectors = np.asarray(page["vector"], np.float32).reshape(-1, run.embedding_dim)
                pages.append((page["id"], page["name"], vectors, np.asarray(page["biases"], np.float32)))
                advance(len(page["id"]))
        if _published(client, dataset, label) == run:
            ids, names, matrices, biases = zip(*pages, strict=True)
            matrix_NR = np.concatenate(matrices)
            # An empty page, the last one may be, does not know how many positions there are.
            biases_NP = np.concatenate([each for each in biases if each.size] or [np.zeros((len(matrix_NR), 0), np.float32)])
            return Vectors(run.id, list(chain(*ids)), list(chain(*names)), matrix_NR, biases_NP)
    raise DatasetChangedError(f"another run of {dataset} was published each time its vectors were read", hint="run this again")


def read_embeddings(client: GraphClient, dataset: str) -> Embeddings | None:
    """Read all that the published run of a data set learned, but for its report; None if none is published.

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
    types = {}
    for kind in entry.dataset.hyperedge_types:
        if positions := learned_positions(client, entry.run, kind.label):
            biases = [found[told["modality"]].biases_NP[:, told["bias"]] for told in positions]
            types[kind.label] = type_parameters(positions, biases)
    return Embeddings(entry.run.id, dataset, entry.run.embedding_dim, ids, matrices, types, {})


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
        raise without_vectors(dataset)
    return entry.run
