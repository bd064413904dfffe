"""Which hyperedges training does not see, so that it can tell when to stop. Shapes: E hyperedges."""

from dataclasses import replace

import numpy as np

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph


def hold_out(hypergraph: Hypergraph, part: float, seed: int) -> tuple[Hypergraph, dict[str, HyperedgeList]]:
    """Keep a random part of every type's hyperedges for validation.

    Parameters
    ----------
    hypergraph
        All hyperedges.
    part
        From 0 to below 1.
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
        count = int(part * edges.num_hyperedges)
        if count == 0:
            left[label], held_out[label] = edges, HyperedgeList(edges.modalities, edges.members_EK[:0], edges.values_E[:0])
            continue
        chosen_E = np.zeros(edges.num_hyperedges, dtype=bool)
        chosen_E[np.random.default_rng(stream).permutation(edges.num_hyperedges)[:count]] = True
        left[label], held_out[label] = edges.only(~chosen_E), edges.only(chosen_E)
    return replace(hypergraph, hyperedges=left), held_out
