"""Hyperedges that are kept from training and asked for: a tenth that is drawn, or a split of the user's own.

Shapes: E hyperedges, K arity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.evaluate.hold_out import Part, hold_out_a_tenth


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
    """

    known: Hypergraph
    asked: Mapping[str, HyperedgeList]
    true: Mapping[str, npt.NDArray[np.int64]]


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
    edges = hypergraph.hyperedges[label]
    columns = [position for position, modality in enumerate(edges.modalities) if modality == by]
    rows = np.arange(edges.num_hyperedges) if by is None else np.unique(edges.members_EK[:, columns])
    drawn, hidden = hold_out_a_tenth(rows, part, seed)
    if not len(drawn):
        what = "hyperedges" if by is None else f"entities of {by}"
        raise ConfigurationError(f"hyperedge type {label} has {len(rows)} {what}, at least 10 are needed to hide a tenth of them")
    if by is None:
        asked_E, hidden_E = (np.isin(rows, chosen) for chosen in (drawn, hidden))
    else:
        hidden_E = np.isin(edges.members_EK[:, columns], hidden).any(axis=1)
        asked_E = np.isin(edges.members_EK[:, columns], drawn).any(axis=1)
    known = replace(hypergraph, hyperedges={**hypergraph.hyperedges, label: edges.only(~hidden_E)})
    return Hidden(known, {label: edges.only(asked_E)}, {label: edges.members_EK})
