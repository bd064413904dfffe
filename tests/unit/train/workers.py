"""Workers that are threads of this process: what they compute is what processes compute, and they start at once."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.assignment import cut_rows, parts_of
from pipeline.train.fit import Fit, fit_share
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.problem.problem import build_problem
from pipeline.train.result.checkpoint import Checkpoints
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import WHOLE, Exchange, Peers
from pipeline.train.station import Station


class _Meeting:
    """Where threads tell each other what they have."""

    def __init__(self, num_workers: int) -> None:
        self._barrier = threading.Barrier(num_workers, timeout=60)
        self._given: list[Any] = [None] * num_workers

    def tell(self, number: int, own: Any) -> list[Any]:
        """Give one's own, get everybody's."""
        self._given[number] = own
        self._barrier.wait()
        given = list(self._given)
        self._barrier.wait()
        return given

    def leave(self) -> None:
        """Wake those who wait for one who has failed."""
        self._barrier.abort()


class _Parts:
    """A modality that several threads have."""

    def __init__(self, number: int, cuts: Sequence[int], meeting: _Meeting) -> None:
        self.number, self.count, self.rows = number, len(cuts) - 1, slice(cuts[number], cuts[number + 1])
        self._meeting = meeting

    def total(self, own: Tensor) -> Tensor:
        return torch.stack(self._meeting.tell(self.number, own.clone())).sum(0)

    def gather(self, own_BD: Tensor) -> Tensor:
        return torch.cat(self._meeting.tell(self.number, own_BD.clone()))


class _Threaded:
    """An exchange between threads."""

    def __init__(self, rank: int, num_workers: int, meeting: _Meeting, parts: Mapping[str, Peers]) -> None:
        self.rank, self.num_workers = rank, num_workers
        self._meeting = meeting
        self._parts = parts

    def peers(self, label: str) -> Peers:
        return self._parts.get(label, WHOLE)

    def total(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        total: npt.NDArray[np.float64] = np.sum(self._meeting.tell(self.rank, values.copy()), axis=0)
        return total

    def share(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        found: dict[str, list[Tensor]] = {}
        for each in self._meeting.tell(self.rank, {label: matrix.clone() for label, matrix in own.items()}):
            for label, matrix in each.items():
                found.setdefault(label, []).append(matrix)
        return {label: torch.cat(parts) for label, parts in found.items()}


def fit_on_threads(
    hypergraph: Hypergraph,
    parameters: TrainingParameters,
    owned: Sequence[Sequence[str]],
    *,
    checkpoints: Callable[[Exchange], Checkpoints | None] = lambda _: None,
    on_round: Callable[[Round], None] = lambda _: None,
) -> list[Fit]:
    """Train on as many workers; what each of them yields."""
    problem = build_problem(hypergraph, parameters)
    meeting = _Meeting(len(owned))
    parts: list[dict[str, Peers]] = [{} for _ in owned]
    meetings = [meeting]
    for label in problem.labels:
        ranks = parts_of(owned, label)
        if len(ranks) > 1:
            meetings.append(_Meeting(len(ranks)))
            for number, rank in enumerate(ranks):
                parts[rank][label] = _Parts(number, cut_rows(problem, label, len(ranks)), meetings[-1])

    def work(rank: int) -> Fit:
        exchange = _Threaded(rank, len(owned), meeting, parts[rank])
        station = Station(owned[rank], exchange, CompiledKernels(), 1)
        try:
            return fit_share(
                build_problem(hypergraph, parameters), parameters, station, checkpoints=checkpoints(exchange), on_round=on_round
            )
        except BaseException:
            for each in meetings:
                each.leave()
            raise

    with ThreadPoolExecutor(len(owned)) as pool:
        done = [pool.submit(work, rank) for rank in range(len(owned))]
        failures = [failure for failure in (each.exception() for each in done) if failure is not None]
        for failure in sorted(failures, key=lambda failure: isinstance(failure, threading.BrokenBarrierError)):
            raise failure
        return [each.result() for each in done]
