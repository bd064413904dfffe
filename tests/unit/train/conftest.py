"""What the tests of training share."""

from collections.abc import Iterator

import pytest
import torch

from pipeline.train import unfolding
from pipeline.train.threads import Threads, one_kernel_thread


@pytest.fixture(params=[7, 8192], ids=["small tiles", "one tile"])
def tile_size(request: pytest.FixtureRequest) -> Iterator[int]:
    """Every sum must hold where tiles cut through an entity's hyperedges."""
    size, unfolding.CPU_TILE = unfolding.CPU_TILE, request.param
    yield request.param
    unfolding.CPU_TILE = size


@pytest.fixture(autouse=True)
def _one_kernel_thread() -> Iterator[None]:
    """As in training: a kernel that waits for a second, busy core takes milliseconds."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def threads() -> Iterator[Threads]:
    with one_kernel_thread(2) as pool:
        yield pool
