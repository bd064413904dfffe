"""Where training starts: the same for the same seed, whatever the number of workers.

Shapes: N entities, D embedding_dim.
"""

from collections.abc import Mapping
from math import pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph

from pipeline.domain.hypergraph import num_memberships
from pipeline.train.problem.layout import Factors, Layout
from pipeline.train.problem.problem import Problem, TypePosition


def random_start(problem: Problem, embedding_dim: int, seed: int) -> Factors:
    """Draw the absolute values of normal numbers, scaled so that the mean prediction is half the values' mean size.

    Positive, because products of numbers of either sign predict nothing at first: the ridge then pulls all factors towards
    zero, where the gradient vanishes, and training takes several times as many rounds to leave (measured on the films). Each
    modality has a stream of its own, made from the seed and its number, so that the draw does not depend on the hyperedges.
    """
    counts = [term.hyperedges.num_hyperedges for term in problem.terms]
    members = [len(term.modalities) * count for term, count in zip(problem.terms, counts, strict=True)]
    size = sum(float(np.abs(term.hyperedges.values_E).sum(dtype=np.float64)) for term in problem.terms)
    scale = 0.0
    if size > 0:
        arity = sum(members) / sum(counts)
        scale = (0.5 * size / sum(counts) / embedding_dim) ** (1 / arity) / sqrt(2 / pi)
    streams = np.random.SeedSequence(seed).spawn(len(problem.labels))
    return {
        label: np.abs(np.random.default_rng(stream).standard_normal((count, embedding_dim), dtype=np.float32)) * np.float32(scale)
        for stream, (label, count) in zip(streams, problem.num_entities.items(), strict=True)
    }


def untied_entities(problem: Problem) -> dict[str, npt.NDArray[np.bool_]]:
    """Mark, per modality, the entities that no hyperedge holds, not even by way of relations to others.

    The objective is least where their vectors are zero, and says nothing else about them; a vector that starts at zero stays there.
    """
    marks = {}
    for label, count in problem.num_entities.items():
        held_N = num_memberships((term.hyperedges for term in problem.terms), label, count) > 0
        if label in problem.laplacians:
            num_parts, part_N = csgraph.connected_components(problem.laplacians[label], directed=False)
            reached = np.zeros(num_parts, dtype=bool)
            reached[part_N[held_N]] = True
            held_N = reached[part_N]
        marks[label] = ~held_N
    return marks


def starting_offsets(problem: Problem) -> dict[TypePosition, npt.NDArray[np.float32]]:
    """Fit the offsets alone, without vectors."""
    return {
        (term.label, position): offset_N
        for term in problem.terms
        if term.has_offsets
        for position, offset_N in enumerate(problem.alone(term))
    }


def side_by_side(layout: Layout, factors: Factors, offsets: Mapping[TypePosition, npt.NDArray[np.float32]]) -> Factors:
    """Lay factors and offsets out as matrices [A | b]."""
    matrices = {}
    for label, factor_ND in factors.items():
        matrix_ND = np.zeros((len(factor_ND), layout.widths[label]), dtype=np.float32)
        matrix_ND[:, : layout.embedding_dim] = factor_ND
        matrices[label] = matrix_ND
    for at, (label, column) in layout.columns.items():
        matrices[label][:, column] = offsets[at]
    return matrices
