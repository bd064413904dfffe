import numpy as np
import pytest

from pipeline.evaluate.metrics import mean_and_deviation, root_mean_squared_error


def test_the_error_is_the_root_of_the_mean_square() -> None:
    assert root_mean_squared_error(np.array([1.0, 2, 6]), np.array([1, 4, 2], np.float32)) == pytest.approx((20 / 3) ** 0.5)


def test_the_deviation_is_the_samples() -> None:
    assert mean_and_deviation([1.0, 2.0, 6.0]) == (pytest.approx(3), pytest.approx(7**0.5))
    assert mean_and_deviation([4.0]) == (4, 0)
