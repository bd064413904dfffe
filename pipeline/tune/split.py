"""What a choice of settings is measured on: hyperedges that are hidden, and entities of which all are.

Of every type a twentieth of the hyperedges is hidden at random. Where a modality has a graph, a twentieth of its entities lose all
their hyperedges as well, since placing what nobody has told anything of is what a graph is for. Shapes: E hyperedges, N entities.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.evaluate.hidden import Hidden

_PART = 20
_MOST = 250
"""Hyperedges of a type that are asked for, of either kind."""
_FEWEST = 30
"""A type with fewer hidden hyperedges is not asked for: what they say is chance."""


def split(hypergraph: Hypergraph, seed: int) -> Hidden:
    """Hide a validation part of every hyperedge type.

    Parameters
    ----------
    hypergraph
        All that there is.
    seed
        Of what is drawn.

    Returns
    -------
    Hidden
        What is learned from; what is asked for, at most 500 hyperedges a type; and all that is true. A type of which too few
        are hidden is not asked for.
    """
    random = np.random.default_rng([seed, 3])
    newcomers = _newcomers(hypergraph, random)
    known, asked = {}, {}
    for label, edges in hypergraph.hyperedges.items():
        is_new_E = np.zeros(edges.num_hyperedges, dtype=bool)
        for position, modality in enumerate(edges.modalities):
            if modality in newcomers:
                is_new_E |= newcomers[modality][edges.members_EK[:, position]]
        rest = random.permutation(np.flatnonzero(~is_new_E))
        drawn = rest[: edges.num_hyperedges // _PART]
        hidden_E = is_new_E.copy()
        hidden_E[drawn] = True
        asked_E = np.zeros(edges.num_hyperedges, dtype=bool)
        asked_E[drawn[:_MOST]] = True
        asked_E[random.permutation(np.flatnonzero(is_new_E))[:_MOST]] = True
        if asked_E.sum() < _FEWEST:
            known[label] = edges
            continue
        known[label], asked[label] = edges.only(~hidden_E), edges.only(asked_E)
    true = {label: hypergraph.hyperedges[label].members_EK for label in asked}
    return Hidden(replace(hypergraph, hyperedges=known), asked, true)


def held_out(hidden: Hidden) -> Mapping[str, HyperedgeList]:
    """What is asked for, as `fit` takes it: a list of every type, empty where nothing is asked."""
    nothing = {label: np.zeros(edges.num_hyperedges, dtype=bool) for label, edges in hidden.known.hyperedges.items()}
    return {label: hidden.asked.get(label, edges.only(nothing[label])) for label, edges in hidden.known.hyperedges.items()}


def _newcomers(hypergraph: Hypergraph, random: np.random.Generator) -> dict[str, npt.NDArray[np.bool_]]:
    """Draw, of each modality that has a graph, a twentieth of the entities that have hyperedges (N)."""
    found = {}
    for label in sorted({label for (label, _), weights in hypergraph.graphs.items() if weights.nnz}):
        held_N = np.zeros(hypergraph.num_entities[label], dtype=bool)
        for edges in hypergraph.hyperedges.values():
            for position, modality in enumerate(edges.modalities):
                if modality == label:
                    held_N[edges.members_EK[:, position]] = True
        held = np.flatnonzero(held_N)
        chosen_N = np.zeros(len(held_N), dtype=bool)
        if len(held) >= 2 * _PART:
            chosen_N[random.permutation(held)[: len(held) // _PART]] = True
        found[label] = chosen_N
    return found
