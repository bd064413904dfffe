"""What one round of training did."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.train.tensor.line_search import Losses


@dataclass(frozen=True)
class Round:
    """What one round did.

    Attributes
    ----------
    number
        1, 2 …; 0 is the start.
    losses
        The objective's parts after it; of the stochastic update the mean loss of a question per hyperedge type, times its weight.
    validation
        On each hyperedge type's validation part, where there is one: mean squared error, or, of the likelihood, 1 − the mean
        reciprocal rank of the true member.
    step_length
        α; 1 takes the modalities' proposals as they are.
    momentum
        β, the part of the step before that went into this one.
    iterations
        Steps of the inner solver per modality: of conjugate gradients, or of Adam.
    seconds
        How long it took.
    """

    number: int
    losses: Losses
    validation: Mapping[str, float]
    step_length: float
    momentum: float
    iterations: Mapping[str, int]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries, strings and numbers."""
        return {
            "round": self.number,
            "losses": asdict(self.losses) | {"total": self.losses.total},
            "validation": dict(self.validation),
            "stepLength": self.step_length,
            "momentum": self.momentum,
            "iterations": dict(self.iterations),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Round":
        """Read what `to_json` gave."""
        losses = Losses(**{name: part for name, part in data["losses"].items() if name != "total"})
        numbers = data["stepLength"], data["momentum"], data["iterations"], data["seconds"]
        return cls(data["round"], losses, data["validation"], *numbers)
