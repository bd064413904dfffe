"""What completes a slot by counting: what a model has to beat. Shapes: Q questions, C candidates, N entities of another slot."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from scipy import sparse

from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import Slot, counts_given
from pipeline.evaluate.slot_ranks import Floats, Sparse, sparse_ranks


def popularity(slot: Slot) -> Floats:
    """How many known hyperedges have the candidate in the slot (C); it also tells between equal scores of the other baselines."""
    rows_E = slot.edges.members_EK[:, slot.position]
    counts_C: Floats = np.bincount(rows_E, minlength=slot.known.num_entities[slot.modality])[slot.candidates_C].astype(np.float64)
    return counts_C


def slot_baselines(slot: Slot) -> dict[str, Sparse]:
    """The baselines by name."""
    singles = [_counts(slot, (position,)) for position in slot.others]
    found = {
        "popularity": lambda chunk: sparse.csr_array((len(slot.own_Q[chunk]), len(slot.candidates_C))),
        **{f"popularity given {name}": counts for name, counts in zip(_names(slot), singles, strict=True)},
    }
    if len(singles) > 1:
        found["product of these counts"] = lambda chunk: _product([counts(chunk) for counts in singles])
        found["the same others seen"] = _counts(slot, slot.others)
    if len(singles) > 2:
        pairs = [_counts(slot, pair) for pair in combinations(slot.others, 2)]
        found["any two others seen"] = lambda chunk: sum((counts(chunk) for counts in pairs[1:]), start=pairs[0](chunk))
    votes = list(_votes(slot))
    if votes:
        found["vote of the neighbours"] = lambda chunk: sum((vote(chunk) for vote in votes[1:]), start=votes[0](chunk))
    return found


def baseline_rankings(slot: Slot) -> dict[str, Ranking]:
    """What each baseline reaches, by name."""
    ties_C = popularity(slot)
    return {name: Ranking.of_ranks(sparse_ranks(slot, scores, ties_C)) for name, scores in slot_baselines(slot).items()}


def _names(slot: Slot) -> list[str]:
    """What the other slots are called: by modality, and by position where that is not enough."""
    modalities = slot.edges.modalities
    return [
        f"{modalities[position]} ({position})" if modalities.count(modalities[position]) > 1 else modalities[position]
        for position in slot.others
    ]


def _counts(slot: Slot, given: tuple[int, ...]) -> Sparse:
    counts, contexts_Q = counts_given(slot, slot.edges.members_EK, given)
    return lambda chunk: counts[contexts_Q[chunk]]


def _product(counts: list[sparse.csr_array]) -> sparse.csr_array:
    """Π (count + 1), by its logarithm, which is 0 where all counts are."""
    logs = sum((each.log1p() for each in counts[1:]), start=counts[0].log1p())
    # The order of the sum is not to tell 2 · 3 from 3 · 2.
    logs.data = np.round(logs.data, 9)
    return logs


def _votes(slot: Slot) -> Iterator[Sparse]:
    """What the graph neighbours of each other member have in the slot, weighed by nearness."""
    for position in slot.others:
        modality = slot.edges.modalities[position]
        met = sparse.csr_array(
            (
                np.ones(slot.edges.num_hyperedges),
                (slot.edges.members_EK[:, position], slot.edges.members_EK[:, slot.position]),
            ),
            shape=(slot.known.num_entities[modality], slot.known.num_entities[slot.modality]),
        )
        if slot.is_sampled:
            met = met[:, slot.candidates_C]
        for (label, _), weights in slot.known.graphs.items():
            if label == modality:
                yield lambda chunk, weights=weights, met=met, position=position: weights[slot.asked_QK[chunk, position]] @ met  # type: ignore[misc]
