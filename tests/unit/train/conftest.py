"""What the tests of training share."""

from collections.abc import Iterator

import pytest
import torch

from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem import problem
from pipeline.train.sharing.threads import Threads, one_kernel_thread


@pytest.fixture(params=[7, 8192], ids=["small tiles", "one tile"])
def tile_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sum must hold where tiles cut through an entity's hyperedges."""
    for kind in (CompiledKernels, Kernels):
        monkeypatch.setattr(kind, "tile_size", request.param)


@pytest.fixture(params=["compiled", "torch"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """Both implementations of the kernels, on the CPU."""
    return CompiledKernels() if request.param == "compiled" else Kernels(torch.device("cpu"))


@pytest.fixture(autouse=True)
def _one_kernel_thread() -> Iterator[None]:
    """As in training: a kernel that waits for a second, busy core takes milliseconds."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def a_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few values there are, part of them is kept to stop by."""
    monkeypatch.setattr(problem, "FEWEST_VALUES", 0)


@pytest.fixture
def threads() -> Iterator[Threads]:
    with one_kernel_thread(2) as pool:
        yield pool
