"""Which hyperedges training does not see, so that it can tell when to stop. Shapes: E hyperedges."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph

MOST_ASKED = 1_000
"""Hyperedges of a type that a model is asked for: the mean of their reciprocal ranks is then known to about .01."""
FEWEST_ASKED = 150
"""Where fewer hyperedges would be kept, of all types together, none are: the number of rounds is found on all of them
(`pipeline.train.stochastic.cross_validation`), which tells it better."""
FEWEST_VALUES = 500
"""The same of measured values, of which a few that are far off outweigh the others (`pipeline.train.few_values`)."""


def hold_out(hypergraph: Hypergraph, counts: Mapping[str, int], seed: int) -> tuple[Hypergraph, dict[str, HyperedgeList]]:
    """Keep a random part of every type's hyperedges for validation.

    Parameters
    ----------
    hypergraph
        All hyperedges.
    counts
        How many, by hyperedge type.
    seed
        Of the draw; every type has a stream of its own.

    Returns
    -------
    Hypergraph
        What is left, in its order.
    dict of str to HyperedgeList
        What was kept, per type.
    """
    left, held_out = {}, {}
    # The second number keeps these streams apart from those of the random start.
    streams = np.random.SeedSequence([seed, 1]).spawn(len(hypergraph.hyperedges))
    for stream, (label, edges) in zip(streams, hypergraph.hyperedges.items(), strict=True):
        count = counts[label]
        if count == 0:
            left[label], held_out[label] = edges, HyperedgeList(edges.modalities, edges.members_EK[:0], edges.values_E[:0])
            continue
        chosen_E = np.zeros(edges.num_hyperedges, dtype=bool)
        chosen_E[np.random.default_rng(stream).permutation(edges.num_hyperedges)[:count]] = True
        left[label], held_out[label] = edges.only(~chosen_E), edges.only(chosen_E)
    return replace(hypergraph, hyperedges=left), held_out
