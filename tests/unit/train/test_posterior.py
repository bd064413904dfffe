import numpy as np
import pytest
import torch

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.posterior import Sampling, incidences_of, noise, posterior_mean
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import build_problem
from pipeline.train.update.modality_problem import modality_problem
from pipeline.train.update.normal_equations import NormalEquations
from tests.unit.train.hypergraphs import coupled, random_matrices


def test_the_noise_has_the_systems_matrix_for_its_covariance() -> None:
    hypergraph = coupled(2, num=12)
    parameters = TrainingParameters(ridge=0.5, ridge_exponent=1.0, offset_ridge=0.7, offset_smoothness=0.4)
    problem = build_problem(hypergraph, parameters)
    layout = Layout(problem, 2)
    matrices = {label: torch.from_numpy(matrix) for label, matrix in random_matrices(problem, 2).items()}
    modality = modality_problem(problem, "Bee", layout, CompiledKernels())
    equations = NormalEquations(modality, matrices, {})
    count, width = matrices["Bee"].shape
    units = torch.eye(count * width).reshape(-1, count, width)
    matrix = np.stack([equations.apply(unit, torch.empty_like(unit)).numpy().ravel() for unit in units])
    generator = torch.Generator().manual_seed(0)
    incidences = incidences_of(hypergraph, problem)["Bee"]
    draws = np.stack([noise(modality, matrices, incidences, generator).numpy().ravel() for _ in range(20_000)])
    # The standard error of an entry is at most √(2 / 20 000) of the two variances' mean: six of them.
    scale = np.sqrt(np.outer(matrix.diagonal(), matrix.diagonal()))
    assert (np.abs(draws.T @ draws / len(draws) - matrix) / scale).max() < 0.06


def test_of_a_linear_model_the_mean_is_the_ridge_solution() -> None:
    """Where no factor survives its ridge only offsets are left, whose posterior mean a dense solve gives."""
    hypergraph = coupled(1)
    edges = hypergraph.hyperedges["Pair"]
    only = type(hypergraph)(
        type(hypergraph.dataset)("pair", hypergraph.dataset.modalities, (hypergraph.dataset.hyperedge_types[2],)),
        hypergraph.num_entities,
        {"Pair": edges},
        {},
    )
    parameters = TrainingParameters(embedding_dim=1, ridge=1e8, offset_ridge=2.0, cg_iterations=50, cg_tolerance=1e-5)
    found = posterior_mean(only, parameters, Sampling(noise=0.01, sweeps=400, burn_in=20), "Pair", edges)
    counts = [hypergraph.num_entities[label] for label in edges.modalities]
    design = np.concatenate([np.eye(n)[edges.members_EK[:, k]] for k, n in enumerate(counts)], axis=1)
    weight = 2.0  # the type's λ
    centred = edges.values_E - edges.values_E.mean()
    offsets = np.linalg.solve(weight * design.T @ design + 2.0 * np.eye(sum(counts)), weight * design.T @ centred)
    np.testing.assert_allclose(found, edges.values_E.mean() + design @ offsets, atol=0.02)


def test_the_same_seed_gives_the_same_bits() -> None:
    edges = coupled().hyperedges["Trio"]
    first, again, other = (
        posterior_mean(coupled(), TrainingParameters(seed=seed), Sampling(0.5, 3, 1), "Trio", edges) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_presence_cannot_be_sampled() -> None:
    hypergraph = coupled(presence=True)
    with pytest.raises(ConfigurationError, match="only measured values"):
        posterior_mean(hypergraph, TrainingParameters(), Sampling(1.0, 1, 0), "Trio", hypergraph.hyperedges["Trio"])


@pytest.mark.parametrize("values", [(0.0, 1, 0), (1.0, 0, 0), (1.0, 1, -1)])
def test_senseless_settings_are_refused(values: tuple[float, int, int]) -> None:
    with pytest.raises(ConfigurationError):
        Sampling(*values)
