"""The rounds of training, as one worker runs them: all modalities move at once, from the factors last exchanged.

A round
1. Every worker's update proposes steps of its modalities (`exact` or `recurrent`).
2. The steps are exchanged; every worker now holds those of all modalities.
3. Every worker expands its hyperedge types' parts of the objective along the joint step; the polynomials are added up.
4. Every worker goes the same length along it, which the update chooses from the same polynomial.

So a round's result does not depend on who computed what, and the number of workers does not matter. Shapes: N entities, D
embedding_dim plus offsets.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.assignment import Sizes, assign
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.layout import Factors, Layout
from pipeline.train.problem.problem import Problem, TypePosition
from pipeline.train.result.checkpoint import Checkpoints, State
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import Exchange
from pipeline.train.sharing.threads import Threads
from pipeline.train.tensor.line_moments import Path, gram_along, hyperedge_moments, quadratic_along
from pipeline.train.tensor.line_search import Line, Pieces, Sums
from pipeline.train.tensor.unfolding import Unfolding, unfold
from pipeline.train.update.divergence import diverged, rising
from pipeline.train.update.exact import ExactUpdate
from pipeline.train.update.modality_problem import modality_problem
from pipeline.train.update.recurrent import RecurrentUpdate
from pipeline.train.update.update import Update

_SPAN = 16
"""Tiles that are one piece of work when the objective is expanded."""
_DIVERGED = 100.0
"""An objective that is so many times what it was at the start has diverged."""


@dataclass(frozen=True)
class _Best:
    """The best round so far."""

    number: int
    watched: float
    matrices: Mapping[str, Tensor]


class Rounds:
    """One worker's state: all factors and offsets, its own modalities' update, its own hyperedge types.

    Parameters
    ----------
    problem
        The objective.
    own
        Labels of the modalities that this worker updates.
    start
        [A | b] (N × (D + offsets)) per modality label, of all modalities.
    parameters
        Settings.
    exchange
        How it reaches the other workers.
    kernels
        What it computes with.
    threads
        What it shares the work out to.
    """

    def __init__(
        self,
        problem: Problem,
        own: Sequence[str],
        start: Factors,
        parameters: TrainingParameters,
        exchange: Exchange,
        kernels: Kernels,
        threads: Threads,
    ) -> None:
        self._problem = problem
        self._parameters = parameters
        self._exchange = exchange
        self._kernels = kernels
        self._threads = threads
        self._layout = Layout(problem, parameters.components("exact"))
        self._matrices = {label: torch.from_numpy(start[label]).to(kernels.device) for label in problem.labels}
        work = assign(Sizes.of(problem), parameters.cg_iterations)
        # Dearest first: the threads then end together.
        own = sorted(own, key=lambda label: -work.costs[label])
        laid_out = threads.map(lambda label: modality_problem(problem, label, self._layout, kernels, exchange.peers(label)), own)
        self._modalities = dict(zip(own, laid_out, strict=True))
        self._homes = [
            term.unfolding
            for modality in laid_out
            for term in modality.terms
            if work.homes[term.unfolding.label] == term.unfolding.position
        ]
        terms = {term.label: term for term in problem.terms}
        self._held_out = [
            unfold(
                replace(terms[home.label], hyperedges=terms[home.label].held_out, absent_weight=0.0),
                home.position,
                kernels,
                home.rows,
            )
            for home in self._homes
        ]
        self._popularities = {
            (home.label, position): torch.from_numpy(popularity_N).to(kernels.device)
            for home in self._homes
            for position, popularity_N in enumerate(terms[home.label].popularities)
        }
        self._grams: dict[TypePosition, Tensor] = {}
        self._update: Update
        if parameters.update == "recurrent":
            self._update = RecurrentUpdate(problem, self._modalities, self._matrices, parameters, threads)
        else:
            self._update = ExactUpdate(problem.labels, self._modalities, parameters, exchange, threads)
        self._best: _Best | None = None

    @property
    def best_round(self) -> int | None:
        """Number of the round whose factors count; None where that is the last."""
        return None if self._best is None else self._best.number

    def matrices(self) -> Factors:
        """The factors and offsets of all modalities, of the best round."""
        if self._best is None:
            return self.here()
        return {label: matrix.cpu().numpy() for label, matrix in self._best.matrices.items()}

    def here(self) -> Factors:
        """Those of the round that was done last; they move with the next."""
        return {label: matrix.cpu().numpy() for label, matrix in self._matrices.items()}

    def run(self, on_round: Callable[[Round], None] = lambda _: None, checkpoints: Checkpoints | None = None) -> list[Round]:
        """Run rounds until the objective or the validation loss settles, or their number is reached.

        Parameters
        ----------
        on_round
            Is told of every round as it ends, the start (number 0) and those before a checkpoint included.
        checkpoints
            Where to go on from, and where to leave others.

        Raises
        ------
        TrainingDivergedError
            If a factor or the objective is no longer finite, or the objective grows without bound; on all workers alike.
        """
        state = checkpoints.newest() if checkpoints else None
        history = [self.round(0)] if state is None else self._go_on(state)
        for done in history:
            on_round(done)
        settled = state is None and self._watch(history)
        while len(history) <= self._parameters.rounds and not settled:
            history.append(self.round(len(history)))
            on_round(history[-1])
            settled = self._watch(history) or self._falls_no_more(history)
            if checkpoints and not settled:
                checkpoints.offer(lambda: self._state(history))
        return history

    def round(self, number: int) -> Round:
        """Do the next round, or, as number 0, only look at the start.

        Raises
        ------
        TrainingDivergedError
            If a factor or the objective is no longer finite; on all workers alike.
        """
        return self._step(number) if number else self._begin()

    def _begin(self) -> Round:
        clock = time.perf_counter()
        still = {label: torch.zeros_like(matrix) for label, matrix in self._matrices.items()}
        line = self._line(still, number=0)
        self._accept(line, still, 0.0)
        return Round(0, line.losses(0.0), line.validation(0.0), 0.0, 0.0, {}, time.perf_counter() - clock)

    def _state(self, history: list[Round]) -> State:
        """What this worker owns: the update's state, and its modalities' part of what all workers have."""
        tensors, numbers = self._update.state()
        modalities = {term.label: term.modalities for term in self._problem.terms}
        if not all(modality.peers.number == 0 for modality in self._modalities.values()):
            return State({}, {"update": numbers, "best": self._best_numbers()}, history)  # the first part's worker has it all
        arrays = {f"update/{name}": tensor.cpu().numpy() for name, tensor in tensors.items()}
        arrays |= {f"matrix/{label}": self._matrices[label].cpu().numpy() for label in self._modalities}
        arrays |= {
            f"gram/{label}/{position}": gram_DD.cpu().numpy()
            for (label, position), gram_DD in self._grams.items()
            if modalities[label][position] in self._modalities
        }
        if self._best is not None:
            arrays |= {f"best/{label}": self._best.matrices[label].cpu().numpy() for label in self._modalities}
        return State(arrays, {"update": numbers, "best": self._best_numbers()}, history)

    def _best_numbers(self) -> dict[str, Any]:
        return {} if self._best is None else {"number": self._best.number, "watched": self._best.watched}

    def _go_on(self, state: State) -> list[Round]:
        def here(kind: str) -> dict[str, Tensor]:
            return {name: torch.from_numpy(array).to(self._kernels.device) for name, array in state.part(kind).items()}

        for label, matrix in here("matrix").items():
            self._matrices[label].copy_(matrix)
        grams = here("gram")
        self._grams = {
            (term.label, position): grams[f"{term.label}/{position}"]
            for term in self._problem.terms
            for position in range(len(term.modalities))
            if f"{term.label}/{position}" in grams
        }
        if best := state.numbers["best"]:
            kept = here("best")
            self._best = _Best(best["number"], best["watched"], {label: kept[label] for label in self._problem.labels})
        self._update.go_on(here("update"), state.numbers["update"])
        return list(state.history)

    def _step(self, number: int) -> Round:
        clock = time.perf_counter()
        proposal = self._update.propose(self._matrices, self._grams, number)
        steps = self._exchange.share(proposal.steps)
        line = self._line(steps, number)
        length = self._update.length(line)
        self._accept(line, steps, length)
        self._update.taken(length)
        return Round(
            number,
            line.losses(length),
            line.validation(length),
            length,
            proposal.momentum,
            proposal.iterations,
            time.perf_counter() - clock,
        )

    def _falls_no_more(self, history: list[Round]) -> bool:
        """Whether the objective of an update that never raises it has settled."""
        if not self._update.falls:
            return False
        totals: list[float] = [done.losses.total for done in history[-3:]]
        slow = [before - after <= self._parameters.tolerance * abs(before) for before, after in pairwise(totals)]
        # A step with momentum may be short for once; one without it is the best there is.
        return slow[-1] and (history[-1].momentum == 0 or (len(slow) > 1 and slow[-2]))

    def _watch(self, history: list[Round]) -> bool:
        """Keep the best round where the last may not be it; whether there was none for too long."""
        last, start = history[-1], history[0].losses.total
        if not self._update.falls and last.losses.total > _DIVERGED * start:
            raise rising(start, last.losses.total, last.number)
        if self._update.falls and not last.validation:
            return False
        weights = {term.label: term.weight * term.held_out.num_hyperedges for term in self._problem.terms}
        watched = sum(weights[label] * error for label, error in last.validation.items()) if last.validation else last.losses.total
        if self._best is None or watched < self._best.watched:
            self._best = _Best(last.number, watched, {label: matrix.clone() for label, matrix in self._matrices.items()})
        return last.number - self._best.number >= self._parameters.patience

    def _line(self, steps: Mapping[str, Tensor], number: int) -> Line:
        """Expand the objective along a joint step, all workers together."""
        pieces, dim = self._pieces(steps), self._parameters.components("exact")
        total = self._exchange.total(pieces.pack(self._problem, dim))
        pieces = Pieces.unpack(self._problem, dim, total)
        for label, ridge in pieces.ridges.items():
            if not np.isfinite(ridge).all():
                raise diverged(f"the factor matrix of {label}", number)
        if not np.isfinite(total).all():
            raise diverged("the objective", number)
        return Line(self._problem, pieces)

    def _pieces(self, steps: Mapping[str, Tensor]) -> Pieces:
        """Compute the pieces of own types and modalities, side by side; long types in spans of tiles, added up in their order."""
        kernels, here, path = self._kernels, self._matrices, self._path(steps)
        homes = {home.label: home for home in self._homes}
        tied = {label: modality for label, modality in self._modalities.items() if modality.half_laplacian is not None}
        spans, held_out = _spans(self._homes), _spans(self._held_out)
        work: list[Callable[[], Tensor]] = [
            *(partial(hyperedge_moments, part, part.tiles, path) for part in [*spans, *held_out]),
            *(partial(self._gram_along, path, homes[label], position) for label, position in self._popularities),
            *(
                partial(quadratic_along, kernels, own.hold, here[name][own.peers.rows], steps[name][own.peers.rows])
                for name, own in self._modalities.items()
            ),
            *(partial(quadratic_along, kernels, own.smooth, here[name], steps[name], own.peers.rows) for name, own in tied.items()),
        ]
        done = iter(self._threads.map(lambda task: task().cpu().numpy(), work))
        moments = [_added(parts, [next(done) for _ in parts]) for parts in (spans, held_out)]
        grams = {at: next(done) for at in self._popularities}
        ridges = {label: next(done) for label in self._modalities}
        return Pieces(moments[0], grams, ridges, {label: next(done) for label in tied}, moments[1])

    def _gram_along(self, path: Path, home: Unfolding, position: int) -> Tensor:
        """A position's Gram matrices; of workers that have the home between them each takes some of the rows."""
        label, popularity_N = home.modalities[position], self._popularities[home.label, position]
        peers = self._modalities[home.modalities[home.position]].peers
        begin, end = (len(popularity_N) * part // peers.count for part in (peers.number, peers.number + 1))
        factor_BD, step_BD = path.factors[label][begin:end], path.steps[label][begin:end]
        return gram_along(self._kernels, factor_BD, step_BD, popularity_N[begin:end])

    def _path(self, steps: Mapping[str, Tensor]) -> Path:
        layout, here = self._layout, self._matrices
        return Path(layout.factors(here), layout.factors(steps), layout.offsets(here), layout.offsets(steps))

    def _accept(self, line: Line, steps: Mapping[str, Tensor], length: float) -> None:
        self._threads.map(lambda label: self._matrices[label].add_(steps[label], alpha=length), self._problem.labels)
        self._grams = {at: torch.from_numpy(gram).to(self._kernels.device) for at, gram in line.grams(length).items()}


def _spans(unfoldings: Sequence[Unfolding]) -> list[Unfolding]:
    """Cut unfoldings into pieces of work."""
    return [
        replace(whole, tiles=whole.tiles[begin : begin + _SPAN])
        for whole in unfoldings
        for begin in range(0, len(whole.tiles), _SPAN)
    ]


def _added(spans: Sequence[Unfolding], moments: Sequence[Sums]) -> dict[str, Sums]:
    """Add up the pieces' moments, per hyperedge type, in order."""
    sums: dict[str, Sums] = {}
    for span, part in zip(spans, moments, strict=True):
        sums[span.label] = sums.get(span.label, np.float64(0)) + part
    return sums
