"""What completes a slot by counting: what a model has to beat. Shapes: Q questions, C candidates, N entities of another slot."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from scipy import sparse

from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import Slot, counts_given
from pipeline.evaluate.slot_ranks import Floats, Sparse, chunks, sparse_ranks

_NEAREST = 200
"""Of the entities that resemble one, so many are asked."""
_MOST_TOLD = 1_000
"""Of those who tell by what they have which entities resemble each other, each tells of so many at most: who has nearly all tells
little, and at the square of the cost."""


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
    if len(singles) == 1:
        found["item-kNN"] = _item_knn(slot)
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


def _met(slot: Slot, position: int) -> sparse.csr_array:
    """How often each entity of another position stands with each of the slot's modality (… × N)."""
    shape = (slot.known.num_entities[slot.edges.modalities[position]], slot.known.num_entities[slot.modality])
    members_EK = slot.edges.members_EK
    met = sparse.coo_array((np.ones(len(members_EK)), (members_EK[:, position], members_EK[:, slot.position])), shape=shape)
    return sparse.csr_array(met)


def _item_knn(slot: Slot) -> Sparse:
    """Item-kNN (Sarwar et al. 2001), of two members: how much each candidate resembles those that the other member has already.

    Two resemble each other by the cosine of the sets of whom they stand with.
    """
    (position,) = slot.others
    met_ON = _met(slot, position)
    similar_NC = _cosines(met_ON)
    if slot.is_sampled:
        similar_NC = similar_NC[:, slot.candidates_C]

    def scores(chunk: slice) -> sparse.csr_array:
        found = met_ON[slot.asked_QK[chunk, position]] @ similar_NC
        # The order of the sum is not to tell equal ones apart.
        found.data = np.round(found.data, 9)
        return found

    return scores


def _cosines(met_ON: sparse.csr_array) -> sparse.csr_array:
    """Each entity's nearest by cosine, itself left out (N × N)."""
    random = np.random.default_rng(0)
    counts = np.diff(met_ON.indptr)
    tells = np.ones(met_ON.nnz, np.bool_)
    for row in np.flatnonzero(counts > _MOST_TOLD):
        tells[met_ON.indptr[row] + random.permutation(counts[row])[_MOST_TOLD:]] = False
    rows, columns = np.repeat(np.arange(len(counts)), counts)[tells], met_ON.indices[tells]
    norms_N = np.sqrt(np.bincount(columns, minlength=met_ON.shape[1]))
    unit_ON = sparse.csr_array((1 / norms_N[columns], (rows, columns)), shape=met_ON.shape)
    unit_NO = sparse.csr_array(unit_ON.T)
    count = met_ON.shape[1]
    nearest = [_nearest(unit_NO[chunk] @ unit_ON, chunk.start) for chunk in chunks(count, count, num_bytes=32)]
    return sparse.csr_array(sparse.vstack(nearest))


def _nearest(similar: sparse.csr_array, first: int) -> sparse.csr_array:
    """The largest of each row, of entities that are numbered from the first on; without what they are to themselves."""
    rows = np.repeat(np.arange(similar.shape[0]), np.diff(similar.indptr))
    others = similar.indices != rows + first
    rows, columns, values = rows[others], similar.indices[others], np.round(similar.data[others], 9)
    order = np.lexsort((columns, -values, rows))
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = order[places < _NEAREST]
    return sparse.csr_array((values[kept], (rows[kept], columns[kept])), shape=similar.shape)


def _votes(slot: Slot) -> Iterator[Sparse]:
    """What the graph neighbours of each other member have in the slot, weighed by nearness."""
    for position in slot.others:
        modality = slot.edges.modalities[position]
        met = _met(slot, position)
        if slot.is_sampled:
            met = met[:, slot.candidates_C]
        for (label, _), weights in slot.known.graphs.items():
            if label == modality:
                yield lambda chunk, weights=weights, met=met, position=position: weights[slot.asked_QK[chunk, position]] @ met  # type: ignore[misc]
