"""What a run learned of its hyperedge types, beside the vectors: a node per position, and a list of biases per entity.

Together they let a query score who could stand where (`pipeline.query.complete`). Shapes: N entities, P positions of all types at
which a modality stands, D embedding_dim.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load


def biases_of(embeddings: Embeddings, label: str) -> npt.NDArray[np.float32]:
    """The biases of a modality's entities (N × P)."""
    biases = [embeddings.types[name].biases[position] for name, position in _stands(embeddings, label)]
    return np.column_stack(biases) if biases else np.zeros((len(embeddings.ids[label]), 0), np.float32)


def write_positions(client: GraphClient, embeddings: Embeddings) -> None:
    """Write what a run that is staging learned of each position."""
    rows = [
        {"modality": label, "bias": bias, "type": name, "position": position, **_learned(embeddings, name, position)}
        for label in embeddings.ids
        for bias, (name, position) in enumerate(_stands(embeddings, label))
    ]
    client.write(load("writeback/write_positions"), id=embeddings.run, dataset=embeddings.dataset, positions=rows)


def _stands(embeddings: Embeddings, label: str) -> Iterator[tuple[str, int]]:
    """Where a modality stands: types and positions, in their order."""
    for name, learned in embeddings.types.items():
        for position, modality in enumerate(learned.modalities):
            if modality == label:
                yield name, position


def _learned(embeddings: Embeddings, name: str, position: int) -> dict[str, Any]:
    learned = embeddings.types[name]
    average_D, average_bias = learned.average(embeddings.factors[learned.modalities[position]], position)
    return {
        "loss": learned.loss,
        "mean": learned.mean,
        "shift": learned.shifts[position],
        "scale": learned.scale_D.tolist(),
        "centre": learned.centres_KD[position].tolist(),
        "average": average_D.tolist(),
        "averageBias": average_bias,
    }
