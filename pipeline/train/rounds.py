"""The rounds of training, as one worker runs them: all modalities move at once, from the factors last exchanged.

A round
1. Every worker solves the normal equations of its modalities (`exact`): z_θ, a step along which the objective falls.
2. The steps are combined with the round before's: s = z + β s_before, β ≥ 0 by Polak and Ribière over all modalities together.
3. The steps are exchanged; every worker now holds s for all modalities.
4. Every worker expands its hyperedge types' parts of the objective along A + α s; the polynomials are added up.
5. Every worker takes the same exact minimiser α ≥ 0 of the same polynomial: the objective never rises.

So a round's result does not depend on who computed what, and the number of workers does not matter. Steps 2 and 5 make of the
update that takes all modalities at once, which may overshoot, a nonlinear conjugate gradient method preconditioned by it (De
Sterck & Winlaw 2015, for alternating least squares). Shapes: N entities, D embedding_dim.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from pipeline.errors import TrainingDivergedError
from pipeline.train import objective
from pipeline.train.assignment import plan
from pipeline.train.exact import NormalEquations, modality_problem, solve
from pipeline.train.exchange import Exchange
from pipeline.train.line import Line, Pieces, Place, Sums
from pipeline.train.objective import Losses
from pipeline.train.parameters import TrainingParameters
from pipeline.train.problem import Problem
from pipeline.train.start import Factors
from pipeline.train.threads import Threads

_SPAN = 16
"""Tiles that are one piece of work when the objective is expanded."""


@dataclass(frozen=True)
class Round:
    """What one round did.

    Attributes
    ----------
    number
        1, 2 …; 0 is the start.
    losses
        The objective's parts after it.
    step_length
        α; 1 takes the modalities' solutions as they are.
    momentum
        β, the part of the step before that went into this one.
    iterations
        Steps of conjugate gradients per modality.
    seconds
        How long it took.
    """

    number: int
    losses: Losses
    step_length: float
    momentum: float
    iterations: Mapping[str, int]
    seconds: float


@dataclass(frozen=True)
class _Before:
    """What the next round needs of this one: the joint step of own modalities, their residuals, and zᵀr over all."""

    steps: Mapping[str, Tensor]
    residuals: Mapping[str, Tensor]
    energy: float


@dataclass(frozen=True)
class _Solved:
    """One modality's solution z and residual r, with zᵀr, zᵀr_before, s_beforeᵀr and the solution's number of iterations."""

    step_ND: Tensor
    residual_ND: Tensor
    sums: Sums


class Rounds:
    """One worker's state: all factors, its own modalities' systems, its own hyperedge types.

    Parameters
    ----------
    problem
        The objective.
    own
        Labels of the modalities that this worker updates.
    start
        A (N × D) per modality label, of all modalities.
    parameters
        Settings.
    exchange
        How it reaches the other workers.
    device
        Where it computes.
    threads
        What it computes with.
    """

    def __init__(
        self,
        problem: Problem,
        own: Sequence[str],
        start: Factors,
        parameters: TrainingParameters,
        exchange: Exchange,
        device: torch.device,
        threads: Threads,
    ) -> None:
        self._problem = problem
        self._parameters = parameters
        self._exchange = exchange
        self._device = device
        self._threads = threads
        self._factors = {label: torch.from_numpy(start[label]).to(device) for label in problem.labels}
        work = plan(problem, parameters.cg_iterations)
        # Dearest first: the threads then end together.
        self._own = sorted(own, key=lambda label: -work.costs[label])
        laid_out = threads.map(lambda label: modality_problem(problem, label, device), self._own)
        self._modalities = dict(zip(self._own, laid_out, strict=True))
        self._homes = [
            term.unfolding
            for modality in laid_out
            for term in modality.terms
            if work.homes[term.unfolding.label] == term.unfolding.position
        ]
        terms = {term.label: term for term in problem.terms}
        self._popularities = {
            (home.label, position): torch.from_numpy(popularity_N).to(device)
            for home in self._homes
            for position, popularity_N in enumerate(terms[home.label].popularities)
        }
        self._grams: dict[Place, Tensor] = {}
        self._before: _Before | None = None

    def factors(self) -> Factors:
        """The factors as they stand, of all modalities."""
        return {label: factor_ND.cpu().numpy() for label, factor_ND in self._factors.items()}

    def run(self, on_round: Callable[[Round], None] = lambda _: None) -> list[Round]:
        """Run rounds until the objective settles or their number is reached.

        Parameters
        ----------
        on_round
            Is told of every round as it ends, the start (number 0) included.

        Raises
        ------
        TrainingDivergedError
            If a factor or the objective is no longer finite; on all workers alike.
        """
        clock = time.perf_counter()
        still = {label: torch.zeros_like(factor_ND) for label, factor_ND in self._factors.items()}
        line = self._line(still, number=0)
        self._accept(line, still, 0.0)
        history = [Round(0, line.losses(0.0), 0.0, 0.0, {}, time.perf_counter() - clock)]
        on_round(history[-1])
        settled = 0
        while len(history) <= self._parameters.rounds and settled < 2:
            history.append(self._round(len(history)))
            on_round(history[-1])
            before, after = history[-2].losses.total, history[-1].losses.total
            if before - after > self._parameters.tolerance * abs(before):
                settled = 0
            else:
                # A step with momentum may be short for once; one without it is the best there is.
                settled += 1 if history[-1].momentum else 2
        return history

    def _round(self, number: int) -> Round:
        clock = time.perf_counter()
        solved = dict(zip(self._own, self._threads.map(self._solve, self._own), strict=True))
        momentum, energy, iterations = self._momentum(solved, number)
        own = {label: each.step_ND for label, each in solved.items()}
        if momentum and self._before is not None:
            own = {label: step_ND.add(self._before.steps[label], alpha=momentum) for label, step_ND in own.items()}
        steps = self._exchange.share(own)
        line = self._line(steps, number)
        length = line.best()
        self._accept(line, steps, length)
        self._before = None
        if length > 0 and self._parameters.acceleration:
            self._before = _Before(own, {label: each.residual_ND for label, each in solved.items()}, energy)
        return Round(number, line.losses(length), length, momentum, iterations, time.perf_counter() - clock)

    def _solve(self, label: str) -> _Solved:
        equations = NormalEquations(self._modalities[label], self._factors, self._grams)
        found = solve(equations, self._parameters.cg_iterations, self._parameters.cg_tolerance)
        energy, overlap, slope = _dot(found.step_ND, found.residual_ND), 0.0, 0.0
        if self._before is not None:
            overlap = _dot(found.step_ND, self._before.residuals[label])
            slope = _dot(self._before.steps[label], found.residual_ND)
        return _Solved(found.step_ND, found.residual_ND, np.array([energy, overlap, slope, found.iterations]))

    def _momentum(self, solved: Mapping[str, _Solved], number: int) -> tuple[float, float, dict[str, int]]:
        """Give β, zᵀr and the numbers of iterations, over all modalities."""
        places = {label: place for place, label in enumerate(self._problem.labels)}
        sums = np.zeros((len(places), 4))
        for label, each in solved.items():
            sums[places[label]] = each.sums
        sums = self._exchange.total(sums.ravel()).reshape(sums.shape)
        for label, place in places.items():
            if not math.isfinite(sums[place, 0]):
                raise _diverged(f"the step of {label}", number)
        energy, overlap, slope = sums[:, :3].sum(axis=0)
        momentum = 0.0
        if self._before is not None and self._before.energy > 0:
            momentum = max(0.0, float(energy - overlap) / self._before.energy)
            if energy + momentum * slope <= 0:
                momentum = 0.0
        return momentum, float(energy), {label: int(sums[place, 3]) for label, place in places.items()}

    def _line(self, steps: Mapping[str, Tensor], number: int) -> Line:
        """Expand the objective along a joint step, all workers together."""
        pieces, dim = self._pieces(steps), self._parameters.embedding_dim
        total = self._exchange.total(pieces.pack(self._problem, dim))
        pieces = Pieces.unpack(self._problem, dim, total)
        for label, norm in pieces.norms.items():
            if not np.isfinite(norm).all():
                raise _diverged(f"the factor matrix of {label}", number)
        if not np.isfinite(total).all():
            raise _diverged("the objective", number)
        return Line(self._problem, pieces)

    def _pieces(self, steps: Mapping[str, Tensor]) -> Pieces:
        """Compute the pieces of own types and modalities, side by side; long types in spans of tiles, added up in their order."""
        factors, labels = self._factors, {home.label: home.modalities for home in self._homes}
        spans = [(home, home.tiles[begin : begin + _SPAN]) for home in self._homes for begin in range(0, len(home.tiles), _SPAN)]
        tied = {label: m.half_laplacian for label, m in self._modalities.items() if m.half_laplacian is not None}
        places = {place: (labels[place[0]][place[1]], popularity_N) for place, popularity_N in self._popularities.items()}
        work: list[Callable[[], Tensor]] = [
            *(partial(objective.hyperedge_moments, home, tiles, factors, steps) for home, tiles in spans),
            *(partial(objective.gram_along, factors[label], steps[label], q_N) for label, q_N in places.values()),
            *(partial(objective.norm_along, factors[label], steps[label]) for label in self._own),
            *(partial(objective.smoothness_along, half, factors[label], steps[label]) for label, half in tied.items()),
        ]
        done = iter(self._threads.map(lambda task: task().cpu().numpy(), work))
        moments: dict[str, Sums] = {}
        for home, _ in spans:
            moments[home.label] = moments.get(home.label, np.float64(0)) + next(done)
        grams = {place: next(done) for place in places}
        return Pieces(moments, grams, {label: next(done) for label in self._own}, {label: next(done) for label in tied})

    def _accept(self, line: Line, steps: Mapping[str, Tensor], length: float) -> None:
        self._threads.map(lambda label: self._factors[label].add_(steps[label], alpha=length), self._problem.labels)
        self._grams = {place: torch.from_numpy(gram).to(self._device) for place, gram in line.grams(length).items()}


def _diverged(what: str, number: int) -> TrainingDivergedError:
    return TrainingDivergedError(
        f"{what} is no longer finite in round {number}",
        hint="raise the ridge, lower a hyperedge type's or graph's weight, or check the hyperedges' values",
    )


def _dot(left_ND: Tensor, right_ND: Tensor) -> float:
    return float((left_ND * right_ND).sum(1).sum(dtype=torch.float64))
