"""Training in one process, without a process group: a pure function of hypergraph and parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.train.exchange import Alone, Exchange
from pipeline.train.parameters import TrainingParameters
from pipeline.train.problem import Problem, build_problem
from pipeline.train.rounds import Round, Rounds
from pipeline.train.scaling import balance_columns, fill_zero_rows
from pipeline.train.start import Factors, checked_start, random_start, untied_entities
from pipeline.train.threads import one_kernel_thread


@dataclass(frozen=True)
class Fit:
    """What training yields.

    Attributes
    ----------
    factors
        A (N × D, float32) per modality label; no row is zero.
    history
        What every round did, the start first.
    num_untied
        Per modality, entities without any hyperedge, even by way of relations; they have their modality's mean vector.
    weights
        Per hyperedge type, λ and w as they were used.
    """

    factors: Factors
    history: list[Round]
    num_untied: dict[str, int]
    weights: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Place:
    """Where one worker stands.

    Attributes
    ----------
    own
        Labels of the modalities that it updates.
    exchange
        How it reaches the others.
    device
        Where it computes.
    threads
        Cores that it uses.
    """

    own: Sequence[str]
    exchange: Exchange
    device: torch.device
    threads: int


def fit(
    hypergraph: Hypergraph,
    parameters: TrainingParameters,
    *,
    start: Mapping[str, npt.NDArray[np.float32]] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    on_round: Callable[[Round], None] = lambda _: None,
    progress: Progress = no_progress,
) -> Fit:
    """Learn a vector per entity.

    Parameters
    ----------
    hypergraph
        Hyperedges and intra-modal graphs.
    parameters
        Settings.
    start
        Factors to start from (N × D per modality label); random where left out.
    device
        Where to compute, as torch names it.
    threads
        Cores to use; all that torch would use where left out. The result is the same for any number.
    on_round
        Is told of every round as it ends, the start (number 0) included.
    progress
        Shows that it goes on.

    Raises
    ------
    ConfigurationError
        If parameters or start do not fit the hypergraph.
    TrainingDivergedError
        If a factor or the objective is no longer finite.
    """
    problem = build_problem(hypergraph, parameters)
    place = Place(problem.labels, Alone(), torch.device(device), threads or torch.get_num_threads())
    with progress("Training rounds", total=parameters.rounds) as advance:

        def tell(done: Round) -> None:
            on_round(done)
            advance(min(done.number, 1))

        return fit_share(problem, parameters, place, start=start, on_round=tell)


def fit_share(
    problem: Problem,
    parameters: TrainingParameters,
    place: Place,
    *,
    start: Mapping[str, npt.NDArray[np.float32]] | None = None,
    on_round: Callable[[Round], None] = lambda _: None,
) -> Fit:
    """Do one worker's part of `fit`; every worker returns the whole, the same."""
    if start is None:
        factors = random_start(problem, parameters.embedding_dim, parameters.seed)
    else:
        factors = checked_start(problem, start, parameters.embedding_dim)
    for label, untied_N in untied_entities(problem).items():
        factors[label][untied_N] = 0
    with one_kernel_thread(place.threads) as pool:
        rounds = Rounds(problem, place.own, factors, parameters, place.exchange, place.device, pool)
        history = rounds.run(on_round)
        trained = rounds.factors()
    filled, num_zero = fill_zero_rows(balance_columns(problem, trained))
    return Fit(filled, history, num_zero, problem.weights())
