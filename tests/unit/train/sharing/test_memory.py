from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipeline.errors import TrainingMemoryError
from pipeline.train.sharing.memory import telling_memory

MORE = 1 << 47
"""Numbers of which no machine holds so many."""


@pytest.mark.parametrize("ask", [lambda: np.empty(MORE, np.float32), lambda: torch.empty(MORE)], ids=["numpy", "torch"])
def test_who_asks_for_more_than_there_is_is_named(ask: Callable[[], object]) -> None:
    with (
        pytest.raises(TrainingMemoryError, match=r"^worker 1 has run out of memory: .*(512|562949953421312)") as told,
        telling_memory("worker 1"),
    ):
        ask()
    assert "hyperlearn train --plan" in told.value.hint


def test_whatever_else_fails_does_so_in_its_own_words() -> None:
    with pytest.raises(RuntimeError, match="no"), telling_memory("worker 1"):
        raise RuntimeError("no")
