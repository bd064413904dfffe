"""The served vector of an entity. Shapes: R length of a vector."""

import numpy as np
import numpy.typing as npt

from pipeline.errors import UnknownNameError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import vector_identifiers
from pipeline.graph.statement import load
from pipeline.query.find import Entity
from pipeline.query.served import Run


def unit_vector(client: GraphClient, run: Run, entity: Entity) -> npt.NDArray[np.float64]:
    """An entity's vector of a run, brought to length 1 (R).

    Raises
    ------
    UnknownNameError
        If it has none.
    """
    rows = client.read(load("query/vector").with_identifiers(**vector_identifiers(entity.label, run.slot)), id=entity.id)
    if not rows:
        raise UnknownNameError(f"{entity.label} {entity.name!r} has no vector", hint="it may have come after the last refresh")
    vector_R = np.asarray(rows[0]["vector"], np.float64)
    unit_R: npt.NDArray[np.float64] = vector_R / np.linalg.norm(vector_R)
    return unit_R
