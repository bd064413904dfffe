"""A slot of hidden hyperedges: who stands there, given the other members.

Shapes: Q hyperedges whose slot is asked for, E hyperedges, K arity, N entities of the slot's modality, C of them that are
candidates, P pairs of a question and another true candidate.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph, number_combinations
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.hold_out import Rows

MOST_CANDIDATES = 100_000
"""Of modalities with more entities, so many are drawn, and all that are asked for join them."""


@dataclass(frozen=True)
class Slot:
    """One slot of the hidden hyperedges of a type.

    Attributes
    ----------
    hidden
        What is known and what is asked for.
    label
        The hyperedge type.
    position
        The slot.
    candidates_C
        Rows of the entities that are ranked, ascending.
    """

    hidden: Hidden
    label: str
    position: int
    candidates_C: Rows

    @property
    def known(self) -> Hypergraph:
        """All that is known."""
        return self.hidden.known

    @property
    def edges(self) -> HyperedgeList:
        """The known hyperedges of the type."""
        return self.known.hyperedges[self.label]

    @property
    def asked_QK(self) -> Rows:  # noqa: N802 - the shape
        """Members of the hyperedges that are asked for."""
        return self.hidden.asked[self.label].members_EK

    @property
    def modality(self) -> str:
        """Label of the slot's modality."""
        return self.edges.modalities[self.position]

    @property
    def others(self) -> tuple[int, ...]:
        """The other positions."""
        return tuple(position for position in range(len(self.edges.modalities)) if position != self.position)

    @property
    def is_sampled(self) -> bool:
        """Whether not all entities are candidates."""
        return len(self.candidates_C) < self.known.num_entities[self.modality]

    @cached_property
    def own_Q(self) -> Rows:  # noqa: N802
        """The candidate that is asked for, its number among the candidates."""
        found: Rows = np.searchsorted(self.candidates_C, self.asked_QK[:, self.position])
        return found

    @cached_property
    def _true(self) -> tuple[sparse.csr_array, Rows]:
        return counts_given(self, self.hidden.true[self.label], self.others)

    def others_true(self, chunk: slice) -> tuple[Rows, Rows]:
        """Candidates that are true as well, given the same other members: they are left out of the ranking.

        Parameters
        ----------
        chunk
            Some of the questions.

        Returns
        -------
        tuple
            Numbers of a question in the chunk and of a candidate (P each).
        """
        counts, contexts_Q = self._true
        true = counts[contexts_Q[chunk]]
        questions_P = np.repeat(np.arange(true.shape[0]), np.diff(true.indptr))
        other_P = true.indices != self.own_Q[chunk][questions_P]
        return questions_P[other_P], true.indices[other_P].astype(np.int64)


def slot_of(hidden: Hidden, label: str, position: int, seed: int, most: int = MOST_CANDIDATES) -> Slot:
    """Choose the candidates of a slot: all entities of its modality, or a sample that holds all that are asked for.

    Parameters
    ----------
    hidden
        What is known and what is asked for.
    label
        The hyperedge type.
    position
        The slot.
    seed
        Of the sample.
    most
        Up to so many entities are all candidates.
    """
    count = hidden.known.num_entities[hidden.known.hyperedges[label].modalities[position]]
    candidates_C = np.arange(count)
    if count > most:
        drawn = np.random.default_rng(seed).choice(count, most, replace=False)
        candidates_C = np.union1d(drawn, hidden.asked[label].members_EK[:, position])
    return Slot(hidden, label, position, candidates_C)


def counts_given(slot: Slot, members_EK: Rows, given: tuple[int, ...]) -> tuple[sparse.csr_array, Rows]:
    """Count how often each candidate stands in the slot together with each combination of some other members.

    Parameters
    ----------
    slot
        The slot.
    members_EK
        The hyperedges to count.
    given
        Positions of those other members.

    Returns
    -------
    csr_array
        Counts, a row per combination that occurs in the hyperedges or is asked about (… × C).
    ndarray
        Row of the combination that each question has (Q).
    """
    numbers = number_combinations(np.concatenate([members_EK, slot.asked_QK]), given)
    combination_E, contexts_Q = numbers[: len(members_EK)], numbers[len(members_EK) :]
    shape = (int(max(combination_E.max(initial=0), contexts_Q.max(initial=0))) + 1, len(slot.candidates_C))
    rows_E = members_EK[:, slot.position]
    column_E = np.searchsorted(slot.candidates_C, rows_E)
    column_E[column_E == shape[1]] = 0
    kept_E = slot.candidates_C[column_E] == rows_E
    cells = (combination_E[kept_E], column_E[kept_E])
    return sparse.csr_array((np.ones(kept_E.sum()), cells), shape=shape), contexts_Q
