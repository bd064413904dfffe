"""The entities of a modality that people know best: those that most hyperedges join. Shapes: N entities, R length of a vector."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.graph.client import GraphClient
from pipeline.graph.slots import vector_identifiers
from pipeline.graph.statement import load
from pipeline.query.served import Run


@dataclass(frozen=True)
class Landmarks:
    """Entities with their vectors, the best connected first.

    Attributes
    ----------
    ids, names
        Who they are.
    matrix_NR
        Their vectors, float32 (N × R).
    """

    ids: list[str]
    names: list[str]
    matrix_NR: npt.NDArray[np.float32]


def landmarks(client: GraphClient, run: Run, label: str, size: int) -> Landmarks:
    """Read the best-connected entities of a modality.

    Parameters
    ----------
    client
        The database.
    run
        The published run, whose vectors are read.
    label
        The modality.
    size
        How many at most.
    """
    rows = client.read(load("query/landmarks").with_identifiers(**vector_identifiers(label, run.slot)), size=size)
    matrix_NR = np.asarray([row["vector"] for row in rows], np.float32).reshape(len(rows), run.embedding_dim)
    return Landmarks([row["id"] for row in rows], [row["name"] for row in rows], matrix_NR)
