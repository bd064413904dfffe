"""Hyperedges that a model finds odd: where to look for errors in data.

Of hyperedges that are there or not, a member is odd if, given the other members, another entity is many times as likely in its
slot. How many times that is in ordinary hyperedges differs from slot to slot: who plays in a film is less sure than in which
decade. So each slot puts all hyperedges in an order of its own, and a hyperedge stands where its oddest slot puts it. Of measured
values, that is odd which is far from what the model predicts. Shapes: E hyperedges, K arity, N entities of a slot's modality, C
candidates, Q different sets of other members, D embedding_dim.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.domain.hypergraph import HyperedgeList, number_combinations
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.type_parameters import TypeParameters, Vectors

MOST_CANDIDATES = 100_000
"""Where more entities stand in a slot, members are compared with those that stand there most often."""

_BLOCK_BYTES = 16 * 2**20
_NUM_EXPECTED = 3
_HIGHEST_LOGARITHM = 700.0

Rows = npt.NDArray[np.int64]
Names = Mapping[str, "pd.Series[str]"]
"""Names by id, in the order of the rows, per modality label."""


@dataclass(frozen=True)
class Member:
    """An entity that stands, or could stand, in a hyperedge."""

    id: str
    name: str
    label: str


@dataclass(frozen=True)
class Unlikely:
    """A hyperedge with a member that is unlikely, given the others.

    Attributes
    ----------
    hyperedge
        Its number among those of the type.
    members
        Who stands in it.
    odd
        The position of the unlikely member.
    seen
        In how many hyperedges of the type that member stands there: of one that is rarely seen little is known.
    expected
        The likeliest of those that stand there in no hyperedge with the same others, the likeliest first.
    times
        How many times as likely as the member the first of them is.
    """

    hyperedge: int
    members: list[Member]
    odd: int
    seen: int
    expected: list[Member]
    times: float


@dataclass(frozen=True)
class FarOff:
    """A hyperedge whose value is far from what is predicted.

    Attributes
    ----------
    hyperedge
        Its number among those of the type.
    members
        Who stands in it.
    value, predicted
        What it is, and what it would be.
    spreads
        The difference, in standard deviations of the differences of all.
    """

    hyperedge: int
    members: list[Member]
    value: float
    predicted: float
    spreads: float


def outliers(
    edges: HyperedgeList,
    learned: TypeParameters,
    vectors: Vectors,
    names: Names,
    k: int,
    progress: Progress = no_progress,
) -> list[Unlikely] | list[FarOff]:
    """The hyperedges of a type that the model finds oddest, the oddest first.

    Parameters
    ----------
    edges
        All hyperedges of the type.
    learned
        What was learned of it.
    vectors
        Of all modalities (N × D).
    names
        Names by id of all modalities, in the order of the rows.
    k
        How many at most. A hyperedge whose members are all the likeliest is never among them.
    progress
        Told of each slot.
    """
    if not edges.num_hyperedges:
        return []
    if learned.loss == "likelihood":
        return _unlikely(edges, learned, vectors, names, k, progress)
    return _far_off(edges, learned, vectors, names, k)


def _unlikely(
    edges: HyperedgeList, learned: TypeParameters, vectors: Vectors, names: Names, k: int, progress: Progress
) -> list[Unlikely]:
    slots = [_Slot(edges, learned, vectors, position) for position in range(len(edges.modalities))]
    gaps_KE = np.stack([slot.gaps(progress) for slot in slots])
    places_KE = np.argsort(np.argsort(-gaps_KE, axis=1, kind="stable"), axis=1, kind="stable")
    odd_E, all_E = places_KE.argmin(axis=0), np.arange(edges.num_hyperedges)
    gap_E = gaps_KE[odd_E, all_E]
    order_E = np.lexsort((-gap_E, places_KE.min(axis=0)))
    found = []
    for number in order_E[gap_E[order_E] > 0][:k].tolist():
        position = int(odd_E[number])
        seen, expected, gap = slots[position].likeliest(number)
        rather = [_member(names, edges.modalities[position], row) for row in expected]
        # A power above all numbers would be none in JSON.
        times = math.exp(min(gap, _HIGHEST_LOGARITHM))
        found.append(Unlikely(number, _members(edges, names, number), position, seen, rather, times))
    return found


def _far_off(edges: HyperedgeList, learned: TypeParameters, vectors: Vectors, names: Names, k: int) -> list[FarOff]:
    predicted_E = learned.values(vectors, edges.members_EK)
    difference_E = edges.values_E - predicted_E
    spreads_E = difference_E / (difference_E.std() or 1.0)
    return [
        FarOff(
            number,
            _members(edges, names, number),
            float(edges.values_E[number]),
            float(predicted_E[number]),
            float(spreads_E[number]),
        )
        for number in np.argsort(-np.abs(spreads_E), kind="stable")[:k].tolist()
    ]


def _members(edges: HyperedgeList, names: Names, number: int) -> list[Member]:
    return [_member(names, label, row) for label, row in zip(edges.modalities, edges.members_EK[number].tolist(), strict=True)]


def _member(names: Names, label: str, row: int) -> Member:
    return Member(str(names[label].index[row]), str(names[label].iloc[row]), label)


class _Scores(NamedTuple):
    """Scores in a slot, given some sets of other members: of the hyperedges that have them, and of who is in none of these."""

    numbers: Rows
    own: npt.NDArray[np.float32]
    best: npt.NDArray[np.float32]
    others_QC: npt.NDArray[np.float32]


class _Slot:
    """A position of a type, seen from the other members."""

    def __init__(self, edges: HyperedgeList, learned: TypeParameters, vectors: Vectors, position: int) -> None:
        self._edges, self._learned, self._vectors, self._position = edges, learned, vectors, position
        self._others = [other for other in range(len(edges.modalities)) if other != position]
        self._seen_N = np.bincount(edges.members_EK[:, position], minlength=len(vectors[edges.modalities[position]]))
        # Hyperedges with the same others stand one after another, and are asked about once.
        self._context_E = number_combinations(edges.members_EK, self._others)
        self._order_E = np.argsort(self._context_E, kind="stable")
        self._starts = np.searchsorted(self._context_E[self._order_E], np.arange(self._context_E.max(initial=-1) + 2))

    def gaps(self, progress: Progress) -> npt.NDArray[np.float32]:
        """By how much the likeliest other entity's score is above the member's (E): the logarithm of how many times as likely."""
        often_C = np.argsort(-self._seen_N, kind="stable")[: min(MOST_CANDIDATES, np.count_nonzero(self._seen_N))]
        candidates_C = np.sort(often_C)
        gaps_E = np.empty(self._edges.num_hyperedges, np.float32)
        with progress(f"Comparing {self._edges.modalities[self._position]}", total=len(gaps_E)) as advance:
            for first, last in self._blocks(len(candidates_C)):
                scores = self._scores(first, last, candidates_C)
                gaps_E[scores.numbers] = scores.best - scores.own
                advance(len(scores.numbers))
        return gaps_E

    def likeliest(self, number: int) -> tuple[int, list[int], float]:
        """How often a hyperedge's member is seen here, rows of the likeliest others, and how far the first's score is above."""
        context, candidates_C = int(self._context_E[number]), np.flatnonzero(self._seen_N)
        scores = self._scores(context, context + 1, candidates_C)
        (others_C,) = scores.others_QC
        best = np.argsort(-others_C, kind="stable")[:_NUM_EXPECTED]
        seen = self._seen_N[self._edges.members_EK[number, self._position]]
        gap = (scores.best - scores.own)[scores.numbers == number][0]
        return int(seen), [int(candidates_C[at]) for at in best if others_C[at] > -np.inf], float(gap)

    def _blocks(self, num_candidates: int) -> Iterator[tuple[int, int]]:
        """Sets of others whose scores take a block of memory together."""
        size, end = max(1, _BLOCK_BYTES // (4 * max(1, num_candidates))), len(self._starts) - 1
        for first in range(0, end, size):
            yield first, min(first + size, end)

    def _scores(self, first: int, last: int, candidates_C: Rows) -> _Scores:
        learned, modalities, position = self._learned, self._edges.modalities, self._position
        own_ND, bias_N = self._vectors[modalities[position]], learned.biases[position]
        numbers = self._order_E[self._starts[first] : self._starts[last]]
        members_QK = self._edges.members_EK[self._order_E[self._starts[first:last]]]
        context_QD = learned.context({k: self._vectors[modalities[k]][members_QK[:, k]] for k in self._others}, position)
        scores_QC = context_QD @ own_ND[candidates_C].T
        scores_QC += bias_N[candidates_C]
        question, members = self._context_E[numbers] - first, self._edges.members_EK[numbers, position]
        own = np.einsum("ed,ed->e", context_QD[question], own_ND[members]) + bias_N[members]
        at = np.searchsorted(candidates_C, members)
        among = (at < len(candidates_C)) & (candidates_C[np.minimum(at, len(candidates_C) - 1)] == members)
        scores_QC[question[among], at[among]] = -np.inf
        return _Scores(numbers, own, scores_QC.max(axis=1)[question], scores_QC)
