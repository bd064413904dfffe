"""What workers tell each other in a round: the only door to torch.distributed.

Two things travel, and nothing else: the steps of the factors and offsets (Σ N · D floats) and a few sums of scalars. Every worker
adds its numbers into entries of its own and leaves zeros elsewhere, so a sum over workers is exact and the same for any number of
them. Shapes: N entities, D columns of a modality's matrix.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor

from pipeline.errors import WorkerFailedError


class Exchange(Protocol):
    """How one worker reaches the others: which one it is, and of how many."""

    rank: int
    num_workers: int

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Add up a vector over all workers."""
        ...

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the matrices of one's own modalities (N × D), get those of all."""
        ...


class Alone:
    """An exchange with nobody: one process does it all."""

    rank = 0
    num_workers = 1

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Give the values back."""
        return values

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the matrices back."""
        return dict(own)


class ProcessGroup:
    """An exchange between the processes of a torch.distributed group.

    Parameters
    ----------
    owned
        Labels of every worker's modalities, by rank.
    shapes
        N × D per modality label.
    device
        Where this worker's matrices are.
    finish
        Waits until the device has done all that it was given: a GPU's transfers fail only then.
    """

    def __init__(
        self,
        owned: Sequence[Sequence[str]],
        shapes: Mapping[str, tuple[int, int]],
        device: torch.device,
        finish: Callable[[], None],
    ) -> None:
        self.rank, self.num_workers = dist.get_rank(), len(owned)
        self._owners = {label: rank for rank, labels in enumerate(owned) for label in labels}
        self._shapes = shapes
        self._device = device
        self._finish = finish

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Add up a vector over all workers."""
        sums = torch.from_numpy(values).to(self._device, copy=True)
        with _losing_nobody():
            dist.all_reduce(sums)
            self._finish()
        return sums.cpu().numpy()

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the matrices of one's own modalities (N × D), get those of all: one broadcast a modality, all under way together."""
        matrices, pending = {}, []
        with _losing_nobody():
            for label, shape in self._shapes.items():
                matrix_ND = own[label].contiguous() if label in own else torch.empty(shape, device=self._device)
                matrices[label] = matrix_ND
                pending.append(dist.broadcast(matrix_ND, src=self._owners[label], async_op=True))
            for work in pending:
                if work is not None:
                    work.wait()
            self._finish()
        return matrices


@contextmanager
def joined(store: Path, rank: int, num_workers: int, backend: str, timeout: float) -> Iterator[None]:
    """Belong to a group of workers for a while.

    They meet in a file, so that no port is open to anyone, and talk over the loopback interface.

    Parameters
    ----------
    store
        The file; none yet, or made by the others.
    rank, num_workers
        Which one this is, of how many.
    backend
        What they talk over: ``gloo`` or ``nccl``.
    timeout
        Seconds after which a worker that does not answer counts as lost.
    """
    with _losing_nobody():
        dist.init_process_group(
            backend, init_method=store.as_uri(), rank=rank, world_size=num_workers, timeout=timedelta(seconds=timeout)
        )
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def _losing_nobody() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise WorkerFailedError(f"another worker does not answer: {error}") from error
