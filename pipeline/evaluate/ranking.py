"""How well a model ranks what was hidden: mean reciprocal rank and hits among the first k.

In come scores of candidates for queries and which of them are true; out come the measures as PyKEEN defines them: *filtered* (the
other true candidates of the same query are left out of the ranking) and *realistic* (among equal scores, the mean of the best and
the worst rank). Shapes: Q queries, C candidates, P pairs of a query and a true candidate.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.errors import ConfigurationError

Scores = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """The measures over all pairs.

    Attributes
    ----------
    num_pairs
        P.
    mean_reciprocal_rank
        Mean of 1 / rank; 1 is best.
    hits_at_1, hits_at_10
        Part of the pairs whose rank is at most 1, or 10. A tie for the first place is rank 1.5 or more, and no hit at 1.
    """

    num_pairs: int
    mean_reciprocal_rank: float
    hits_at_1: float
    hits_at_10: float

    @classmethod
    def of_ranks(cls, ranks_P: npt.NDArray[np.float64]) -> "Ranking":
        """The measures of ranks.

        Raises
        ------
        ConfigurationError
            If there are none.
        """
        if not len(ranks_P):
            raise ConfigurationError("no candidate is true: there is nothing to rank")
        return cls(len(ranks_P), float(np.mean(1 / ranks_P)), float(np.mean(ranks_P <= 1)), float(np.mean(ranks_P <= 10)))


def ranking(scores_QC: Scores, true_QC: npt.NDArray[np.bool_], asked_QC: npt.NDArray[np.bool_] | None = None) -> Ranking:
    """Measure scores against what is true.

    Parameters
    ----------
    scores_QC
        Score of each candidate for each query, more is better.
    true_QC
        Which candidates are true.
    asked_QC
        Which of the true ones are measured, one pair each; all where left out. The others are filtered all the same.

    Raises
    ------
    ConfigurationError
        If a score is not a number, the shapes differ, or nothing is asked.
    """
    ranks_P = realistic_ranks(scores_QC, true_QC)
    if asked_QC is not None:
        ranks_P = ranks_P[asked_QC[true_QC]]
    return Ranking.of_ranks(ranks_P)


def realistic_ranks(scores_QC: Scores, true_QC: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Rank every true candidate among those that are not true, in the order of the queries.

    The realistic rank is (optimistic + pessimistic) / 2 = 1 + number of better ones + half the number of equal ones.
    """
    if scores_QC.shape != true_QC.shape:
        raise ConfigurationError(f"scores are {scores_QC.shape}, truth is {true_QC.shape}; one shape is expected")
    if np.isnan(scores_QC).any():
        raise ConfigurationError("a score is not a number")
    ranks = [_row_ranks(scores_C, true_C) for scores_C, true_C in zip(scores_QC, true_QC, strict=True)]
    return np.concatenate(ranks) if ranks else np.empty(0)


def _row_ranks(scores_C: Scores, true_C: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    others = np.sort(scores_C[~true_C])
    own = scores_C[true_C]
    num_not_better = np.searchsorted(others, own, side="right")
    num_worse = np.searchsorted(others, own, side="left")
    return 1 + (len(others) - num_not_better) + (num_not_better - num_worse) / 2
