import numpy as np
import pytest

from pipeline.domain.shrinkage import DOUBT, scores


def test_a_cosine_is_believed_by_as_many_hyperedges_as_tell_of_one() -> None:
    degrees = np.array([0, DOUBT - 1, 10**6])
    assert scores(np.ones(3), degrees).tolist() == pytest.approx([(1 + 1 / (1 + DOUBT)) / 2, 0.75, 1.0], abs=1e-5)
    assert scores(-np.ones(3), degrees).tolist() == pytest.approx([(1 - 1 / (1 + DOUBT)) / 2, 0.25, 0.0], abs=1e-5)
    assert scores(np.zeros(3), degrees).tolist() == [0.5, 0.5, 0.5]


def test_many_hyperedges_are_nearer_than_a_somewhat_greater_cosine_of_two() -> None:
    of_two, of_many = scores(np.array([0.49, 0.33]), np.array([2, 55]))
    assert of_many > of_two
