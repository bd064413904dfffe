"""The rounds of the stochastic update, as one worker runs them: every hyperedge once a round, in batches, in random order.

All modalities move with every batch. Several workers each have all of them and take the batches in turn (`turns`); what they have
moved becomes one model (`merged_moves`), the same bits on each. Other numbers of workers give other factors, about as good; the
same number gives the same bits. The validation part says when to stop and which round counts.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem
from pipeline.train.result.checkpoint import Checkpoints, State
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import Exchange
from pipeline.train.sharing.threads import Threads
from pipeline.train.stochastic.merged_moves import MergedMoves
from pipeline.train.stochastic.slot_model import SlotModel
from pipeline.train.stochastic.steps import Steps
from pipeline.train.stochastic.turns import num_batches, num_merges
from pipeline.train.stochastic.validation import Validation
from pipeline.train.tensor.line_search import Losses
from pipeline.train.update.divergence import diverged

_ENOUGH = 30
"""Fewer hyperedges of somebody's own validation part tell by chance which round is best: then the last one counts, and patience
says which that is. So few learn by heart what many rounds tell them."""

Batches = Sequence[tuple[str, npt.NDArray[np.int64]]]
"""A hyperedge type's label and numbers of its hyperedges, those that are kept for validation after the others."""


class Epochs:
    """One worker's state.

    Parameters
    ----------
    problem
        The objective.
    parameters
        Settings.
    exchange
        How it reaches the other workers.
    kernels
        What it computes with.
    threads
        What it shares the work out to.
    former
        Vectors of a former run (N × D per modality label), towards which own vectors start; zero for entities that it has not.
    """

    def __init__(
        self,
        problem: Problem,
        parameters: TrainingParameters,
        exchange: Exchange,
        kernels: Kernels,
        threads: Threads,
        former: Factors | None = None,
    ) -> None:
        self._problem = problem
        self._parameters = parameters
        self._exchange = exchange
        self._kernels = kernels
        self._threads = threads
        self._terms = {term.label: term for term in problem.terms}
        self._random = np.random.default_rng([parameters.seed, 2])
        self._model = SlotModel(
            problem,
            parameters.components("stochastic"),
            parameters.start_size,
            parameters.centre,
            parameters.seed,
            former,
            kernels.device,
        )
        self._peers = exchange.peers(problem.labels[0])  # all have all modalities
        self._steps = Steps(self._model, problem, parameters, kernels, threads, part=self._peers.number)
        self._merged = MergedMoves(self._model.learned(), self._steps.squares(), self._peers)
        self._validations = {term.label: Validation(term) for term in problem.terms}
        self._num_asked = problem.num_held_out
        self._is_told = self._num_asked >= _ENOUGH
        is_short = self._num_asked and not self._is_told
        self._most_rounds = min(parameters.rounds, parameters.patience) if is_short else parameters.rounds
        self.best_round = 0
        """Number of the round whose factors count."""
        self.best = np.inf
        """Its validation loss; infinite where none tells."""
        self._kept: dict[str, Tensor] = {}
        """What the model had learned by then, by name; empty where the last round counts."""

    def result(self) -> tuple[Factors, dict[str, TypeParameters]]:
        """The vectors (N × D) of all modalities and what each type adds to them, of the best round.

        They then learn from the validation part, once: so it is as known as the rest when they are asked for.
        """
        for name, learned in self._kept.items():
            self._model.learned()[name].copy_(learned)
        if self._problem.keeps_own and self._num_asked and self.best_round:
            self._take_kept()
        return self._model.factors(), self._model.types()

    def run(self, on_round: Callable[[Round], None] = lambda _: None, checkpoints: Checkpoints | None = None) -> list[Round]:
        """Run rounds until the validation loss has not fallen for long enough, or their number is reached.

        Parameters
        ----------
        on_round
            Is told of every round as it ends, the start (number 0) and those before a checkpoint included.
        checkpoints
            Where to go on from, and where to leave others.

        Raises
        ------
        TrainingDivergedError
            If a loss is no longer finite; on all workers alike.
        """
        state = checkpoints.newest() if checkpoints else None
        history = [self.round(0)] if state is None else self._go_on(state)
        for done in history:
            on_round(done)
        while len(history) <= self._most_rounds and len(history) - 1 - self.best_round < self._parameters.patience:
            history.append(self.round(len(history)))
            on_round(history[-1])
            if checkpoints:
                checkpoints.offer(lambda: self._state(history))
        return history

    def round(self, number: int) -> Round:
        """Do the next round, or, as number 0, only look at the start.

        Raises
        ------
        TrainingDivergedError
            If a loss is no longer finite; on all workers alike.
        """
        clock = time.perf_counter()
        losses = self._epoch() if number else self._popularity_losses()
        if not np.isfinite(list(losses.values())).all():
            raise diverged("the loss", number)
        validation = {}
        if self._num_asked:
            factors, types = self._model.factors(), self._model.types()
            measured = self._threads.map(lambda label: self._validations[label].loss(factors, types[label]), self._terms)
            validation = {label: loss for label, loss in zip(self._terms, measured, strict=True) if loss is not None}
        watched = self.watched(validation)
        if not self._is_told:
            self.best_round = number
        elif watched < self.best:
            self.best, self.best_round = watched, number
            self._kept = {name: tensor.clone() for name, tensor in self._model.learned().items()}
        weighted = {label: self._terms[label].weight * loss for label, loss in losses.items()}
        return Round(number, Losses(weighted, {}, 0.0), validation, float(number > 0), 0.0, {}, time.perf_counter() - clock)

    def _state(self, history: list[Round]) -> State:
        """What moves, of which all workers hold the same and the first tells; and the state of what draws for this one."""
        squares, learned = self._steps.squares() if self._peers.number == 0 else {}, self._model.learned()
        arrays = {f"learned/{name}": learned[name].cpu().numpy() for name in squares}
        arrays |= {f"squares/{name}": tensor.cpu().numpy() for name, tensor in squares.items()}
        arrays |= {f"kept/{name}": self._kept[name].cpu().numpy() for name in squares if name in self._kept}
        arrays[self._draws_name] = self._steps.draws.get_state().numpy()
        numbers = {"bestRound": self.best_round, "best": self.best, "random": self._random.bit_generator.state}
        return State(arrays, numbers, history)

    def _go_on(self, state: State) -> list[Round]:
        learned, squares, kept = (state.part(kind) for kind in ("learned", "squares", "kept"))
        for name, tensor in self._model.learned().items():
            tensor.copy_(torch.from_numpy(learned[name]))
        for name, tensor in self._steps.squares().items():
            tensor.copy_(torch.from_numpy(squares[name]))
        if self._draws_name in state.arrays:  # of more workers than there were some have drawn nothing yet
            self._steps.draws.set_state(torch.from_numpy(state.arrays[self._draws_name]))
        self._random.bit_generator.state = state.numbers["random"]
        self.best_round, self.best = state.numbers["bestRound"], state.numbers["best"]
        self._kept = {name: torch.from_numpy(array).to(self._kernels.device) for name, array in kept.items()}
        return list(state.history)

    @property
    def _draws_name(self) -> str:
        """Each worker draws for the batches that it takes; that a label is in the name is of the checkpoints' format."""
        return f"draws/{min(self._problem.labels)}/{self._peers.number}"

    def watched(self, validation: Mapping[str, float]) -> float:
        """What training stops by: the mean of the types' validation losses, values in units of their variance."""
        scales = {label: self._steps.variance(label) if self._terms[label].loss == "squared" else 1.0 for label in validation}
        return float(np.mean([loss / scales[label] for label, loss in validation.items()])) if validation else np.inf

    def _popularity_losses(self) -> dict[str, float]:
        """What the model loses before it has learned: it knows how often each entity stands where, or the mean of the values."""
        losses = {}
        for label, term in self._terms.items():
            if term.loss == "squared":
                losses[label] = (
                    0.5 * float(np.mean(np.square(term.hyperedges.values_E, dtype=np.float64))) / self._steps.variance(label)
                )
                continue
            slots = []
            for position, rows_E in enumerate(term.hyperedges.members_EK.T):
                bias_N = self._model.biases[label, position].double()
                slots.append(float((torch.logsumexp(bias_N, 0) - bias_N[torch.from_numpy(rows_E.copy())]).mean()))
            losses[label] = float(np.mean(slots))
        return losses

    def _epoch(self) -> dict[str, float]:
        """Take every hyperedge once; give the mean loss of a question per hyperedge type."""
        counts = {label: term.hyperedges.num_hyperedges for label, term in self._terms.items()}
        batches = [(label, numbers_B) for label, count in counts.items() for numbers_B in self._in_batches(label, count)]
        sums = self._take(batches)
        total = self._exchange.total(torch.stack(list(sums.values())).cpu().numpy())
        asked = {
            label: counts[label] * (len(term.modalities) if term.loss == "likelihood" else 1) for label, term in self._terms.items()
        }
        return {label: float(loss) / asked[label] for label, loss in zip(self._terms, total, strict=True)}

    def _take_kept(self) -> None:
        """Take every hyperedge of the validation part once."""
        self._model.cover(self._problem, kept=True)
        batches = [
            (label, term.hyperedges.num_hyperedges + numbers_B)
            for label, term in self._terms.items()
            for numbers_B in self._in_batches(label, term.held_out.num_hyperedges)
        ]
        self._take(batches)

    def _in_batches(self, label: str, count: int) -> list[npt.NDArray[np.int64]]:
        """So many numbers from 0, in random order, in batches as large as those of a round of the type."""
        all_of_them = self._terms[label].hyperedges.num_hyperedges
        batches = num_batches(all_of_them, self._parameters.batch_size, self._peers.count)
        return np.array_split(self._random.permutation(count), -(-batches * count // all_of_them)) if count else []

    def _take(self, batches: Batches) -> dict[str, Tensor]:
        """Take batches in random order; give the losses of each type, added up, of those that this worker has taken."""
        none = torch.zeros((), dtype=torch.float64, device=self._kernels.device)
        sums = dict.fromkeys(self._terms, none)
        its = self._random.permutation(len(batches))[self._peers.number :: self._peers.count]
        self._merged.begin()
        for before_a_merge in np.array_split(its, num_merges(len(batches), self._peers.count)):
            for number in before_a_merge:
                label, numbers_B = batches[number]
                sums[label] = sums[label] + self._steps.step(self._terms[label], torch.from_numpy(numbers_B))
            self._merged.merge()
        return sums
