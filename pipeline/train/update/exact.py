"""The exact update: every modality's least squares problem is solved, and the solutions are taken as one joint step.

1. Every worker solves the normal equations of its modalities by preconditioned conjugate gradients: z_θ, a step along which the
   objective falls.
2. The steps are combined with the round before's: s = z + β s_before, β ≥ 0 by Polak and Ribière over all modalities together.
3. All take the length α ≥ 0 along the exchanged steps at which the objective, a polynomial in α, is least.

Steps 2 and 3 make of the update that takes all modalities at once, which may overshoot, a nonlinear conjugate gradient method
preconditioned by it (De Sterck & Winlaw 2015, for alternating least squares): the objective never rises. Shapes: N entities, D
columns of a modality's matrix.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.layout import Matrices
from pipeline.train.problem.problem import TypePosition
from pipeline.train.sharing.exchange import Exchange
from pipeline.train.sharing.threads import Threads
from pipeline.train.tensor.line_search import Line
from pipeline.train.update.divergence import diverged
from pipeline.train.update.modality_problem import ModalityProblem
from pipeline.train.update.normal_equations import NormalEquations
from pipeline.train.update.update import Proposal

_LONGEST = 4.0
"""The joint step is searched as far as so many times itself."""


@dataclass(frozen=True)
class Solution:
    """What a solve found.

    Attributes
    ----------
    step_ND
        The solution minus the matrix it started from.
    residual_ND
        The residual there at the start: −½ of the objective's gradient.
    iterations
        Steps of conjugate gradients taken.
    """

    step_ND: Tensor
    residual_ND: Tensor
    iterations: int


def solve(equations: NormalEquations, residual_ND: Tensor, iterations: int, tolerance: float) -> Solution:
    """Solve by preconditioned conjugate gradients from the present matrix; directly where one small matrix is all there is.

    Where the numbers are no longer finite, neither is the step. Any number of iterations gives a direction in which the objective
    falls. Dot products are taken over all entities at once, in float64.

    Parameters
    ----------
    equations
        The system.
    residual_ND
        Right side minus left side at the present matrix (N × D): `NormalEquations.residual`, where the right side is the data's.
    iterations
        Most steps.
    tolerance
        Stop when the residual's preconditioned norm is this part of what it was.
    """
    inverse_DD = equations.inverse()
    if inverse_DD is not None:
        return Solution(residual_ND @ inverse_DD, residual_ND, 1)
    precondition = equations.preconditioner()
    if precondition is None or not equations.is_finite(residual_ND):
        return Solution(torch.full_like(residual_ND, math.nan), residual_ND, 0)
    start_ND, residual_ND = residual_ND, residual_ND.clone()
    step_ND, image_ND = torch.zeros_like(residual_ND), torch.empty_like(residual_ND)
    direction_ND = precondition(residual_ND, torch.empty_like(residual_ND))
    energy = first = equations.dot(residual_ND, direction_ND)
    done = 0
    while done < iterations and energy > tolerance**2 * first and energy > 0:
        equations.apply(direction_ND, image_ND)
        curvature = equations.dot(direction_ND, image_ND)
        if curvature <= 0:
            break
        length = energy / curvature
        step_ND.add_(direction_ND, alpha=length)
        residual_ND.sub_(image_ND, alpha=length)
        preconditioned_ND = precondition(residual_ND, image_ND)
        before, energy = energy, equations.dot(residual_ND, preconditioned_ND)
        direction_ND.mul_(energy / before).add_(preconditioned_ND)
        done += 1
    return Solution(step_ND, start_ND, done)


@dataclass(frozen=True)
class _Before:
    """What the next round needs of this one: the joint step of own modalities, their residuals, and zᵀr over all.

    The matrices of a modality are let go as soon as the next round is done with them.
    """

    steps: dict[str, Tensor]
    residuals: dict[str, Tensor]
    energy: float


class ExactUpdate:
    """The exact update of one worker's modalities.

    Parameters
    ----------
    labels
        Labels of all modalities, in order.
    own
        The modalities that this worker updates, dearest first.
    parameters
        Settings.
    exchange
        How it reaches the other workers.
    threads
        What it computes with.
    """

    falls = True

    def __init__(
        self,
        labels: Sequence[str],
        own: Mapping[str, ModalityProblem],
        parameters: TrainingParameters,
        exchange: Exchange,
        threads: Threads,
    ) -> None:
        self._labels = tuple(labels)
        self._modalities = own
        self._parameters = parameters
        self._exchange = exchange
        self._threads = threads
        self._before: _Before | None = None
        self._now: _Before | None = None

    def propose(self, matrices: Matrices, grams: Mapping[TypePosition, Tensor], number: int) -> Proposal:
        """Solve, and combine with the step before."""
        found = self._threads.map(lambda label: self._solve(label, matrices, grams), self._modalities)
        steps = {label: solution.step_ND for label, (solution, _) in zip(self._modalities, found, strict=True)}
        residuals = {label: solution.residual_ND for label, (solution, _) in zip(self._modalities, found, strict=True)}
        sums = {label: own for label, (_, own) in zip(self._modalities, found, strict=True)}
        momentum, energy, iterations = self._momentum(sums, number)
        if momentum and self._before is not None:
            for label, step_ND in steps.items():
                step_ND.add_(self._before.steps.pop(label), alpha=momentum)
        self._before, self._now = None, _Before(steps, residuals, energy)
        return Proposal(steps, momentum, iterations)

    def length(self, line: Line) -> float:
        """Give the α at which the objective is least; no other leaves it as low."""
        return line.best(_LONGEST)

    def taken(self, length: float) -> None:
        """Keep the step for the next round, if it led anywhere."""
        self._before, self._now = self._now if length > 0 else None, None

    def state(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """What the next round needs of the step before."""
        if self._before is None:
            return {}, {}
        steps = {f"step/{label}": self._modalities[label].peers.gather(step_ND) for label, step_ND in self._before.steps.items()}
        residuals = {
            f"residual/{label}": self._modalities[label].peers.gather(residual_ND)
            for label, residual_ND in self._before.residuals.items()
        }
        return steps | residuals, {"energy": self._before.energy}

    def go_on(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]) -> None:
        """Take what `state` gave another one."""
        if not tensors:
            return
        steps, residuals = (
            {label: tensors[f"{kind}/{label}"][modality.peers.rows] for label, modality in self._modalities.items()}
            for kind in ("step", "residual")
        )
        self._before = _Before(steps, residuals, numbers["energy"])

    def _solve(
        self, label: str, matrices: Matrices, grams: Mapping[TypePosition, Tensor]
    ) -> tuple[Solution, npt.NDArray[np.float64]]:
        """Solve for one modality, and give its `_sums`."""
        equations = NormalEquations(self._modalities[label], matrices, grams)
        solution = solve(equations, equations.residual(), self._parameters.cg_iterations, self._parameters.cg_tolerance)
        return solution, self._sums(label, solution)

    def _momentum(self, own: Mapping[str, npt.NDArray[np.float64]], number: int) -> tuple[float, float, dict[str, int]]:
        """Give β, zᵀr and the numbers of iterations, over all modalities."""
        sums = np.array([own.get(label, np.zeros(4)) for label in self._labels])
        sums = self._exchange.total(sums.ravel()).reshape(sums.shape)
        for label, four in zip(self._labels, sums, strict=True):
            if not math.isfinite(four[0]):
                raise diverged(f"the step of {label}", number)
        energy, overlap, slope = sums[:, :3].sum(axis=0)
        momentum = 0.0
        if self._before is not None and self._before.energy > 0:
            momentum = max(0.0, float(energy - overlap) / self._before.energy)
            if energy + momentum * slope <= 0:
                momentum = 0.0
        return momentum, float(energy), dict(zip(self._labels, sums[:, 3].astype(int).tolist(), strict=True))

    def _sums(self, label: str, solution: Solution) -> npt.NDArray[np.float64]:
        """Give zᵀr, zᵀr_before, s_beforeᵀr and the number of iterations."""
        dot = self._modalities[label].kernels.dot
        energy, overlap, slope = float(dot(solution.step_ND, solution.residual_ND)), 0.0, 0.0
        if self._before is not None:
            overlap = float(dot(solution.step_ND, self._before.residuals.pop(label)))
            slope = float(dot(self._before.steps[label], solution.residual_ND))
        is_first = self._modalities[label].peers.number == 0  # of those who count the same iterations
        return np.array([energy, overlap, slope, solution.iterations * is_first])
