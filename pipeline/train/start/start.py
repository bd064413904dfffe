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
from pipeline.train.start.svd import less_offsets

_PASSES = 10
"""Passes over the members' offsets; each brings them several times nearer to where they settle."""


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
    """Fit the offsets alone, one position after another: b_i = (Σ_e x_e − other offsets) / (number of hyperedges + ρ_b / λ)."""
    offsets: dict[TypePosition, npt.NDArray[np.float32]] = {
        at: np.zeros(problem.num_entities[label], dtype=np.float32)
        for label in problem.labels
        for at in problem.offset_positions(label)
    }
    for term in problem.terms:
        if term.has_offsets:
            for _ in range(_PASSES):
                for position in range(len(term.modalities)):
                    own_N, rows_E = offsets[term.label, position], term.hyperedges.members_EK[:, position]
                    left_E = less_offsets(term.label, term.hyperedges, offsets) + own_N[rows_E]
                    sums_N, counts_N = (np.bincount(rows_E, weights, minlength=len(own_N)) for weights in (left_E, None))
                    below_N = np.maximum(counts_N + problem.offset_ridge / term.weight, 1e-6)
                    offsets[term.label, position] = (sums_N / below_N).astype(np.float32)
    return offsets


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
