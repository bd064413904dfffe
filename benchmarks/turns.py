"""Workers that take turns on one machine, each with a clock of its own: what they would take on a machine each.

Each worker is a thread, and one at a time computes, with the others idle. Its clock counts what it has computed; where several
meet to exchange something, all of theirs go on from the latest. So a clock tells when its worker would be where it is, had it a
machine to itself and an exchange that takes no time.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.assignment import cut_rows, parts_of
from pipeline.train.fit import Fit, fit_share
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.problem import Problem
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import WHOLE, Peers
from pipeline.train.station import Station


class _Clocks:
    """Whose turn it is, and what each has computed."""

    def __init__(self, num_workers: int, kernels: Kernels, cores: int) -> None:
        self._turn = threading.Lock()
        self._finish = kernels.finish
        # On one core of a CPU the processor's time is that of whose turn it is, whatever else the machine does.
        self._now = time.process_time if cores == 1 and kernels.device.type == "cpu" else time.perf_counter
        self._since = 0.0
        self.seconds = [0.0] * num_workers

    def go_on(self) -> None:
        """Wait for one's turn."""
        self._turn.acquire()
        self._since = self._now()

    def stop(self, rank: int) -> None:
        """Let others have it."""
        self._finish()
        self.seconds[rank] += self._now() - self._since
        self._turn.release()


class _Meeting:
    """Where some workers exchange something."""

    def __init__(self, ranks: Sequence[int], clocks: _Clocks) -> None:
        self._ranks, self._clocks = ranks, clocks
        self._barrier = threading.Barrier(len(ranks))
        self._given: dict[int, object] = {}

    def meet(self, rank: int, own: object) -> list:
        """Give something, and get what all have given, by rank."""
        self._clocks.stop(rank)
        self._given[rank] = own
        self._barrier.wait()
        given, latest = [self._given[each] for each in self._ranks], max(self._clocks.seconds[each] for each in self._ranks)
        self._barrier.wait()
        self._clocks.seconds[rank] = latest
        self._clocks.go_on()
        return given


class _Parts:
    """A modality that several have."""

    def __init__(self, rank: int, ranks: Sequence[int], cuts: Sequence[int], meeting: _Meeting) -> None:
        self._rank, self._meeting = rank, meeting
        self.number, self.count = ranks.index(rank), len(ranks)
        self.rows = slice(cuts[self.number], cuts[self.number + 1])

    def total(self, own: Tensor) -> Tensor:
        return torch.stack(self._meeting.meet(self._rank, own)).sum(0)

    def gather(self, own_BD: Tensor) -> Tensor:
        return torch.cat(self._meeting.meet(self._rank, own_BD))


class _Exchange:
    """An exchange with all others."""

    def __init__(self, rank: int, num_workers: int, meeting: _Meeting, parts: Mapping[str, Peers]) -> None:
        self.rank, self.num_workers = rank, num_workers
        self._meeting, self._parts = meeting, parts

    def peers(self, label: str) -> Peers:
        return self._parts.get(label, WHOLE)

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.sum(self._meeting.meet(self.rank, values.copy()), axis=0)

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        found: dict[str, list[Tensor]] = {}
        for each in self._meeting.meet(self.rank, own):
            for label, matrix in each.items():
                found.setdefault(label, []).append(matrix)
        return {label: parts[0] if len(parts) == 1 else torch.cat(parts) for label, parts in found.items()}


def round_seconds(
    problem: Problem, parameters: TrainingParameters, owned: Sequence[Sequence[str]], kernels: Sequence[Kernels], cores: int
) -> float:
    """Seconds of a round's computing, each worker on a machine of its own: the least of all rounds but the first."""
    _, ends = fit_in_turn(problem, parameters, owned, kernels, cores)
    return float(np.diff(ends)[1:].min())


def fit_in_turn(
    problem: Problem, parameters: TrainingParameters, owned: Sequence[Sequence[str]], kernels: Sequence[Kernels], cores: int
) -> tuple[Fit, list[float]]:
    """Train; give what all come to, and seconds of computing until the end of each round, the start the first.

    Parameters
    ----------
    problem, parameters
        What is trained.
    owned
        Labels of every worker's modalities, by rank.
    kernels
        What each computes with.
    cores
        Of each machine.
    """
    clocks = _Clocks(len(owned), kernels[0], cores)
    ends: list[float] = []
    everybody = _Meeting(range(len(owned)), clocks)
    parts: list[dict[str, Peers]] = [{} for _ in owned]
    for label in problem.labels:
        ranks = parts_of(owned, label)
        if len(ranks) > 1:
            cuts, meeting = cut_rows(problem, label, len(ranks)), _Meeting(ranks, clocks)
            for rank in ranks:
                parts[rank][label] = _Parts(rank, ranks, cuts, meeting)

    def work(rank: int) -> Fit:
        clocks.go_on()
        exchange = _Exchange(rank, len(owned), everybody, parts[rank])
        station = Station(owned[rank], exchange, kernels[rank], kernels[rank].host_threads(cores))

        def on_round(_: Round) -> None:
            if rank == 0:  # its clock is at the round's last exchange, where all were alike
                ends.append(clocks.seconds[0])

        done = fit_share(problem, parameters, station, on_round=on_round)
        clocks.stop(rank)
        return done

    with ThreadPoolExecutor(len(owned)) as pool:
        fits = list(pool.map(work, range(len(owned))))
    return fits[0], ends
