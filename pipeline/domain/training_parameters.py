"""What a training run can be told: one frozen record, which goes to the workers as plain JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from pipeline.errors import ConfigurationError

GraphScaling = Literal["absolute", "degree"]
UpdateName = Literal["auto", "exact", "recurrent", "stochastic"]
LossName = Literal["likelihood", "squared"]
StartName = Literal["random", "svd"]

_CHOICES = {"update": UpdateName, "start": StartName, "graph_scaling": GraphScaling}

_FROM_ONE = (
    *("rounds", "patience", "cg_iterations", "diffusion_steps", "hidden_dim", "network_steps"),
    *("candidates", "batch_size"),
)
_FROM_ZERO = (
    *("tolerance", "absent_scale", "graph_weight", "ridge_exponent", "offset_ridge", "offset_smoothness"),
    *("cg_tolerance", "chebyshev_order", "learning_rate", "initial_accumulator", "start_size", "centre"),
)
_FROM_ZERO_OR_AUTO = ("ridge", "step_size", "cubic_norm")

_LIKELIHOOD_DIM = 128
_LEAST_SQUARES_DIM = 64
_COMPONENTS = 64
"""A model of an ensemble has at least so many, where nothing else is said."""
_MOST_MODELS = 4


@dataclass(frozen=True)
class TrainingParameters:
    """Settings of a training run.

    Attributes
    ----------
    update
        ``exact``: graph-regularised least squares, all modalities along one joint step. ``recurrent``: the paper's, graph
        convolutions and an LSTM per modality, trained with Adam. ``stochastic``: batches of hyperedges, any loss, Adagrad.
        ``auto``: stochastic where a hyperedge type's loss is the likelihood, else exact.
    losses
        Loss by hyperedge type. ``likelihood``: of a hyperedge that is there, the softmax of each member among all that could
        stand in its place. ``squared``: of a value. A type that is not named gets ``squared`` where its values differ from each
        other, so that they must be measurements, or where the update is not the stochastic one; else ``likelihood``.
    embedding_dim
        R, the length of every vector (the CP rank). ``auto``: 128 of the stochastic update, 64 of the others.
    rounds
        Most rounds; each updates all modalities once, or, of the stochastic update, takes every hyperedge once.
    tolerance
        Stop when a round of the exact update lowers the objective by less than this part of it; 0 runs all rounds.
    validation
        Part of the hyperedges of every type that is kept from training, to stop by; 0 keeps none, for a number of rounds that is
        known. Least squares then learn all anew, for as many rounds as were best, and believe what vectors say of values as far as
        those that were kept bear it out. Of hyperedges that are there or not at most 1,000 of a type are kept, and learned in the
        end. Where that would be fewer than 150 in all (of nothing but measured values 500), the number of rounds is found by
        cross-validation, and all are learned from.
    patience
        Stop after so many rounds without a new best validation loss, or, of the recurrent update without a validation part, a new
        best objective; the best round's factors are kept.
    seed
        Of all that is random: the start, the validation part, the networks.
    start
        ``random``, or ``svd``: leading left singular vectors of each unfolding.
    absent_weights
        w by hyperedge type: the weight of an absent cell against an observed one, from 0 (measured values only) to 1 (the full
        norm, as the paper prints it). A type that is not named gets 0 where its values differ from each other, so that they must
        be measurements; else it tells presence and gets ``absent_scale`` · num_hyperedges / num_cells, at most 1.
    absent_scale
        Factor of that default; 1 lets all absent cells together weigh as much as the observed ones.
    absent_popularity
        α: an absent cell weighs w Π_k q_k, with q of a member ∝ (its number of hyperedges of the type)^α and mean 1 over its
        modality. What is unknown is not absent: an entity without any hyperedge of the type has q = 0, and the type says nothing
        of it; and that two popular members do not meet says more than that two rare ones do not (He et al. 2016, for matrices).
        None gives every absent cell the same weight, as the paper prints it.
    type_weights
        λ by hyperedge type, for that of the data set's description; 0 keeps a type out of training.
    graph_weights
        μ by graph (``Movie-SIMILAR``), for that of the description; 0 leaves a graph out.
    graph_weight
        Factor of all graph weights μ; 0 leaves the graphs out.
    graph_scaling
        Unit of μ. ``absolute``: as the formula stands. ``degree``: μ is multiplied by the modality's mean weighted number of
        hyperedges per entity, so that μ = 1 lets the graph pull on an average entity about as hard as its hyperedges do,
        whatever the size of the data.
    ridge
        ρ, the mean weight of the squared norm of an entity's vector. ``auto``: 0.02; in a modality of which nothing but measured
        values tells 3, in units of what offsets leave of their spread; and, where there is nothing else, 9, 3, 0.9, 0.3 … of these,
        as long as a lighter one tells hidden values better.
    ridge_exponent
        How the ridge grows with an entity's number of hyperedges n: ρ_i ∝ (n + 1)^ridge_exponent, with mean ρ in its modality.
        0: all alike; 1: as Zhou et al. (2008) weigh it.
    offsets
        Whether types of which only measured values count (w = 0) have a mean and an offset per member beside the CP model.
    offset_ridge
        ρ_b, the weight of the squared offsets.
    offset_smoothness
        ν, how far a modality's graphs smooth its offsets: factor of their weights there.
    cg_iterations, cg_tolerance
        A modality's linear system is solved by at most so many steps of conjugate gradients, or until the residual is that small
        a part of what it was.
    chebyshev_order
        q, the highest power of the Laplacian in a graph convolution of the recurrent update.
    diffusion_steps
        T, steps of the recurrent update's LSTM in one pass.
    hidden_dim
        Features of the recurrent update's convolution and of its LSTM's state.
    learning_rate
        Of the recurrent update's Adam.
    network_steps
        Its steps of Adam in a round, between two exchanges.
    ensemble
        How many models the stochastic update trains, one after the other, each of an equal share of the components; their mean is
        served. ``auto``: one for each 64 components, at most 4, as far as that divides them.
    candidates
        Entities that each batch of the stochastic update draws per slot to stand for all that could be there; all of them where
        they are at most twice as many.
    batch_size
        Most hyperedges of a batch; a type with few gives at least 32 batches a round.
    step_size
        Of its Adagrad: how far an entry moves the first time. ``auto``: 0.1, or 0.05 where all that is learned from is pairs that
        are there or not.
    initial_accumulator
        Sum of squared gradients with which its Adagrad begins: entries of which little is asked move little, so that vectors of
        entities with few hyperedges hold no noise.
    start_size
        Standard deviation of the entries of own vectors at the start.
    centre
        Where the members' vectors stand in a product at the start of the stochastic update. 1: a member of which nothing is known
        changes nothing, and any of the others tell what they can; 0: the CP model, in which all members tell together.
    own_dropout
        Part of the own vectors of a modality with a graph that a batch leaves out, so that the neighbours learn to carry: an entity
        without hyperedges has nothing else.
    cubic_norm
        Weight of Σ |v|³ over a hyperedge's members (Lacroix et al. 2018). ``auto``: 0.003; where all that is learned from is
        pairs that are there or not, 0.03 or 0.3, whichever tells the validation part better.
    """

    update: UpdateName = "auto"
    embedding_dim: int | Literal["auto"] = "auto"
    rounds: int = 60
    tolerance: float = 1e-4
    validation: float = 0.05
    patience: int = 8
    seed: int = 0
    start: StartName = "random"
    absent_weights: Mapping[str, float] = field(default_factory=dict)
    absent_scale: float = 1.0
    absent_popularity: float | None = 0.5
    type_weights: Mapping[str, float] = field(default_factory=dict)
    graph_weights: Mapping[str, float] = field(default_factory=dict)
    graph_weight: float = 1.0
    graph_scaling: GraphScaling = "degree"
    ridge: float | Literal["auto"] = "auto"
    ridge_exponent: float = 0.0
    offsets: bool = True
    offset_ridge: float = 3.0
    offset_smoothness: float = 0.0
    cg_iterations: int = 6
    cg_tolerance: float = 0.01
    chebyshev_order: int = 4
    diffusion_steps: int = 10
    hidden_dim: int = 32
    learning_rate: float = 1e-3
    network_steps: int = 10
    losses: Mapping[str, LossName] = field(default_factory=dict)
    ensemble: int | Literal["auto"] = "auto"
    candidates: int = 1024
    batch_size: int = 1024
    step_size: float | Literal["auto"] = "auto"
    initial_accumulator: float = 0.1
    start_size: float = 0.03
    centre: float = 0.7
    own_dropout: float = 0.2
    cubic_norm: float | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        self._check_components()
        for name in _FROM_ONE:
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}, at least 1 is needed")
        for name in (*_FROM_ZERO, *_FROM_ZERO_OR_AUTO):
            value, auto = getattr(self, name), name in _FROM_ZERO_OR_AUTO
            if not (auto and value == "auto") and not 0 <= value < float("inf"):
                raise ConfigurationError(f"{name} is {value}, a finite number from 0 on{' or auto' * auto} is needed")
        for name in ("validation", "own_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}, a part from 0 to below 1 is needed")
        if self.seed < 0:
            raise ConfigurationError(f"seed is {self.seed}, a whole number from 0 on is needed")
        if self.absent_popularity is not None and not 0 <= self.absent_popularity <= 1:
            raise ConfigurationError(f"absent_popularity is {self.absent_popularity}, a number from 0 to 1 or None is needed")
        for name in ("type_weights", "graph_weights", "absent_weights"):
            self._check_weights(name, 1.0 if name == "absent_weights" else None)
        chosen = [*((name, getattr(self, name), choices) for name, choices in _CHOICES.items())]
        chosen += [(f"losses: {label}", loss, LossName) for label, loss in self.losses.items()]
        for name, value, choices in chosen:
            if value not in get_args(choices):
                raise ConfigurationError(f"{name} is {value!r}", hint=f"choose one of {', '.join(get_args(choices))}")

    def _check_components(self) -> None:
        if self.embedding_dim != "auto" and self.embedding_dim < 1:
            raise ConfigurationError(f"embedding_dim is {self.embedding_dim}, at least 1 is needed")
        dim = self.components("stochastic")
        if self.ensemble != "auto" and (self.ensemble < 1 or dim % self.ensemble):
            raise ConfigurationError(f"ensemble is {self.ensemble}, auto or a number that divides embedding_dim, {dim}, is needed")

    def _check_weights(self, name: str, most: float | None) -> None:
        needed = "a finite number from 0 on" if most is None else f"a number from 0 to {most:.0f}"
        for label, weight in getattr(self, name).items():
            if not 0 <= weight < float("inf") or (most is not None and weight > most):
                raise ConfigurationError(f"{name}: {label} has {weight}, {needed} is needed")

    def num_models(self, update: UpdateName) -> int:
        """How many models an update makes vectors of: one, unless it is the stochastic one."""
        if update != "stochastic":
            return 1
        if self.ensemble != "auto":
            return self.ensemble
        dim = self.components(update)
        return next((number for number in range(min(_MOST_MODELS, dim // _COMPONENTS), 1, -1) if dim % number == 0), 1)

    def components(self, update: UpdateName) -> int:
        """R, as an update takes it."""
        if self.embedding_dim != "auto":
            return self.embedding_dim
        return _LIKELIHOOD_DIM if update == "stochastic" else _LEAST_SQUARES_DIM

    def components_of_each(self, update: UpdateName) -> int:
        """How many of them one model has."""
        return self.components(update) // self.num_models(update)

    def to_json(self) -> dict[str, Any]:
        """The settings as plain dictionaries, strings and numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "TrainingParameters":
        """The settings that `to_json` gave."""
        return cls(**data)
