"""What workers tell each other in a round: the only door to torch.distributed.

Two things travel, and nothing else: the steps of the factors and offsets (Σ N · D floats) and a few sums of scalars. Every worker
adds its numbers into entries of its own and leaves zeros elsewhere, so a sum over workers is exact and the same for any number of
them. Only workers that have one modality between them, each some of its rows, tell each other more: what they need to work as one.
Shapes: N entities, D columns of a modality's matrix, B rows that a worker has of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor

from pipeline.errors import WorkerFailedError
from pipeline.train.sharing.memory import is_out_of_memory


class Peers(Protocol):
    """The workers that have a modality between them, as one of them has them."""

    number: int
    """Which part it has, from 0."""
    count: int
    """Of how many."""
    rows: slice
    """Its rows."""

    def total(self, own: Tensor) -> Tensor:
        """Add up a tensor over the parts; the same on each."""
        ...

    def gather(self, own_BD: Tensor) -> Tensor:
        """Give one's own rows, get those of all parts (N × D)."""
        ...


class _Whole:
    """Nobody else has any of the modality."""

    number = 0
    count = 1
    rows = slice(None)

    def total(self, own: Tensor) -> Tensor:
        return own

    def gather(self, own_BD: Tensor) -> Tensor:
        return own_BD


WHOLE: Peers = _Whole()
"""Of a modality that one worker has."""


class Exchange(Protocol):
    """How one worker reaches the others: which one it is, and of how many."""

    rank: int
    num_workers: int

    def peers(self, label: str) -> Peers:
        """Who has one of its own modalities together with it."""
        ...

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Add up a vector over all workers."""
        ...

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the matrices of one's own modalities (N × D; of one's part, B × D), get those of all, whole."""
        ...


class Alone:
    """An exchange with nobody: one process does it all."""

    rank = 0
    num_workers = 1

    def peers(self, label: str) -> Peers:  # noqa: ARG002
        """Nobody."""
        return WHOLE

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Give the values back."""
        return values

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the matrices back."""
        return dict(own)


class _Parts:
    """Those who have a modality between them: a torch.distributed group of their own, or the one of all."""

    def __init__(
        self, group: dist.ProcessGroup | None, ranks: Sequence[int], cuts: Sequence[int], finish: Callable[[], None]
    ) -> None:
        self._group, self._ranks, self._cuts, self._finish = group, ranks, cuts, finish
        self.number, self.count = ranks.index(dist.get_rank()), len(ranks)
        self.rows = slice(cuts[self.number], cuts[self.number + 1])

    def total(self, own: Tensor) -> Tensor:
        total = own.clone()
        with _losing_nobody():
            dist.all_reduce(total, group=self._group)
            self._finish()
        return total

    def gather(self, own_BD: Tensor) -> Tensor:
        whole_ND = own_BD.new_empty(self._cuts[-1], own_BD.shape[1])
        whole_ND[self.rows] = own_BD
        with _losing_nobody():
            _wait(_told(whole_ND, self._ranks, self._cuts, self._group))
            self._finish()
        return whole_ND


class ProcessGroup:
    """An exchange between the processes of a torch.distributed group.

    Parameters
    ----------
    owned
        Labels of every worker's modalities, by rank.
    cuts
        Per modality label, where the rows of each of its workers begin, in the order of their ranks, and where the last ones end.
    widths
        D per modality label.
    device
        Where this worker's matrices are.
    finish
        Waits until the device has done all that it was given: a GPU's transfers fail only then.
    timeout
        Seconds after which a worker that does not answer counts as lost.
    """

    def __init__(
        self,
        owned: Sequence[Sequence[str]],
        cuts: Mapping[str, Sequence[int]],
        widths: Mapping[str, int],
        device: torch.device,
        finish: Callable[[], None],
        timeout: float,
    ) -> None:
        self.rank, self.num_workers = dist.get_rank(), len(owned)
        self._owners = {label: [rank for rank, labels in enumerate(owned) if label in labels] for label in cuts}
        self._cuts, self._widths = cuts, widths
        self._device = device
        self._finish = finish
        self._parts: dict[str, Peers] = {}
        for label, ranks in self._owners.items():
            if len(ranks) == len(owned) > 1:
                self._parts[label] = _Parts(None, ranks, cuts[label], finish)
            elif len(ranks) > 1:
                with _losing_nobody():
                    # All begin every group, whether they belong to it or not.
                    group = dist.new_group(ranks, timeout=timedelta(seconds=timeout))
                if isinstance(group, dist.ProcessGroup):
                    self._parts[label] = _Parts(group, ranks, cuts[label], finish)

    def peers(self, label: str) -> Peers:
        """Who has one of its own modalities together with it."""
        return self._parts.get(label, WHOLE)

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Add up a vector over all workers."""
        sums = torch.from_numpy(values).to(self._device, copy=True)
        with _losing_nobody():
            dist.all_reduce(sums)
            self._finish()
        return sums.cpu().numpy()

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give one's own matrices, get those of all: one broadcast a modality or part, all under way together."""
        matrices, pending = {}, []
        with _losing_nobody():
            for label, ranks in self._owners.items():
                if label in own and len(ranks) == 1:
                    matrix_ND = own[label].contiguous()
                else:
                    matrix_ND = torch.empty(self._cuts[label][-1], self._widths[label], device=self._device)
                    if label in own:
                        matrix_ND[self._parts[label].rows] = own[label]
                matrices[label] = matrix_ND
                pending += _told(matrix_ND, ranks, self._cuts[label])
            _wait(pending)
            self._finish()
        return matrices


def _told(
    matrix_ND: Tensor, ranks: Sequence[int], cuts: Sequence[int], group: dist.ProcessGroup | None = None
) -> list[dist.Work | None]:
    """Begin to tell each rank's rows of a matrix to the others, in place."""
    parts = [matrix_ND[begin:end] for begin, end in pairwise(cuts)]
    return [
        dist.broadcast(part_BD, src=rank, group=group, async_op=True)
        for rank, part_BD in zip(ranks, parts, strict=True)
        if len(part_BD)
    ]


def _wait(pending: Sequence[dist.Work | None]) -> None:
    for work in pending:
        if work is not None:
            work.wait()


def file_store(file: Path, num_workers: int) -> dist.Store:
    """Where workers of one machine meet: in a file, none yet or made by the others, so that no port is open to anyone."""
    return dist.FileStore(str(file), num_workers)


@contextmanager
def joined(store: dist.Store, rank: int, num_workers: int, backend: str, timeout: float) -> Iterator[None]:
    """Belong to a group of workers for a while.

    Parameters
    ----------
    store
        Where they meet.
    rank, num_workers
        Which one this is, of how many.
    backend
        What they talk over: ``gloo`` or ``nccl``.
    timeout
        Seconds after which a worker that does not answer counts as lost.
    """
    with _losing_nobody():
        dist.init_process_group(backend, store=store, rank=rank, world_size=num_workers, timeout=timedelta(seconds=timeout))
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def _losing_nobody() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise WorkerFailedError(f"another worker does not answer: {error}") from error
