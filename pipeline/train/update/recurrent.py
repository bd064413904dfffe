"""The recurrent update, the paper's: a network per modality makes A from the start, trained with Adam on the modality's loss.

A round: every worker takes some steps of Adam on the networks of its modalities, with the other modalities' factors as last
exchanged, then puts forward what they make of the start. The loss's gradient by A is that of the exact update's normal equations,
so no second formula exists that could differ; autograd carries it on to the weights. Workers that have a modality between them
make its gradient by rows, and all run its network. All modalities move at once, by full steps:
the objective may rise, so the best round is kept. Shapes: N entities, D columns of a modality's matrix.
"""

from collections.abc import Mapping

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.layout import Matrices
from pipeline.train.problem.problem import Problem, TypePosition
from pipeline.train.sharing.threads import Threads
from pipeline.train.tensor.line_search import Line
from pipeline.train.update.diffusion import Diffusion
from pipeline.train.update.modality_problem import ModalityProblem
from pipeline.train.update.normal_equations import NormalEquations
from pipeline.train.update.update import Proposal


class RecurrentUpdate:
    """The recurrent update of one worker's modalities.

    Parameters
    ----------
    problem
        The objective; its graphs are what the networks diffuse over.
    own
        The modalities that this worker updates.
    start
        What the networks begin from, of all modalities.
    parameters
        Settings.
    threads
        What it computes with.
    """

    falls = False

    def __init__(
        self,
        problem: Problem,
        own: Mapping[str, ModalityProblem],
        start: Matrices,
        parameters: TrainingParameters,
        threads: Threads,
    ) -> None:
        self._labels = problem.labels
        self._parameters = parameters
        self._threads = threads
        # A seed per modality, so that the weights do not depend on who has which.
        streams = np.random.SeedSequence([parameters.seed, 2]).spawn(len(problem.labels))
        seeds = {label: int(stream.generate_state(1)[0]) for label, stream in zip(problem.labels, streams, strict=True)}
        with torch.inference_mode(mode=False):
            self._own = {
                label: _Learner(problem, modality, start[label].clone(), parameters, seeds[label])
                for label, modality in own.items()
            }

    def propose(self, matrices: Matrices, grams: Mapping[TypePosition, Tensor], number: int) -> Proposal:  # noqa: ARG002
        """Train the networks, and give the way to what they make."""
        found = self._threads.map(lambda label: self._own[label].step(matrices, grams), self._own)
        steps = dict(zip(self._own, found, strict=True))
        return Proposal(steps, 0.0, dict.fromkeys(self._labels, self._parameters.network_steps))

    def length(self, line: Line) -> float:  # noqa: ARG002
        """Go all the way: the factors are what the networks make."""
        return 1.0

    def taken(self, length: float) -> None:
        """Need nothing of it."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """The networks, and what Adam has seen of them."""
        return {f"{label}/{name}": tensor for label, own in self._own.items() for name, tensor in own.tensors().items()}, {}

    def go_on(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]) -> None:  # noqa: ARG002
        """Take what `state` gave another one."""
        for label, own in self._own.items():
            own.go_on({name.removeprefix(f"{label}/"): each for name, each in tensors.items() if name.startswith(f"{label}/")})


class _Learner:
    """One modality's network and its Adam."""

    def __init__(
        self, problem: Problem, modality: ModalityProblem, start_ND: Tensor, parameters: TrainingParameters, seed: int
    ) -> None:
        shifted = None
        if (laplacian := problem.laplacians.get(modality.label)) is not None:
            unit = sparse.eye_array(laplacian.shape[0], format="csr")
            shifted = modality.kernels.sparse(sparse.csr_array(laplacian / problem.graph_scales[modality.label] - unit))
        self._modality = modality
        self._start_ND = start_ND
        self._network_steps = parameters.network_steps
        self._network = Diffusion(
            shifted, start_ND.shape[1], parameters.hidden_dim, parameters.chebyshev_order, parameters.diffusion_steps
        )
        self._network.draw(seed)
        self._network.to(start_ND.device)
        self._adam = torch.optim.Adam(self._network.parameters(), lr=parameters.learning_rate)

    def tensors(self) -> dict[str, Tensor]:
        """Weights, and Adam's means and number of steps, by name."""
        found = dict(self._network.state_dict())
        for number, seen in self._adam.state_dict()["state"].items():
            found |= {f"adam/{number}/{name}": tensor for name, tensor in seen.items()}
        return found

    def go_on(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what `tensors` gave another one."""
        with torch.inference_mode(mode=False):
            # What was read in inference mode would stay without gradients.
            own = {name: tensor.clone() for name, tensor in tensors.items()}
            self._network.load_state_dict({name: tensor for name, tensor in own.items() if not name.startswith("adam/")})
            seen: dict[int, dict[str, Tensor]] = {}
            for name, tensor in own.items():
                if name.startswith("adam/"):
                    _, number, what = name.split("/")
                    seen.setdefault(int(number), {})[what] = tensor
            self._adam.load_state_dict({**self._adam.state_dict(), "state": seen})

    def step(self, matrices: Matrices, grams: Mapping[TypePosition, Tensor]) -> Tensor:
        """Take the steps of Adam; give the difference to the modality's matrix as it stands."""
        equations, peers = NormalEquations(self._modality, matrices, grams), self._modality.peers
        # Training runs in inference mode, where autograd keeps nothing.
        with torch.inference_mode(mode=False), torch.enable_grad():
            for _ in range(self._network_steps):
                self._adam.zero_grad()
                made_ND = self._network(self._start_ND)
                with torch.inference_mode():
                    residual_ND = peers.gather(equations.residual(made_ND.detach()[peers.rows]))
                made_ND.backward(-2 * residual_ND.clone())
                self._adam.step()
            with torch.no_grad():
                step_ND: Tensor = self._network(self._start_ND) - matrices[self._modality.label].clone()
                return step_ND[peers.rows]
