"""What least squares have learned of hyperedge types: mean and offsets, beside vectors that say the rest."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem


def least_squares_types(
    problem: Problem, layout: Layout, matrices: Mapping[str, npt.NDArray[np.float32]]
) -> dict[str, TypeParameters]:
    """What the updates that minimise squares have learned of each hyperedge type: mean and offsets, where it has any.

    Parameters
    ----------
    problem, layout
        What the matrices belong to.
    matrices
        [A | b] (N × (D + offsets)) per modality label.
    """
    columns = {at: matrices[label][:, column].copy() for at, (label, column) in layout.columns.items()}
    found = {}
    for term in problem.terms:
        none = (np.zeros(problem.num_entities[label], np.float32) for label in term.modalities)
        biases = tuple(columns.get((term.label, position), zeros_N) for position, zeros_N in enumerate(none))
        ones_D, still = np.ones(layout.embedding_dim, np.float32), (0,) * len(biases)
        zeros_KD = np.zeros((len(biases), layout.embedding_dim), np.float32)
        found[term.label] = TypeParameters(term.modalities, "squared", term.mean, ones_D, zeros_KD, biases, still)
    return found
