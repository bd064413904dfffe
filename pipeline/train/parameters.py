"""What a training run can be told: one frozen record, which goes to the workers as plain JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from pipeline.errors import ConfigurationError

GraphScaling = Literal["absolute", "degree"]


@dataclass(frozen=True)
class TrainingParameters:
    """Settings of a training run.

    Attributes
    ----------
    embedding_dim
        R, the length of every vector (the CP rank).
    rounds
        Most rounds; each updates all modalities once.
    tolerance
        Stop when a round lowers the objective by less than this part of it; 0 runs all rounds.
    seed
        Of the random start.
    absent_weights
        w by hyperedge type: the weight of an absent cell against an observed one, from 0 (measured values only) to 1 (the full
        norm, as the paper prints it). A type that is not named gets ``absent_scale`` · num_hyperedges / num_cells, at most 1.
    absent_scale
        Factor of that default; 1 lets all absent cells together weigh as much as the observed ones.
    absent_popularity
        α: an absent cell weighs w Π_k q_k, with q of a member ∝ (its number of hyperedges of the type)^α and mean 1 over its
        modality. What is unknown is not absent: an entity without any hyperedge of the type has q = 0, and the type says nothing
        of it; and that two popular members do not meet says more than that two rare ones do not (He et al. 2016, for matrices).
        None gives every absent cell the same weight, as the paper prints it.
    type_balance
        How far the number of hyperedges of a type is divided out of its weight: λ_t is multiplied by (mean E / E_t)^type_balance
        and then all by one factor that keeps Σ λ_t E_t / Σ E_t the mean weight. 0: every hyperedge weighs the same, the formula as
        printed; 1: every type weighs the same.
    graph_weight
        Factor of all graph weights μ; 0 leaves the graphs out.
    graph_scaling
        Unit of μ. ``absolute``: as the formula stands. ``degree``: μ is multiplied by the modality's mean weighted number of
        hyperedges per entity, so that μ = 1 lets the graph pull on an average entity about as hard as its hyperedges do,
        whatever the size of the data.
    ridge
        ρ, the weight of the squared norm of all factors.
    cg_iterations, cg_tolerance
        A modality's linear system is solved by at most so many steps of conjugate gradients, or until the residual is that small
        a part of what it was.
    acceleration
        Whether a round's step is combined with the one before (nonlinear conjugate gradients).
    """

    embedding_dim: int = 32
    rounds: int = 10
    tolerance: float = 1e-4
    seed: int = 0
    absent_weights: Mapping[str, float] = field(default_factory=dict)
    absent_scale: float = 1.0
    absent_popularity: float | None = 0.5
    type_balance: float = 0.0
    graph_weight: float = 1.0
    graph_scaling: GraphScaling = "degree"
    ridge: float = 0.02
    cg_iterations: int = 6
    cg_tolerance: float = 0.01
    acceleration: bool = True

    def __post_init__(self) -> None:
        for name in ("embedding_dim", "rounds", "cg_iterations"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}, at least 1 is needed")
        for name in ("tolerance", "absent_scale", "type_balance", "graph_weight", "ridge", "cg_tolerance"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ConfigurationError(f"{name} is {getattr(self, name)}, a finite number from 0 on is needed")
        if self.absent_popularity is not None and not 0 <= self.absent_popularity <= 1:
            raise ConfigurationError(f"absent_popularity is {self.absent_popularity}, a number from 0 to 1 or None is needed")
        for label, weight in self.absent_weights.items():
            if not 0 <= weight <= 1:
                raise ConfigurationError(f"absent_weights: {label} has {weight}, a number from 0 to 1 is needed")
        if self.graph_scaling not in get_args(GraphScaling):
            raise ConfigurationError(
                f"graph_scaling is {self.graph_scaling!r}", hint=f"choose one of {', '.join(get_args(GraphScaling))}"
            )

    def to_json(self) -> dict[str, Any]:
        """The settings as plain dictionaries, strings and numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "TrainingParameters":
        """The settings that `to_json` gave."""
        return cls(**data)
