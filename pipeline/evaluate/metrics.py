"""How far predictions are off. Shapes: E values."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def root_mean_squared_error(predicted_E: npt.NDArray[np.float64], true_E: npt.NDArray[np.float32]) -> float:
    """Give √(mean (x̂ − x)²)."""
    return float(np.sqrt(np.mean(np.square(predicted_E - true_E, dtype=np.float64))))


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Give the mean and the sample standard deviation (n − 1 below it); 0 for a single value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
