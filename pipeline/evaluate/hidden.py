"""Hyperedges that are kept from training and asked for: a tenth that is drawn, or a split of the user's own.

Shapes: E hyperedges, K arity, U units that are drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.evaluate.hold_out import Part, Rows, hold_out_a_tenth


@dataclass(frozen=True)
class Hidden:
    """What is known and what is asked for.

    Attributes
    ----------
    known
        All that is learned and counted from.
    asked
        The hyperedges that are asked for, by type.
    true
        By type that is asked for, the members (E × K) of all hyperedges that are true: known, asked for, or of another part.
    validation
        A user's own validation part, by type, when another part is asked for: what training stops by; none where there is none.
    """

    known: Hypergraph
    asked: Mapping[str, HyperedgeList]
    true: Mapping[str, Rows]
    validation: Mapping[str, HyperedgeList] = field(default_factory=dict)


def hide(hypergraph: Hypergraph, label: str, by: str | None, part: Part, seed: int) -> Hidden:
    """Hide hyperedges of a type; those of other types stay known.

    Parameters
    ----------
    hypergraph
        The whole data.
    label
        The type.
    by
        None hides a tenth of the hyperedges. The label of a modality hides all hyperedges, of the type, of a tenth of the
        modality's entities that have any (cold start).
    part
        What is asked for; for the validation part the test part is hidden as well.
    seed
        Of what is drawn.

    Raises
    ------
    ConfigurationError
        If there are fewer than ten to draw from.
    """
    reason = too_few(hypergraph, label, by)
    if reason is not None:
        raise ConfigurationError(reason)
    edges = hypergraph.hyperedges[label]
    units_EU = _units(edges, by)
    drawn, hidden = hold_out_a_tenth(np.unique(units_EU), part, seed)
    asked_E, hidden_E = (np.isin(units_EU, chosen).any(axis=1) for chosen in (drawn, hidden))
    known = replace(hypergraph, hyperedges={**hypergraph.hyperedges, label: edges.only(~hidden_E)})
    return Hidden(known, {label: edges.only(asked_E)}, {label: edges.members_EK})


def hide_together(hypergraph: Hypergraph, labels: Sequence[str], by: str | None, part: Part, seed: int) -> Hidden:
    """Hide hyperedges of several types, of each as `hide` does."""
    each = {label: hide(hypergraph, label, by, part, seed) for label in labels}
    left = {label: hidden.known.hyperedges[label] for label, hidden in each.items()}
    return Hidden(
        replace(hypergraph, hyperedges={**hypergraph.hyperedges, **left}),
        {label: hidden.asked[label] for label, hidden in each.items()},
        {label: hidden.true[label] for label, hidden in each.items()},
    )


def too_few(hypergraph: Hypergraph, label: str, by: str | None) -> str | None:
    """Why a tenth of a type's hyperedges, or of a modality's entities in them, cannot be hidden; None where it can."""
    num = len(np.unique(_units(hypergraph.hyperedges[label], by)))
    if num >= 10:
        return None
    what = "hyperedges" if by is None else f"entities of {by}"
    return f"hyperedge type {label} has {num} {what}, at least 10 are needed to hide a tenth of them"


def _units(edges: HyperedgeList, by: str | None) -> Rows:
    """What is drawn, by hyperedge (E × U): the hyperedge itself, or its members of a modality."""
    if by is None:
        return np.arange(edges.num_hyperedges)[:, None]
    return edges.members_EK[:, [position for position, modality in enumerate(edges.modalities) if modality == by]]
