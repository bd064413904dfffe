"""When rounds end and which of them counts, with an update that goes up and down as it is told."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import TrainingDivergedError
from pipeline.train import rounds
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.problem.layout import Matrices
from pipeline.train.problem.problem import TypePosition, build_problem
from pipeline.train.sharing.exchange import Alone
from pipeline.train.sharing.threads import Threads
from pipeline.train.tensor.line_search import Line
from pipeline.train.update.update import Proposal
from tests.unit.train.hypergraphs import coupled


class Scripted:
    """All factors become so many times what they were at the start, round by round."""

    falls = False

    def __init__(self, sizes: Sequence[float], start: Matrices) -> None:
        self._sizes = sizes
        self._start = {label: matrix.clone() for label, matrix in start.items()}

    def propose(self, matrices: Matrices, grams: Mapping[TypePosition, Tensor], number: int) -> Proposal:
        size = self._sizes[number - 1]
        return Proposal({label: size * self._start[label] - matrix for label, matrix in matrices.items()}, 0.0, {})

    def length(self, line: Line) -> float:
        return 1.0

    def taken(self, length: float) -> None:
        pass


def scripted(
    sizes: Sequence[float], patience: int, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> tuple[rounds.Rounds, list[rounds.Round], dict[str, np.ndarray]]:
    """Run such rounds from factors so large that the objective falls with them."""
    monkeypatch.setattr(rounds, "RecurrentUpdate", lambda problem, own, start, parameters, threads: Scripted(sizes, start))
    parameters = TrainingParameters(update="recurrent", embedding_dim=3, rounds=len(sizes), patience=patience, ridge=1.0)
    problem = build_problem(coupled(3, presence=True), parameters)
    start = {label: np.full((count, 3), 10, np.float32) for label, count in problem.num_entities.items()}
    given = {label: matrix.copy() for label, matrix in start.items()}
    run = rounds.Rounds(problem, problem.labels, start, parameters, Alone(), CompiledKernels(), threads)
    return run, run.run(), given


def test_the_best_round_is_kept_where_the_objective_rises_again(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    run, history, start = scripted([0.9, 0.5, 0.8, 0.7, 0.9], 50, threads, monkeypatch)
    totals = [done.losses.total for done in history]
    assert run.best_round == 2
    assert totals[2] == min(totals) < totals[4] < totals[0]
    assert len(totals) == 6
    for label, matrix in run.matrices().items():
        np.testing.assert_allclose(matrix, 0.5 * start[label], rtol=1e-6)


def test_rounds_end_when_none_was_better_for_so_long(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    run, history, _ = scripted([0.9, 0.5, 0.8, 0.7, 0.6, 0.4], 3, threads, monkeypatch)
    assert (run.best_round, len(history) - 1) == (2, 5)


def test_an_objective_a_hundred_times_the_starts_is_named(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrainingDivergedError, match=r"rose from .* in round 2"):
        scripted([1.1, 20.0, 1.0], 50, threads, monkeypatch)
