"""What every update is to the rounds: it proposes a joint step, and says how far to go along it. Shapes: N entities, D columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from pipeline.train.problem.layout import Matrices
from pipeline.train.problem.problem import TypePosition
from pipeline.train.tensor.line_search import Line


@dataclass(frozen=True)
class Proposal:
    """What a worker would change.

    Attributes
    ----------
    steps
        A step (N × D) per own modality.
    momentum
        The part of the step before that went into it.
    iterations
        Steps of the inner solver, per modality of all workers.
    """

    steps: Mapping[str, Tensor]
    momentum: float
    iterations: Mapping[str, int]


class Update(Protocol):
    """One way to improve the factors and offsets, as one worker runs it for its own modalities."""

    falls: bool
    """Whether no round raises the objective."""

    def propose(self, matrices: Matrices, grams: Mapping[TypePosition, Tensor], number: int) -> Proposal:
        """Give the own modalities' steps from what was last exchanged; ``number`` is the round's."""
        ...

    def length(self, line: Line) -> float:
        """Choose how far all go along the joint step, the same on every worker."""
        ...

    def taken(self, length: float) -> None:
        """Hear how far it was."""
        ...

    def state(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """What it needs of the rounds so far: tensors and numbers by name."""
        ...

    def go_on(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]) -> None:
        """Take what `state` gave another one."""
        ...
