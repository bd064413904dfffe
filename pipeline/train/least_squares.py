"""Least squares, as one worker runs them: the start, with which ridge and for how many rounds, and what is learned in the end.

What is left to the data is told by values that training does not see: a part that is kept, or, of few values, each of them once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.few_values import cross_validated
from pipeline.train.problem.folds import folds
from pipeline.train.problem.layout import Factors, Layout
from pipeline.train.problem.problem import Problem, TypePosition
from pipeline.train.result.checkpoint import Checkpoints
from pipeline.train.result.hidden_values import RIDGES, Asking, Told, heaviest_as_good, lighter_while_better
from pipeline.train.result.least_squares_types import believed, least_squares_types
from pipeline.train.result.round import Round
from pipeline.train.result.scaling import balance_columns
from pipeline.train.rounds import Rounds
from pipeline.train.sharing.exchange import Alone
from pipeline.train.sharing.threads import one_kernel_thread
from pipeline.train.start.start import random_start, side_by_side, starting_offsets, untied_entities
from pipeline.train.start.svd import singular_vectors, weighed
from pipeline.train.station import Station


class LeastSquares(NamedTuple):
    """What least squares come to.

    Attributes
    ----------
    problem
        What was learned in the end, with the ridge in force.
    factors
        A (N × D) per modality label; columns are evened out.
    types
        Per hyperedge type, what it adds to them.
    history, best_round
        Of the training that told for how many rounds; of few values, of the one that followed.
    seconds
        What all trainings took.
    shares
        How much of what vectors say of values is believed, by hyperedge type, where hidden values told.
    """

    problem: Problem
    factors: Factors
    types: dict[str, TypeParameters]
    history: list[Round]
    best_round: int
    seconds: float
    shares: dict[str, float]


class _Trained(NamedTuple):
    """One training: the best round's matrices, what every round did, and the best one's number."""

    matrices: Factors
    history: list[Round]
    best_round: int


def learn(
    problem: Problem,
    parameters: TrainingParameters,
    station: Station,
    on_round: Callable[[Round], None] = lambda _: None,
    checkpoints: Checkpoints | None = None,
) -> LeastSquares:
    """Train, and learn from everything in the end; every worker returns the whole, the same.

    Parameters
    ----------
    problem, parameters, station, on_round, checkpoints
        As `fit_share` has them; the update is exact or recurrent.
    """
    clock = time.perf_counter()
    layout = Layout(problem, parameters.components("exact"))
    is_exact_of_values = parameters.update != "recurrent" and bool(problem.terms) and problem.has_only_values
    ridges = RIDGES if is_exact_of_values and parameters.ridge == "auto" else (1.0,)
    told = None
    if problem.num_held_out:
        told, problem, trained = _by_what_is_kept(problem, layout, parameters, station, ridges, on_round, checkpoints)
    else:
        if is_exact_of_values and problem.keeps_own and parameters.validation:
            told = _by_cross_validation(problem, layout, parameters, station, ridges)
            problem, parameters = problem.with_ridge(told.ridge), replace(parameters, rounds=told.rounds)
        trained = _train(problem, layout, parameters, station, on_round, checkpoints)
    types, shares = least_squares_types(problem, layout, trained.matrices), {}
    if told:
        shares = {term.label: 0.0 for term in problem.terms if term.absent_weight == 0} | told.shares()
        types = believed(types, problem, shares)
    factors = {label: np.ascontiguousarray(matrix[:, : layout.embedding_dim]) for label, matrix in trained.matrices.items()}
    seconds = time.perf_counter() - clock
    return LeastSquares(problem, balance_columns(problem, factors), types, trained.history, trained.best_round, seconds, shares)


def _by_cross_validation(
    problem: Problem, layout: Layout, parameters: TrainingParameters, station: Station, ridges: tuple[float, ...]
) -> Told:
    """What all values say, each hidden once; each worker asks them by itself, since they are few, and the first counts."""
    alone = replace(station, own=problem.labels, exchange=Alone())
    parts = [(part, Asking(part, layout)) for part in folds(problem, parameters.seed)]
    with one_kernel_thread(station.threads) as pool:

        def begin(part: Problem) -> Rounds:
            start = starting_matrices(part, layout, parameters, alone)
            return Rounds(part, alone.own, start, parameters, alone.exchange, alone.kernels, pool)

        def told(ridge: float) -> Told:
            return cross_validated(parts, parameters, ridge, begin).of_the_first(station.exchange)

        return heaviest_as_good(lighter_while_better(told, ridges))


def _by_what_is_kept(
    problem: Problem,
    layout: Layout,
    parameters: TrainingParameters,
    station: Station,
    ridges: tuple[float, ...],
    on_round: Callable[[Round], None],
    checkpoints: Checkpoints | None,
) -> tuple[Told, Problem, _Trained]:
    """Train with one ridge after the other, as long as that helps, and anew with the best: from what was kept as well."""
    asking = Asking(problem, layout)
    trained: dict[float, _Trained] = {}

    def told(ridge: float) -> Told:
        folder = checkpoints.of(f"ridge-{ridge:g}") if checkpoints and len(ridges) > 1 else checkpoints
        for before in trained.values():
            before.matrices.clear()  # only the last one's may be wanted, and they are large
        trained[ridge] = _train(problem.with_ridge(ridge), layout, parameters, station, on_round, folder)
        return asking.told(trained[ridge].matrices, ridge, trained[ridge].best_round).of_the_first(station.exchange)

    found = heaviest_as_good(lighter_while_better(told, ridges))
    best, problem = trained[found.ridge], problem.with_ridge(found.ridge)
    if not best.matrices or (problem.keeps_own and best.best_round):
        problem = problem.with_nothing_held_out() if problem.keeps_own else problem
        anew = checkpoints.of("anew") if checkpoints else None
        again = _train(problem, layout, replace(parameters, rounds=max(1, best.best_round)), station, checkpoints=anew)
        best = best._replace(matrices=again.matrices)
    return found, problem, best


def _train(
    problem: Problem,
    layout: Layout,
    parameters: TrainingParameters,
    station: Station,
    on_round: Callable[[Round], None] = lambda _: None,
    checkpoints: Checkpoints | None = None,
) -> _Trained:
    """Run the rounds."""
    with one_kernel_thread(station.threads) as pool:
        matrices = starting_matrices(problem, layout, parameters, station)
        rounds = Rounds(problem, station.own, matrices, parameters, station.exchange, station.kernels, pool)
        history = rounds.run(on_round, checkpoints)
        best = rounds.best_round
        return _Trained(rounds.matrices(), history, history[-1].number if best is None else best)


def starting_matrices(problem: Problem, layout: Layout, parameters: TrainingParameters, station: Station) -> Factors:
    """Give what the rounds start from, the same on every worker."""
    offsets = starting_offsets(problem)
    if parameters.start == "random":
        factors = random_start(problem, layout.embedding_dim, parameters.seed)
    else:
        factors = _svd_start(problem, layout, offsets, parameters, station)
    for label, untied_N in untied_entities(problem).items():
        factors[label][untied_N] = 0
    return side_by_side(layout, factors, offsets)


def _svd_start(
    problem: Problem,
    layout: Layout,
    offsets: Mapping[TypePosition, npt.NDArray[np.float32]],
    parameters: TrainingParameters,
    station: Station,
) -> Factors:
    """Decompose the own modalities' unfoldings, get those of all, and weigh the components."""
    found = {label: singular_vectors(problem, label, offsets, layout.embedding_dim, parameters.seed) for label in station.own}
    blank = {label: np.zeros((count, layout.embedding_dim), np.float32) for label, count in problem.num_entities.items()}
    own = side_by_side(layout, blank | found, offsets)
    rows = {label: station.exchange.peers(label).rows for label in station.own}
    shared = station.exchange.share(
        {label: torch.from_numpy(own[label][rows[label]]).to(station.kernels.device) for label in station.own}
    )
    vectors = {label: shared[label][:, : layout.embedding_dim].cpu().numpy() for label in problem.labels}
    return weighed(problem, vectors, offsets)
