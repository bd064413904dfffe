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
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.sparse_matrix import SparseMatrix
from pipeline.train.least_squares import starting_matrices
from pipeline.train.problem.laplacian import normalised_incidence
from pipeline.train.problem.layout import Factors, Layout, Matrices
from pipeline.train.problem.problem import Problem, build_problem
from pipeline.train.result.least_squares_types import least_squares_types
from pipeline.train.sharing.exchange import Alone
from pipeline.train.sharing.threads import one_kernel_thread
from pipeline.train.station import Station
from pipeline.train.tensor.khatri_rao import add_normal
from pipeline.train.update.divergence import diverged
from pipeline.train.update.exact import solve
from pipeline.train.update.modality_problem import ModalityProblem, modality_problem
from pipeline.train.update.normal_equations import NormalEquations


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
    layout = Layout(problem, parameters.components("exact"))
    total_E = np.zeros(edges.num_hyperedges)
    with one_kernel_thread(1):
        for number, drawn in enumerate(_draws(hypergraph, problem, layout, parameters, sampling)):
            if number >= sampling.burn_in:
                factors = {name: matrix_ND[:, : layout.embedding_dim] for name, matrix_ND in drawn.items()}
                total_E += least_squares_types(problem, layout, drawn)[label].values(factors, edges.members_EK)
    return total_E / sampling.sweeps


def _draws(
    hypergraph: Hypergraph, problem: Problem, layout: Layout, parameters: TrainingParameters, sampling: Sampling
) -> Iterator[Factors]:
    """Give one draw of all modalities' matrices after another."""
    kernels = CompiledKernels()
    for term in problem.terms:
        if term.absent_weight:
            raise ConfigurationError(f"absent cells of {term.label} have a weight, and only measured values can be sampled")
    start = starting_matrices(problem, layout, parameters, Station(problem.labels, Alone(), kernels, 1))
    matrices = {label: torch.from_numpy(matrix_ND) for label, matrix_ND in start.items()}
    modalities = {label: modality_problem(problem, label, layout, kernels) for label in problem.labels}
    incidences = incidences_of(hypergraph, problem)
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence([parameters.seed, 3]).generate_state(1)[0]))
    for number in range(sampling.burn_in + sampling.sweeps):
        for label, modality in modalities.items():
            equations = NormalEquations(modality, matrices, {})
            noise_ND = noise(modality, matrices, incidences.get(label), generator).mul_(sampling.noise**0.5)
            perturbed_ND = equations.residual().add_(noise_ND)
            found = solve(equations, perturbed_ND, parameters.cg_iterations, parameters.cg_tolerance)
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
            found.setdefault(label, []).append(CompiledKernels().sparse(turned))
    return found


def noise(
    modality: ModalityProblem, matrices: Matrices, incidences: list[SparseMatrix] | None, generator: torch.Generator
) -> Tensor:
    """Draw from the normal distribution that has the matrix of a modality's normal equations for its covariance (N × D).

    Every square in the objective brings a normal number of its own (Papandreou & Yuille 2010): each difference along a graph's
    edges, each entry, each hyperedge. Only where no absent cell has a weight: the matrix is then a sum of squares that can be
    listed.

    Parameters
    ----------
    modality
        The modality.
    matrices
        [A | b] per modality label.
    incidences
        Of its graphs, from `incidences_of`; None where it has none.
    generator
        Of the numbers.
    """
    matrix_ND = matrices[modality.label]
    roughness_ND = torch.zeros_like(matrix_ND)
    for turned in incidences or ():
        roughness_ND += turned @ torch.randn(turned.num_columns, matrix_ND.shape[1], generator=generator)
    roughness_ND[:, modality.layout.embedding_dim :].mul_(modality.offset_smoothness**0.5)
    ridge_ND = modality.hold(torch.ones_like(matrix_ND))
    out_ND = torch.randn(matrix_ND.shape, generator=generator) * ridge_ND.sqrt_() + roughness_ND
    factors = modality.layout.factors(matrices)
    for term in modality.terms:
        drawn = [torch.randn(len(tile.values_E), generator=generator) for tile in term.unfolding.tiles]
        root, column = term.weight**0.5, term.offset_column
        add_normal(out_ND, term.unfolding, factors, out_ND, 0.0, drawn.__getitem__, root, column=column)
    return out_ND
