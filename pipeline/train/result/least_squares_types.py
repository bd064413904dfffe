"""What least squares have learned of hyperedge types: mean and offsets, beside vectors that say the rest."""

from collections.abc import Mapping
from dataclasses import replace

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


def believed(types: Mapping[str, TypeParameters], problem: Problem, shares: Mapping[str, float]) -> dict[str, TypeParameters]:
    """Types whose values are what offsets alone say, and a share of what vectors change of it.

    Both are sums, so what comes of them is a type like any other.

    Parameters
    ----------
    types
        As they were learned.
    problem
        What they were learned from.
    shares
        From 0 to 1, by the label of types of which nothing but the values counts; 1 of others.
    """
    found = dict(types)
    for term in problem.terms:
        part = np.float32(shares.get(term.label, 1.0))
        if part != 1:
            whole = types[term.label]
            biases = tuple(
                part * bias_N + (1 - part) * alone_N for bias_N, alone_N in zip(whole.biases, problem.alone(term), strict=True)
            )
            found[term.label] = replace(whole, scale_D=part * whole.scale_D, biases=biases)
    return found
