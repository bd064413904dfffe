"""Ranks of what stands in a slot, filtered and realistic as in `pipeline.evaluate.ranking`, where candidates are many.

A few questions are ranked at a time, so that no more than `CHUNK_BYTES` of scores are in memory. What is counted is mostly zero:
its scores are sparse, and what they do not hold is ranked without being written down. Shapes: Q questions, C candidates, P pairs
of a question and a candidate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.errors import ConfigurationError
from pipeline.evaluate.hold_out import Rows
from pipeline.evaluate.ranking import Scores
from pipeline.evaluate.slot import Slot

CHUNK_BYTES = 64 * 2**20

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.float64]
Dense = Callable[[Rows], Scores]
"""Scores of all entities of the slot's modality, by the members of some questions."""
Sparse = Callable[[slice], sparse.csr_array]
"""Scores of the candidates above 0, by question; what is not there is 0."""


def dense_ranks(slot: Slot, scores: Dense) -> Ranks:
    """Rank by scores that are dense.

    Raises
    ------
    ConfigurationError
        If a score is not a number.
    """
    # Beside the scores (4 bytes each) stand a sample of them and what they are compared to.
    ranks = [
        _dense_ranks(slot, chunk, scores(slot.asked_QK[chunk]))
        for chunk in chunks(len(slot.own_Q), slot.known.num_entities[slot.modality], num_bytes=8)
    ]
    return np.concatenate(ranks) if ranks else np.empty(0)


def _dense_ranks(slot: Slot, chunk: slice, scores_QC: Scores) -> Ranks:
    if slot.is_sampled:
        scores_QC = scores_QC[:, slot.candidates_C]
    if np.isnan(scores_QC.sum()):
        raise ConfigurationError(f"{slot.label}, slot {slot.position} ({slot.modality}): a score is not a number")
    own_Q = scores_QC[np.arange(len(scores_QC)), slot.own_Q[chunk]]
    num_better_Q = np.count_nonzero(scores_QC > own_Q[:, None], axis=1)
    num_equal_Q = np.count_nonzero(scores_QC == own_Q[:, None], axis=1)
    questions_P, candidates_P = slot.others_true(chunk)
    others_P = scores_QC[questions_P, candidates_P]
    num_better_Q -= _count(questions_P, others_P > own_Q[questions_P], len(own_Q))
    num_equal_Q -= _count(questions_P, others_P == own_Q[questions_P], len(own_Q))
    return _realistic(num_better_Q, num_equal_Q)


def sparse_ranks(slot: Slot, scores: Sparse, ties_C: Floats) -> Ranks:
    """Rank by scores of which most are 0.

    Parameters
    ----------
    slot
        The slot.
    scores
        The scores.
    ties_C
        Which of several candidates with one score is first: the one with more.
    """
    sorted_C = np.sort(ties_C)
    # A value and its column for each entry, twice while they are put together.
    ranks = [
        _sparse_ranks(slot, chunk, scores(chunk), ties_C, sorted_C)
        for chunk in chunks(len(slot.own_Q), slot.known.num_entities[slot.modality], num_bytes=32)
    ]
    return np.concatenate(ranks) if ranks else np.empty(0)


@dataclass(frozen=True)
class _Own:
    """Scores of what is asked for (Q), and what breaks ties (Q)."""

    scores_Q: Floats
    ties_Q: Floats

    def better(self, questions_P: Rows, scores_P: Floats, ties_P: Floats) -> Rows:
        """How many of some pairs come before it (Q)."""
        own_P, equal_P = self.scores_Q[questions_P], scores_P == self.scores_Q[questions_P]
        return _count(questions_P, (scores_P > own_P) | (equal_P & (ties_P > self.ties_Q[questions_P])), len(self.scores_Q))

    def equal(self, questions_P: Rows, scores_P: Floats, ties_P: Floats) -> Rows:
        """How many of some pairs stand beside it (Q)."""
        equal_P = (scores_P == self.scores_Q[questions_P]) & (ties_P == self.ties_Q[questions_P])
        return _count(questions_P, equal_P, len(self.scores_Q))


def _sparse_ranks(slot: Slot, chunk: slice, scores: sparse.csr_array, ties_C: Floats, sorted_C: Floats) -> Ranks:
    scores.sort_indices()
    num_questions, num_candidates = scores.shape
    rows_P = np.repeat(np.arange(num_questions), np.diff(scores.indptr))
    columns_P = scores.indices.astype(np.int64)
    keys_P = rows_P * num_candidates + columns_P

    def looked_up(questions_P: Rows, candidates_P: Rows) -> Floats:
        wanted_P = questions_P * num_candidates + candidates_P
        places_P = np.searchsorted(keys_P, wanted_P)
        found_P = np.append(keys_P, -1)[places_P] == wanted_P
        values_P: Floats = np.where(found_P, np.append(scores.data, 0)[places_P], 0)
        return values_P

    own_Q = slot.own_Q[chunk]
    own = _Own(looked_up(np.arange(num_questions), own_Q), ties_C[own_Q])
    entries = (rows_P, scores.data, ties_C[columns_P])
    questions_P, candidates_P = slot.others_true(chunk)
    others = (questions_P, looked_up(questions_P, candidates_P), ties_C[candidates_P])
    num_better_Q = own.better(*entries) - own.better(*others)
    num_equal_Q = own.equal(*entries) - own.equal(*others)
    # Where the own score is 0, so is that of all candidates without an entry: of all, those that have none.
    zero_Q = own.scores_Q == 0
    zeros = (rows_P, np.zeros(len(rows_P)), ties_C[columns_P])
    above_Q = num_candidates - np.searchsorted(sorted_C, own.ties_Q, side="right")
    beside_Q = num_candidates - above_Q - np.searchsorted(sorted_C, own.ties_Q, side="left")
    num_better_Q += np.where(zero_Q, above_Q - own.better(*zeros), 0)
    num_equal_Q += np.where(zero_Q, beside_Q - own.equal(*zeros), 0)
    return _realistic(num_better_Q, num_equal_Q)


def chunks(num_rows: int, num_columns: int, num_bytes: int) -> Iterator[slice]:
    """Cut the rows of a matrix, of which an entry takes so many bytes, into as many at a time as `CHUNK_BYTES` have room for."""
    size = max(1, CHUNK_BYTES // (num_bytes * num_columns))
    for begin in range(0, num_rows, size):
        yield slice(begin, begin + size)


def _count(questions_P: Rows, chosen_P: npt.NDArray[np.bool_], num_questions: int) -> Rows:
    counts_Q: Rows = np.bincount(questions_P[chosen_P], minlength=num_questions)
    return counts_Q


def _realistic(num_better_Q: Rows, num_equal_Q: Rows) -> Ranks:
    """The mean of the best and the worst rank; the own candidate is among the equal ones."""
    ranks_Q: Ranks = 1 + num_better_Q + (num_equal_Q - 1) / 2
    return ranks_Q
