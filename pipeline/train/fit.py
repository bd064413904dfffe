"""Training in one process, without a process group: a pure function of hypergraph and parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import ConfigurationError
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.layout import Factors, Layout
from pipeline.train.problem.parameters import TrainingParameters
from pipeline.train.problem.problem import Problem, TypePosition, build_problem
from pipeline.train.result.health import findings
from pipeline.train.result.prediction import Offsets, offsets_of, predict, slot_scores
from pipeline.train.result.scaling import balance_columns, fill_zero_rows
from pipeline.train.rounds import Round, Rounds
from pipeline.train.sharing.exchange import Alone, Exchange
from pipeline.train.sharing.threads import one_kernel_thread
from pipeline.train.start.start import random_start, side_by_side, starting_offsets, untied_entities
from pipeline.train.start.svd import singular_vectors, weighed


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
        Per modality, entities without any hyperedge, even by way of relations; they have nearly their modality's mean vector.
    weights
        Per hyperedge type, λ and w as they were used.
    offsets
        Per hyperedge type that has them, the values' mean and the members' offsets.
    best_round
        Number of the round whose factors these are.
    findings
        What is wrong with the factors, a sentence each; mostly empty.
    device
        What it was computed on: ``cpu`` or ``cuda``.
    members
        Per hyperedge type that was learned from, the labels of its members' modalities by position.
    """

    factors: Factors
    history: list[Round]
    num_untied: dict[str, int]
    weights: dict[str, dict[str, float]]
    offsets: dict[str, Offsets]
    best_round: int
    findings: list[str]
    device: str
    members: dict[str, tuple[str, ...]]

    def predict(self, label: str, edges: HyperedgeList) -> npt.NDArray[np.float64]:
        """Predict the values of hyperedges of a type (E), whatever theirs are."""
        return predict(self.factors, self.offsets.get(label), edges)

    def slot_scores(self, label: str, members_QK: npt.NDArray[np.int64], position: int) -> npt.NDArray[np.float32]:
        """Score every entity of a slot's modality (Q × N), given the other members; more is better.

        Parameters
        ----------
        label
            The hyperedge type.
        members_QK
            Rows of the members; what stands in the slot itself does not count.
        position
            The slot.

        Raises
        ------
        ConfigurationError
            If nothing was learned of the type.
        """
        if label not in self.members:
            raise ConfigurationError(
                f"nothing is known of hyperedge type {label}", hint=f"known are {', '.join(self.members) or 'none'}"
            )
        return slot_scores(self.factors, self.offsets.get(label), self.members[label], members_QK, position)


@dataclass(frozen=True)
class Station:
    """Where one worker stands.

    Attributes
    ----------
    own
        Labels of the modalities that it updates.
    exchange
        How it reaches the others.
    kernels
        What it computes with.
    threads
        Cores that it uses.
    """

    own: Sequence[str]
    exchange: Exchange
    kernels: Kernels
    threads: int


def fit(
    hypergraph: Hypergraph,
    parameters: TrainingParameters,
    *,
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
    threads
        Cores to use; all that torch would use where left out. The result is the same for any number.
    on_round
        Is told of every round as it ends, the start (number 0) included.
    progress
        Shows that it goes on.

    Raises
    ------
    ConfigurationError
        If the parameters do not fit the hypergraph.
    TrainingDivergedError
        If a factor or the objective is no longer finite.
    """
    problem = build_problem(hypergraph, parameters)
    station = Station(problem.labels, Alone(), CompiledKernels(), threads or torch.get_num_threads())
    with progress("Training rounds", total=parameters.rounds) as advance:

        def tell(done: Round) -> None:
            on_round(done)
            advance(min(done.number, 1))

        return fit_share(problem, parameters, station, on_round=tell)


def fit_share(
    problem: Problem,
    parameters: TrainingParameters,
    station: Station,
    *,
    on_round: Callable[[Round], None] = lambda _: None,
) -> Fit:
    """Do one worker's part of `fit`; every worker returns the whole, the same."""
    layout = Layout(problem, parameters.embedding_dim)
    with one_kernel_thread(station.threads) as pool:
        matrices = starting_matrices(problem, layout, parameters, station)
        rounds = Rounds(problem, station.own, matrices, parameters, station.exchange, station.kernels, pool)
        history = rounds.run(on_round)
        trained, best_round = rounds.matrices(), rounds.best_round
        del rounds
    factors = {label: np.ascontiguousarray(matrix[:, : parameters.embedding_dim]) for label, matrix in trained.items()}
    filled, num_zero = fill_zero_rows(balance_columns(problem, factors))
    return Fit(
        filled,
        history,
        num_zero,
        problem.weights(),
        offsets_of(problem, layout, trained),
        history[-1].number if best_round is None else best_round,
        findings(problem, factors),
        station.kernels.name,
        {term.label: term.modalities for term in problem.terms},
    )


def starting_matrices(problem: Problem, layout: Layout, parameters: TrainingParameters, station: Station) -> Factors:
    """Give what the rounds start from, the same on every worker."""
    offsets = starting_offsets(problem)
    if parameters.start == "random":
        factors = random_start(problem, parameters.embedding_dim, parameters.seed)
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
    found = {label: singular_vectors(problem, label, offsets, parameters.embedding_dim, parameters.seed) for label in station.own}
    blank = {label: np.zeros((count, parameters.embedding_dim), np.float32) for label, count in problem.num_entities.items()}
    own = side_by_side(layout, blank | found, offsets)
    shared = station.exchange.share({label: torch.from_numpy(own[label]).to(station.kernels.device) for label in station.own})
    vectors = {label: shared[label][:, : parameters.embedding_dim].cpu().numpy() for label in problem.labels}
    return weighed(problem, vectors, offsets)
