import numpy as np
import pytest

from pipeline.train.result.hidden_values import Told, Values, heaviest_as_good, lighter_while_better, share

RANDOM = np.random.default_rng(0)
VALUES = RANDOM.normal(size=400)
OFFSETS = np.zeros(400)


def told(ridge: float, by_all: Values) -> Told:
    return Told(ridge, 3, {"Trio": 1.0}, {"Trio": VALUES}, {"Trio": OFFSETS}, {"Trio": by_all})


def noisy(much: float) -> Values:
    """The values, but for noise."""
    return VALUES + much * np.random.default_rng(1).normal(size=400)


def test_ridges_are_tried_while_each_is_better() -> None:
    reached = {1.0: noisy(0.9), 0.3: noisy(0.5), 0.1: noisy(0.6), 0.03: noisy(0.1)}
    tried = lighter_while_better(lambda ridge: told(ridge, reached[ridge]), tuple(reached))
    assert [each.ridge for each in tried] == [1.0, 0.3, 0.1]
    assert heaviest_as_good(tried).ridge == 0.3


def test_a_first_ridge_that_leaves_no_vectors_does_not_end_it() -> None:
    reached = {3.0: OFFSETS, 1.0: 0.001 * RANDOM.normal(size=400), 0.3: noisy(0.5), 0.1: noisy(0.9)}
    tried = lighter_while_better(lambda ridge: told(ridge, reached[ridge]), tuple(reached))
    assert [each.ridge for each in tried] == [3.0, 1.0, 0.3, 0.1]
    assert heaviest_as_good(tried).ridge == 0.3


def test_a_lighter_ridge_that_is_ahead_by_chance_does_not_count() -> None:
    by_chance = noisy(0.5)
    by_chance[:3] = VALUES[:3]
    tried = [told(1.0, noisy(0.5)), told(0.3, by_chance)]
    assert tried[1].error < tried[0].error
    assert heaviest_as_good(tried[:1]) is tried[0]
    few = [Told(t.ridge, 3, t.weights, *({"Trio": of["Trio"][2:5]} for of in (t.values, t.by_offsets, t.by_all))) for t in tried]
    assert few[1].error < few[0].error
    assert heaviest_as_good(few) is few[0]


def test_what_vectors_say_is_believed_by_as_much_as_least_squares_give() -> None:
    assert share(VALUES, OFFSETS, 0.5 * VALUES) == 1  # never more than they say
    assert share(VALUES, OFFSETS, 2 * VALUES) == pytest.approx(0.5)
    assert share(VALUES, OFFSETS, -VALUES) == 0
    assert share(VALUES, OFFSETS, OFFSETS) == 0
    assert share(VALUES, OFFSETS, RANDOM.normal(size=400)) == 0  # nothing to do with them
    assert 0 < share(VALUES, OFFSETS, noisy(1.0)) < 1
