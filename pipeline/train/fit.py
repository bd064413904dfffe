"""Training in one process, without a process group: a pure function of hypergraph and parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from pipeline.domain.device import Device
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.domain.type_parameters import TypeParameters
from pipeline.errors import ConfigurationError
from pipeline.train.kernels.hardware import kernels_of
from pipeline.train.least_squares import learn
from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem, build_problem, cubic_norms_of, update_of
from pipeline.train.result.checkpoint import Checkpoints
from pipeline.train.result.health import findings
from pipeline.train.result.round import Round
from pipeline.train.result.scaling import fill_zero_rows
from pipeline.train.sharing.exchange import Alone
from pipeline.train.sharing.threads import one_kernel_thread
from pipeline.train.station import Station
from pipeline.train.stochastic.cross_validation import settings_to_try
from pipeline.train.stochastic.ensemble import Learned, as_one, components_of, settings_of
from pipeline.train.stochastic.epochs import Epochs
from pipeline.train.stochastic.joined_types import join_types


@dataclass(frozen=True)
class Fit:
    """What training yields.

    Attributes
    ----------
    factors
        A (N × D, float32) per modality label; no row is zero.
    history
        What every round did, the start first; where several norms were tried, of the training that counts; of several models of
        the first.
    seconds
        What the rounds took, those of all trainings.
    num_untied
        Per modality, entities without any hyperedge, even by way of relations; they have nearly their modality's mean vector.
    weights
        Per hyperedge type, λ and w as they were used; and, where hidden values told, the ``share`` of what vectors say of values
        that is believed.
    types
        Per hyperedge type that was learned from, what it adds to its members' vectors.
    best_round
        Number of the round whose factors these are.
    findings
        What is wrong with the factors, a sentence each; mostly empty.
    device
        What it was computed on: ``cpu`` or ``cuda``.
    hardware
        What a person calls that: ``CPU``, or the name of the GPU.
    update
        Which update trained.
    cubic_norm
        The weight of the norm in force, where the stochastic update trained; else None.
    """

    factors: Factors
    history: list[Round]
    seconds: float
    num_untied: dict[str, int]
    weights: dict[str, dict[str, float]]
    types: dict[str, TypeParameters]
    best_round: int
    findings: list[str]
    device: str
    hardware: str
    update: UpdateName
    cubic_norm: float | None

    def predict(self, label: str, edges: HyperedgeList) -> npt.NDArray[np.float64]:
        """Predict the values of hyperedges of a type (E), whatever theirs are."""
        return self._type(label).values(self.factors, edges.members_EK)

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
        return self._type(label).slot_scores(self.factors, members_QK, position)

    def _type(self, label: str) -> TypeParameters:
        if label not in self.types:
            raise ConfigurationError(
                f"nothing is known of hyperedge type {label}", hint=f"known are {', '.join(self.types) or 'none'}"
            )
        return self.types[label]


def fit(
    hypergraph: Hypergraph,
    parameters: TrainingParameters,
    *,
    held_out: Mapping[str, HyperedgeList] | None = None,
    former: Factors | None = None,
    threads: int | None = None,
    device: Device = Device.AUTO,
    checkpoints: Checkpoints | None = None,
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
    held_out
        A validation part by hyperedge type, which the hypergraph does not hold; drawn of its hyperedges where it is None.
    former
        Vectors of a former run (N × D per modality label), zero for entities that it does not have: the stochastic update starts
        towards them, unless they are of another length. Least squares start as ever.
    threads
        Cores to use; all that torch would use where left out. The result is the same for any number.
    device
        What to compute on; a GPU gives what the CPU does but for rounding.
    checkpoints
        Where to go on from, and where to leave others; what is given besides must be what it was.
    on_round
        Is told of every round as it ends, the start (number 0) included; where several norms are tried, or several models
        trained, of one training after the other.
    progress
        Shows that it goes on.

    Raises
    ------
    ConfigurationError
        If the parameters do not fit the hypergraph, or there is no such device.
    TrainingDivergedError
        If a factor or the objective is no longer finite.
    """
    kernels = kernels_of(device)
    problem = build_problem(hypergraph, parameters, held_out)
    station = Station(problem.labels, Alone(), kernels, kernels.host_threads(threads or torch.get_num_threads()))
    others = parameters.num_models(update_of((term.loss for term in problem.terms), parameters)) - 1
    total = parameters.rounds * (len(cubic_norms_of(problem.terms, parameters)) + others)
    with progress(f"Training rounds on {kernels.hardware}", total=total) as advance:

        def tell(done: Round) -> None:
            on_round(done)
            advance(min(done.number, 1))

        return fit_share(problem, parameters, station, former=former, checkpoints=checkpoints, on_round=tell)


def fit_share(
    problem: Problem,
    parameters: TrainingParameters,
    station: Station,
    *,
    former: Factors | None = None,
    checkpoints: Checkpoints | None = None,
    on_round: Callable[[Round], None] = lambda _: None,
) -> Fit:
    """Do one worker's part of `fit`; every worker returns the whole, the same."""
    update = update_of((term.loss for term in problem.terms), parameters)
    cubic_norm, shares = None, {}
    if update == "stochastic":
        if former and any(matrix_ND.shape[1] != parameters.components(update) for matrix_ND in former.values()):
            former = None
        trained = _stochastic(problem, parameters, station, former, checkpoints, on_round)
        factors, types = as_one([each.result for each in trained.models])
        first, seconds = trained.models[0], trained.seconds
        history, best_round, cubic_norm = first.history, first.best_round, first.cubic_norm
    else:
        squares = learn(problem, parameters, station, on_round, checkpoints)
        problem, factors, types, shares = squares.problem, squares.factors, squares.types, squares.shares
        history, best_round, seconds = squares.history, squares.best_round, squares.seconds
    found = findings(problem, factors, shares)
    filled, num_zero = fill_zero_rows(factors)
    name, hardware = station.kernels.name, station.kernels.hardware
    weights = {label: {**own, **({"share": shares[label]} if label in shares else {})} for label, own in problem.weights().items()}
    return Fit(filled, history, seconds, num_zero, weights, types, best_round, found, name, hardware, update, cubic_norm)


class _Trained(NamedTuple):
    """What one training by the stochastic update came to."""

    loss: float
    result: Learned
    history: list[Round]
    best_round: int
    cubic_norm: float


class _Ensemble(NamedTuple):
    """The models that count, and the seconds of all that were trained."""

    models: list[_Trained]
    seconds: float


def _stochastic(
    problem: Problem,
    parameters: TrainingParameters,
    station: Station,
    former: Factors | None,
    checkpoints: Checkpoints | None,
    on_round: Callable[[Round], None],
) -> _Ensemble:
    """Train one model after the other; the first with each norm, where that is left to the data, and the others with its best."""
    num_models = parameters.num_models("stochastic")
    joined = join_types(problem)
    problem = joined.problem
    with one_kernel_thread(station.threads) as pool:

        def begin(part: Problem, settings: TrainingParameters, towards: Factors | None = None) -> Epochs:
            return Epochs(part, settings, station.exchange, station.kernels, pool, towards)

        def trained(settings: TrainingParameters, model: int, folder: str | None) -> _Trained:
            (norm,) = cubic_norms_of(problem.terms, settings)
            epochs = begin(problem, settings, former and components_of(former, model, num_models))
            history = epochs.run(on_round, checkpoints.of(folder) if checkpoints and folder else checkpoints)
            return _Trained(epochs.best, joined.apart(epochs.result()), history, epochs.best_round, norm)

        several = settings_to_try(problem, settings_of(parameters, 0), begin)
        tried = [trained(each, 0, f"norm-{each.cubic_norm:g}" if len(several) > 1 else None) for each in several]
        best = min(range(len(tried)), key=lambda number: tried[number].loss)
        others = [
            trained(replace(several[best], seed=settings_of(parameters, number).seed), number, f"model-{number}")
            for number in range(1, num_models)
        ]
    return _Ensemble([tried[best], *others], sum(done.seconds for each in (*tried, *others) for done in each.history))
