"""What predicts measured values without factors: what a model has to beat. Shapes: E values, N and M entities of two slots."""

from itertools import permutations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.hidden import Hidden
from pipeline.train.fit import fit

Values = npt.NDArray[np.float64]

OFFSETS_ONLY = TrainingParameters(
    update="exact", validation=0.0, embedding_dim=1, rounds=60, tolerance=1e-5, ridge=1e6, graph_weight=0.0
)
"""A ridge that no factor survives."""


def value_baselines(hidden: Hidden, label: str) -> dict[str, Values]:
    """Predictions of the hyperedges that are asked for (E), by name of the baseline."""
    known, asked = hidden.known.hyperedges[label], hidden.asked[label]
    alone = Hypergraph(hidden.known.dataset, hidden.known.num_entities, {label: known}, {})
    offsets = fit(alone, OFFSETS_ONLY)
    by_offsets_E = offsets.predict(label, asked)
    found = {
        "global mean": np.full(asked.num_hyperedges, known.values_E.mean(dtype=np.float64)),
        "offsets only": by_offsets_E,
    }
    if any(modality in known.modalities for modality, _ in hidden.known.graphs):
        residuals_E = known.values_E - offsets.predict(label, known)
        found["neighbours"] = by_offsets_E + _neighbours_residuals(hidden, known, residuals_E, asked)
    return found


def _neighbours_residuals(hidden: Hidden, known: HyperedgeList, residuals_E: Values, asked: HyperedgeList) -> Values:
    """Mean of what the offsets leave of the neighbours' values, weighed by nearness, where they share another member.

    One more neighbour, as near as the usual one, has nothing left: few neighbours say little.
    """
    sums_E, weights_E = np.zeros(asked.num_hyperedges), np.zeros(asked.num_hyperedges)
    usual = []
    for position, other in permutations(range(len(known.modalities)), 2):
        cells = (known.members_EK[:, other], known.members_EK[:, position])
        shape = tuple(hidden.known.num_entities[known.modalities[at]] for at in (other, position))
        left, met = (sparse.csr_array((values_E, cells), shape=shape) for values_E in (residuals_E, np.ones(len(residuals_E))))
        others_E, own_E = asked.members_EK[:, other], asked.members_EK[:, position]
        for (label, _), weights in hidden.known.graphs.items():
            if label == known.modalities[position] and weights.nnz:
                near = weights[own_E].astype(np.float64)
                sums_E += near.multiply(left[others_E]).sum(axis=1)
                weights_E += near.multiply(met[others_E]).sum(axis=1)
                usual.append(weights.data.mean(dtype=np.float64))
    return sums_E / (weights_E + (np.mean(usual) if usual else 1))
