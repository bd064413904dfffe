"""Which hyperedge types and slots a person asks about, by their names."""

from collections.abc import Collection, Mapping

import numpy as np

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.domain.hypergraph import Hypergraph
from pipeline.errors import ConfigurationError

Selection = Mapping[str, tuple[int, ...]]
"""By hyperedge type, the slots that are asked for; none where the values are measured, and asked for themselves."""


def select(
    hypergraph: Hypergraph, label: str | None, slot: str | None, by: str | None = None, among: Collection[str] | None = None
) -> Selection:
    """Find what is asked about.

    Parameters
    ----------
    hypergraph
        The data.
    label
        A hyperedge type; None takes every type that has what else is named.
    slot
        Label of a modality, or a position from 0; None takes every slot.
    by
        Label of a modality that the types must have.
    among
        The types of which there is something to ask; None: all.

    Raises
    ------
    ConfigurationError
        If there is no such type, slot or modality; says which there are.
    """
    if label is not None and label not in hypergraph.hyperedges:
        raise ConfigurationError(
            f"there is no hyperedge type {label!r}{did_you_mean(label, hypergraph.hyperedges)}",
            hint=f"there are {', '.join(hypergraph.hyperedges)}",
        )
    if among is not None and label is not None and label not in among:
        raise ConfigurationError(f"no table of {label} was named", hint=f"there are tables of {', '.join(among)}")
    members = {
        kind.label: kind.members
        for kind in hypergraph.dataset.hyperedge_types
        if label in (None, kind.label) and (among is None or kind.label in among)
    }
    if by is not None:
        members = {kind: modalities for kind, modalities in members.items() if by in modalities}
        if not members:
            raise _unknown(hypergraph, f"{label or 'no hyperedge type'} {'does not join' if label else 'joins'} {by!r}", by, label)
    found = {}
    for kind, modalities in members.items():
        is_measured = np.ptp(hypergraph.hyperedges[kind].values_E) > 0 if hypergraph.hyperedges[kind].num_hyperedges else False
        positions = _positions(modalities, slot)
        if not is_measured and positions:
            found[kind] = positions
        elif is_measured and slot is None:
            found[kind] = ()
        elif is_measured and label is not None:
            raise ConfigurationError(
                f"the hyperedges of {label} have values that differ: their values are asked for, and no slot",
                hint="leave --slot out",
            )
    if not found:
        raise _unknown(hypergraph, f"{label or 'no hyperedge type'} has {'no' if label else 'a'} slot {slot!r}", slot or "", label)
    return found


def _positions(modalities: tuple[str, ...], slot: str | None) -> tuple[int, ...]:
    if slot is not None and slot.isdecimal():
        return tuple(position for position in range(len(modalities)) if position == int(slot))
    return tuple(position for position, modality in enumerate(modalities) if slot in (None, modality))


def _unknown(hypergraph: Hypergraph, what: str, name: str, label: str | None) -> ConfigurationError:
    kinds = [kind for kind in hypergraph.dataset.hyperedge_types if label in (None, kind.label)]
    known = dict.fromkeys(modality for kind in kinds for modality in kind.members)
    joins = "; ".join(f"{kind.label} joins {', '.join(kind.members)}" for kind in kinds)
    return ConfigurationError(f"{what}{did_you_mean(name, known)}", hint=joins)
