import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.errors import ConfigurationError
from pipeline.evaluate.ranking import ranking, realistic_ranks


def test_a_tie_counts_half() -> None:
    # better: one; equal: two others. Optimistic rank 2, pessimistic 4, realistic 3.
    scores = np.array([[0.9, 0.5, 0.5, 0.5, 0.1]])
    true = np.array([[False, True, False, False, False]])
    assert realistic_ranks(scores, true).tolist() == [3.0]


def test_equal_scores_everywhere_give_the_middle() -> None:
    scores = np.zeros((1, 9))
    true = np.zeros((1, 9), dtype=bool)
    true[0, 4] = True
    assert realistic_ranks(scores, true).tolist() == [5.0]


def test_other_true_candidates_do_not_push_one_down() -> None:
    scores = np.array([[4.0, 3.0, 2.0, 1.0]])
    true = np.array([[True, True, False, True]])
    # filtered: the first two are ranked 1 each, the last stands behind the one that is not true
    assert realistic_ranks(scores, true).tolist() == [1.0, 1.0, 2.0]
    result = ranking(scores, true)
    assert result.num_pairs == 3
    assert result.mean_reciprocal_rank == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert result.hits_at_10 == 1.0


def test_hits_at_10_holds_rank_10_and_not_rank_11() -> None:
    scores = np.tile(-np.arange(12.0), (2, 1))
    true = np.zeros((2, 12), dtype=bool)
    true[0, 9] = true[1, 10] = True
    assert realistic_ranks(scores, true).tolist() == [10.0, 11.0]
    assert ranking(scores, true).hits_at_10 == 0.5


@given(hnp.arrays(np.float64, (3, 6), elements=st.integers(0, 3)), hnp.arrays(np.bool_, (3, 6)))
def test_ranks_agree_with_their_definition(scores: np.ndarray, true: np.ndarray) -> None:
    expected = []
    for query in range(3):
        others = [scores[query, c] for c in range(6) if not true[query, c]]
        for candidate in range(6):
            if true[query, candidate]:
                optimistic = 1 + sum(other > scores[query, candidate] for other in others)
                pessimistic = 1 + sum(other >= scores[query, candidate] for other in others)
                expected.append((optimistic + pessimistic) / 2)
    assert realistic_ranks(scores, true).tolist() == expected


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nothing to rank"):
        ranking(np.zeros((1, 3)), np.zeros((1, 3), dtype=bool))
    with pytest.raises(ConfigurationError, match="one shape"):
        ranking(np.zeros((1, 3)), np.zeros((1, 4), dtype=bool))
    with pytest.raises(ConfigurationError, match="not a number"):
        ranking(np.array([[np.nan, 0.0]]), np.array([[True, False]]))


@given(hnp.arrays(np.float64, (3, 6), elements=st.integers(0, 3)), hnp.arrays(np.bool_, (3, 6)))
def test_ranks_are_places_in_the_sorted_list_as_pykeen_has_it(scores: np.ndarray, true: np.ndarray) -> None:
    """PyKEEN: the optimistic rank puts the true one before all of its score, the pessimistic behind; realistic is their mean."""
    expected = []
    for query, candidate in np.argwhere(true):
        own = scores[query, candidate]
        filtered = [own, *(scores[query, other] for other in range(6) if not true[query, other])]
        descending = sorted(filtered, reverse=True)
        optimistic = 1 + descending.index(own)
        pessimistic = len(descending) - descending[::-1].index(own)
        expected.append((optimistic + pessimistic) / 2)
    assert realistic_ranks(scores, true).tolist() == expected


def test_only_pairs_that_are_asked_for_are_measured_and_all_are_filtered() -> None:
    scores = np.array([[4.0, 3.0, 2.0], [1.0, 2.0, 3.0]])
    true = np.array([[True, True, False], [True, False, False]])
    asked = np.array([[False, True, False], [True, False, False]])
    found = ranking(scores, true, asked)
    assert found.num_pairs == 2
    assert found.hits_at_1 == 0.5  # ranks 1, with the better true one left out, and 3
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 / 3) / 2)


def test_a_tie_for_the_first_place_is_no_hit_at_1() -> None:
    assert ranking(np.zeros((1, 2)), np.array([[True, False]])).hits_at_1 == 0
