"""What a published run learned of its hyperedge types, out of the database. Shapes: N entities."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.type_parameters import TypeParameters
from pipeline.errors import QueryError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.query.served import Run


def learned_positions(client: GraphClient, run: Run, label: str) -> list[dict[str, Any]]:
    """What the run learned of each position of a hyperedge type; nothing where it learned nothing of it."""
    return [row["position"] for row in client.read(load("query/learned_positions"), run=run.id, type=label)]


def nothing_learned(run: Run, label: str) -> QueryError:
    """What to say where that is asked about."""
    return QueryError(
        f"run {run.id} has learned nothing of {label}",
        hint="it has no hyperedges, or the weight 0; or a version that did not keep it wrote the run: refresh with --force",
    )


def type_parameters(positions: Sequence[Mapping[str, Any]], biases: Sequence[npt.NDArray[np.float32]] = ()) -> TypeParameters:
    """As training had them.

    Parameters
    ----------
    positions
        What `learned_positions` gives, of one type.
    biases
        Those of the entities (N) by position, where they are needed.
    """
    return TypeParameters(
        modalities=tuple(told["modality"] for told in positions),
        loss=positions[0]["loss"],
        mean=positions[0]["mean"],
        scale_D=np.asarray(positions[0]["scale"], np.float32),
        centres_KD=np.asarray([told["centre"] for told in positions], np.float32),
        biases=tuple(biases),
        shifts=tuple(told["shift"] for told in positions),
    )
