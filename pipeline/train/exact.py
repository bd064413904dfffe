"""The exact update: every modality's least squares problem is solved, and the solutions are taken as one joint step.

1. Every worker solves the normal equations of its modalities by preconditioned conjugate gradients: z_θ, a step along which the
   objective falls.
2. The steps are combined with the round before's: s = z + β s_before, β ≥ 0 by Polak and Ribière over all modalities together.
3. All take the length α ≥ 0 along the exchanged steps at which the objective, a polynomial in α, is least.

Steps 2 and 3 make of the update that takes all modalities at once, which may overshoot, a nonlinear conjugate gradient method
preconditioned by it (De Sterck & Winlaw 2015, for alternating least squares): the objective never rises. With ``nonnegative``,
entries that are zero and would go below stay out of the solve (Bertsekas 1982), the solution is cut off at zero, and α is at most
1, so that every point on the way is allowed; then β = 0. Shapes: N entities, D columns of a modality's matrix.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.train.exchange import Exchange
from pipeline.train.health import diverged
from pipeline.train.layout import Matrices, dot
from pipeline.train.line import Line
from pipeline.train.modality import ModalityProblem
from pipeline.train.normal_equations import NormalEquations
from pipeline.train.parameters import TrainingParameters
from pipeline.train.problem import Place
from pipeline.train.threads import Threads
from pipeline.train.update import Proposal


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


def solve(
    equations: NormalEquations,
    iterations: int,
    tolerance: float,
    above_ND: Tensor | None = None,
    noise_ND: Tensor | None = None,
) -> Solution:
    """Solve by preconditioned conjugate gradients from the present matrix; directly where one small matrix is all there is.

    Where the numbers are no longer finite, neither is the step. Any number of iterations gives a direction in which the objective
    falls. Dot products are taken over all entities at once, in float64.

    Parameters
    ----------
    equations
        The system.
    iterations
        Most steps.
    tolerance
        Stop when the residual's preconditioned norm is this part of what it was.
    above_ND
        How far each number may fall: the present factor where it must stay nonnegative, infinity where it need not.
    noise_ND
        What is added to the right side.
    """
    start_ND = equations.residual()
    if noise_ND is not None:
        start_ND.add_(noise_ND)
    inverse_DD = equations.inverse() if above_ND is None else None
    if inverse_DD is not None:
        return Solution(start_ND @ inverse_DD, start_ND, 1)
    precondition = equations.preconditioner()
    if precondition is None or not math.isfinite(start_ND.sum()):
        return Solution(torch.full_like(start_ND, math.nan), start_ND, 0)
    free_ND = None if above_ND is None else (above_ND > 0) | (start_ND > 0)
    residual_ND = _within(free_ND, start_ND.clone())
    step_ND, image_ND = torch.zeros_like(residual_ND), torch.empty_like(residual_ND)
    direction_ND = _within(free_ND, precondition(residual_ND, torch.empty_like(residual_ND)))
    energy = first = _dot(residual_ND, direction_ND)
    done = 0
    while done < iterations and energy > tolerance**2 * first and energy > 0:
        _within(free_ND, equations.apply(direction_ND, image_ND))
        curvature = _dot(direction_ND, image_ND)
        if curvature <= 0:
            break
        length = energy / curvature
        step_ND.add_(direction_ND, alpha=length)
        residual_ND.sub_(image_ND, alpha=length)
        preconditioned_ND = _within(free_ND, precondition(residual_ND, image_ND))
        before, energy = energy, _dot(residual_ND, preconditioned_ND)
        direction_ND.mul_(energy / before).add_(preconditioned_ND)
        done += 1
    if above_ND is not None:
        step_ND = _cut_off(equations, step_ND, _within(free_ND, start_ND.clone()), above_ND)
    return Solution(step_ND, start_ND, done)


def _within(free_ND: Tensor | None, vector_ND: Tensor) -> Tensor:
    """Set what is not free to zero, in place."""
    return vector_ND if free_ND is None else vector_ND.mul_(free_ND)


def _cut_off(equations: NormalEquations, step_ND: Tensor, residual_ND: Tensor, above_ND: Tensor) -> Tensor:
    """Shorten a step where it would go below zero.

    What is left may point uphill; the steepest descent, cut off likewise, never does.
    """
    cut_ND = torch.maximum(step_ND, -above_ND)
    if _dot(cut_ND, residual_ND) > 0:
        return cut_ND
    curvature = _dot(residual_ND, equations.apply(residual_ND, torch.empty_like(residual_ND)))
    return torch.maximum(residual_ND * (_dot(residual_ND, residual_ND) / curvature if curvature > 0 else 0.0), -above_ND)


def _dot(left_ND: Tensor, right_ND: Tensor) -> float:
    return float(dot(left_ND, right_ND))


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
        self._places = {label: place for place, label in enumerate(labels)}
        self._modalities = own
        self._parameters = parameters
        self._exchange = exchange
        self._threads = threads
        self._accelerated = parameters.acceleration and not parameters.nonnegative
        self._before: _Before | None = None
        self._now: _Before | None = None

    def propose(self, matrices: Matrices, grams: Mapping[Place, Tensor], number: int) -> Proposal:
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
        return line.best(limit=1.0 if self._parameters.nonnegative else 4.0)

    def taken(self, length: float) -> None:
        """Keep the step for the next round, if it led anywhere."""
        self._before, self._now = self._now if length > 0 and self._accelerated else None, None

    def _solve(self, label: str, matrices: Matrices, grams: Mapping[Place, Tensor]) -> tuple[Solution, npt.NDArray[np.float64]]:
        """Solve for one modality, and give its `_sums`."""
        modality = self._modalities[label]
        above_ND = None
        if self._parameters.nonnegative:
            above_ND = matrices[label].clone()
            above_ND[:, modality.layout.embedding_dim :] = math.inf
        equations = NormalEquations(modality, matrices, grams)
        solution = solve(equations, self._parameters.cg_iterations, self._parameters.cg_tolerance, above_ND)
        return solution, self._sums(label, solution)

    def _momentum(self, own: Mapping[str, npt.NDArray[np.float64]], number: int) -> tuple[float, float, dict[str, int]]:
        """Give β, zᵀr and the numbers of iterations, over all modalities."""
        sums = np.zeros((len(self._places), 4))
        for label, four in own.items():
            sums[self._places[label]] = four
        sums = self._exchange.total(sums.ravel()).reshape(sums.shape)
        for label, place in self._places.items():
            if not math.isfinite(sums[place, 0]):
                raise diverged(f"the step of {label}", number)
        energy, overlap, slope = sums[:, :3].sum(axis=0)
        momentum = 0.0
        if self._before is not None and self._before.energy > 0:
            momentum = max(0.0, float(energy - overlap) / self._before.energy)
            if energy + momentum * slope <= 0:
                momentum = 0.0
        return momentum, float(energy), {label: int(sums[place, 3]) for label, place in self._places.items()}

    def _sums(self, label: str, solution: Solution) -> npt.NDArray[np.float64]:
        """Give zᵀr, zᵀr_before, s_beforeᵀr and the number of iterations."""
        energy, overlap, slope = _dot(solution.step_ND, solution.residual_ND), 0.0, 0.0
        if self._before is not None:
            overlap = _dot(solution.step_ND, self._before.residuals.pop(label))
            slope = _dot(self._before.steps[label], solution.residual_ND)
        return np.array([energy, overlap, slope, solution.iterations])
