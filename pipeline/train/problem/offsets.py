"""Mean and offsets alone, without vectors: what least squares start from, and what products of vectors have to beat.

Shapes: N entities, E hyperedges, K arity.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.domain.hypergraph import HyperedgeList

_PASSES = 10
"""Passes over the members' offsets; each brings them several times nearer to where they settle."""


def fit_offsets(hyperedges: HyperedgeList, num_entities: Mapping[str, int], ridge: float) -> list[npt.NDArray[np.float32]]:
    """Fit offsets, one position after another: b_i = (Σ_e x_e − other offsets) / (number of hyperedges + ridge).

    Parameters
    ----------
    hyperedges
        Their values less the mean.
    num_entities
        N per modality label.
    ridge
        ρ_b / λ.

    Returns
    -------
    list of numpy.ndarray
        b (N) by position.
    """
    offsets = [np.zeros(num_entities[label], np.float32) for label in hyperedges.modalities]
    for _ in range(_PASSES):
        for position, own_N in enumerate(offsets):
            rows_E = hyperedges.members_EK[:, position]
            left_E = left_by(offsets, hyperedges) + own_N[rows_E]
            sums_N, counts_N = (np.bincount(rows_E, weights, minlength=len(own_N)) for weights in (left_E, None))
            offsets[position] = (sums_N / np.maximum(counts_N + ridge, 1e-6)).astype(np.float32)
    return offsets


def left_by(offsets: Sequence[npt.NDArray[np.float32]], hyperedges: HyperedgeList) -> npt.NDArray[np.float32]:
    """What offsets leave of hyperedges' values (E)."""
    left_E = hyperedges.values_E
    for own_N, rows_E in zip(offsets, hyperedges.members_EK.T, strict=True):
        left_E = left_E - own_N[rows_E]
    return left_E
