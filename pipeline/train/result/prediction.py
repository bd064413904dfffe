"""What trained factors and offsets say of a hyperedge's value. Shapes: N entities, E hyperedges, D embedding_dim."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.domain.hypergraph import HyperedgeList
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem


@dataclass(frozen=True)
class Offsets:
    """What a hyperedge type's values are before the CP model speaks.

    Attributes
    ----------
    mean
        m.
    members
        b (N) by position.
    """

    mean: float
    members: tuple[npt.NDArray[np.float32], ...]


def offsets_of(problem: Problem, layout: Layout, matrices: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, Offsets]:
    """Read the offsets out of the modalities' matrices, per hyperedge type that has them."""
    columns = {at: matrices[label][:, column].copy() for at, (label, column) in layout.columns.items()}
    return {
        term.label: Offsets(term.mean, tuple(columns[term.label, position] for position in range(len(term.modalities))))
        for term in problem.terms
        if term.has_offsets
    }


def predict(
    factors: Mapping[str, npt.NDArray[np.float32]], offsets: Offsets | None, edges: HyperedgeList
) -> npt.NDArray[np.float64]:
    """Give the CP model's values of hyperedges, plus mean and offsets where there are any (E)."""
    product_ED = np.ones((edges.num_hyperedges, 1))
    for position, label in enumerate(edges.modalities):
        product_ED = product_ED * factors[label][edges.members_EK[:, position]]
    predicted_E: npt.NDArray[np.float64] = product_ED.sum(axis=1)
    if offsets is not None:
        predicted_E += offsets.mean
        for position, offset_N in enumerate(offsets.members):
            predicted_E += offset_N[edges.members_EK[:, position]]
    return predicted_E
