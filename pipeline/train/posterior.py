"""Averages over all factors that explain measured values, instead of the one that does so best.

The objective F is, but for a constant, −2σ² times the logarithm of a posterior: normal errors of variance σ² and a normal prior
whose precision is ridge and graphs (Salakhutdinov & Mnih 2008, with the Laplacians beside). Gibbs sampling draws from it: the
modalities take turns, and each solves its normal equations with a right side perturbed so that the solution is a draw from the
modality's conditional distribution (Papandreou & Yuille 2010). Predictions averaged over draws do not overfit as those of one
solution do, so the ridge may be much lower. It needs no more than the exact update's solver, but modalities cannot draw at the
same time. Shapes: N entities, E hyperedges, D columns of a modality's matrix.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.train.exact import solve
from pipeline.train.exchange import Alone
from pipeline.train.fit import Station, starting_matrices
from pipeline.train.health import diverged
from pipeline.train.laplacian import normalised_incidence
from pipeline.train.layout import Layout
from pipeline.train.modality import ModalityProblem, modality_problem
from pipeline.train.normal_equations import NormalEquations
from pipeline.train.parameters import TrainingParameters
from pipeline.train.prediction import offsets_of, predict
from pipeline.train.problem import Problem, build_problem
from pipeline.train.sparse_matrix import SparseMatrix
from pipeline.train.start import Factors
from pipeline.train.threads import one_kernel_thread


@dataclass(frozen=True)
class Sampling:
    """Settings of a chain of draws.

    Attributes
    ----------
    noise
        σ², the variance of a value about its prediction.
    sweeps
        Draws of all modalities that are averaged over.
    burn_in
        Draws before them that are not.
    """

    noise: float
    sweeps: int
    burn_in: int

    def __post_init__(self) -> None:
        if not 0 < self.noise < float("inf"):
            raise ConfigurationError(f"noise is {self.noise}, a positive number is needed")
        if self.sweeps < 1 or self.burn_in < 0:
            raise ConfigurationError(f"{self.sweeps} sweeps after {self.burn_in} leave nothing to average over")


def posterior_mean(
    hypergraph: Hypergraph, parameters: TrainingParameters, sampling: Sampling, label: str, edges: HyperedgeList
) -> npt.NDArray[np.float64]:
    """Predict the values of hyperedges of a type, averaged over draws (E).

    Parameters
    ----------
    hypergraph
        Hyperedges and intra-modal graphs to learn from; of every type only measured values may count (w = 0).
    parameters
        Settings; the seed is that of the draws as well. Rounds, update and validation are not used.
    sampling
        How to draw.
    label, edges
        What to predict; its values are not looked at.

    Raises
    ------
    ConfigurationError
        If absent cells of a type have a weight.
    TrainingDivergedError
        If a draw is not finite.
    """
    problem = build_problem(hypergraph, parameters)
    layout = Layout(problem, parameters.embedding_dim)
    total_E = np.zeros(edges.num_hyperedges)
    with one_kernel_thread(1):
        for number, drawn in enumerate(_draws(hypergraph, problem, layout, parameters, sampling)):
            if number >= sampling.burn_in:
                factors = {name: matrix_ND[:, : layout.embedding_dim] for name, matrix_ND in drawn.items()}
                total_E += predict(factors, offsets_of(problem, layout, drawn).get(label), edges)
    return total_E / sampling.sweeps


def _draws(
    hypergraph: Hypergraph, problem: Problem, layout: Layout, parameters: TrainingParameters, sampling: Sampling
) -> Iterator[Factors]:
    """Give one draw of all modalities' matrices after another."""
    device = torch.device("cpu")
    for term in problem.terms:
        if term.absent_weight:
            raise ConfigurationError(f"absent cells of {term.label} have a weight, and only measured values can be sampled")
    start = starting_matrices(problem, layout, parameters, Station(problem.labels, Alone(), device, 1), None)
    matrices = {label: torch.from_numpy(matrix_ND) for label, matrix_ND in start.items()}
    modalities = {label: modality_problem(problem, label, layout, device) for label in problem.labels}
    incidences = incidences_of(hypergraph, problem)
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence([parameters.seed, 3]).generate_state(1)[0]))
    for number in range(sampling.burn_in + sampling.sweeps):
        for label, modality in modalities.items():
            equations = NormalEquations(modality, matrices, {})
            roughness_ND = roughness(modality, incidences.get(label), matrices[label], generator)
            noise_ND = equations.noise(roughness_ND, generator).mul_(sampling.noise**0.5)
            found = solve(equations, parameters.cg_iterations, parameters.cg_tolerance, noise_ND=noise_ND)
            matrices[label] = matrices[label] + found.step_ND
            if not torch.isfinite(matrices[label]).all():
                raise diverged(f"the draw of {label}", number)
        yield {label: matrix_ND.numpy() for label, matrix_ND in matrices.items()}


def incidences_of(hypergraph: Hypergraph, problem: Problem) -> dict[str, list[SparseMatrix]]:
    """Give √(½ μ) Bᵀ of every graph, per modality: their products with themselves transposed add up to ½ L."""
    found: dict[str, list[SparseMatrix]] = {}
    weights = {graph.key: graph.weight for graph in hypergraph.dataset.graphs if hypergraph.graphs[graph.key].nnz}
    for (label, kind), weight in weights.items():
        if label in problem.laplacians:
            total = sum(each for (name, _), each in weights.items() if name == label)
            scale = problem.graph_scales[label] * weight / total
            graph = hypergraph.graphs[label, kind]
            turned = sparse.csr_array(normalised_incidence(graph).T * (0.5 * scale) ** 0.5)
            found.setdefault(label, []).append(SparseMatrix.on(turned, torch.device("cpu")))
    return found


def roughness(
    modality: ModalityProblem, incidences: list[SparseMatrix] | None, matrix_ND: Tensor, generator: torch.Generator
) -> Tensor:
    """Draw with covariance ½ L (N × D)."""
    out_ND = torch.zeros_like(matrix_ND)
    for turned in incidences or ():
        out_ND += turned @ torch.randn(turned.num_columns, matrix_ND.shape[1], generator=generator)
    out_ND[:, modality.layout.embedding_dim :].mul_(modality.offset_smoothness**0.5)
    return out_ND
