"""What trained factors and offsets say of a hyperedge's value.

Shapes: N entities, E hyperedges, Q of them with a slot that is asked for, K arity, D embedding_dim.
"""

from collections.abc import Mapping, Sequence
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


def slot_scores(
    factors: Mapping[str, npt.NDArray[np.float32]],
    offsets: Offsets | None,
    modalities: Sequence[str],
    members_QK: npt.NDArray[np.int64],
    position: int,
) -> npt.NDArray[np.float32]:
    """Give what `predict` gives, with each entity of a slot's modality in that slot (Q × N)."""
    factor_ND = factors[modalities[position]]
    product_QD = np.ones((len(members_QK), factor_ND.shape[1]), dtype=np.float32)
    for other, label in enumerate(modalities):
        if other != position:
            product_QD *= factors[label][members_QK[:, other]]
    scores_QN: npt.NDArray[np.float32] = product_QD @ factor_ND.T
    if offsets is not None:
        scores_QN += offsets.members[position]
        given_Q = np.full(len(members_QK), offsets.mean, dtype=np.float32)
        for other, offset_N in enumerate(offsets.members):
            if other != position:
                given_Q += offset_N[members_QK[:, other]]
        scores_QN += given_Q[:, None]
    return scores_QN
