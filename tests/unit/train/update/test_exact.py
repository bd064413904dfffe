from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem, TypePosition, build_problem
from pipeline.train.update.exact import Solution, solve
from pipeline.train.update.modality_problem import modality_problem
from pipeline.train.update.normal_equations import NormalEquations
from tests.unit.train.hypergraphs import MEMBERS, coupled, dense_loss, double, least_squares, random_matrices

DIM = 4
EquationsOf = Callable[[str], NormalEquations]
pytestmark = pytest.mark.usefixtures("tile_size")


MIXED = {"Trio": 0.0, "Twins": 0.0, "Pair": 0.1, "Quad": 1.0}
CASES = [(0.0, None), (MIXED, None), (0.05, None), (0.05, 0.5), (1.0, None), (0.3, 0)]


@pytest.fixture(params=CASES, ids=lambda case: f"w={case[0]}, alpha={case[1]}")
def problem(request: pytest.FixtureRequest) -> Problem:
    absent, popularity = request.param
    parameters = least_squares(
        absent_weights=absent if isinstance(absent, dict) else dict.fromkeys(MEMBERS, absent),
        absent_popularity=popularity,
        ridge=0.1,
        ridge_exponent=0.5,
        offset_ridge=0.3,
        offset_smoothness=0.7,
        graph_scaling="absolute",
    )
    return build_problem(coupled(seed=7), parameters)


@pytest.fixture
def factors(problem: Problem) -> dict[str, np.ndarray]:
    return random_matrices(problem, DIM, seed=8)


@pytest.fixture
def equations_of(kernels: Kernels, problem: Problem, factors: dict[str, np.ndarray]) -> EquationsOf:
    """Write a modality's normal equations down, with the factors as they then are."""

    def equations(label: str) -> NormalEquations:
        tensors = {name: torch.from_numpy(factor) for name, factor in factors.items()}
        layout = Layout(problem, DIM)
        own = layout.factors(tensors)
        grams: dict[TypePosition, torch.Tensor] = {
            (term.label, k): kernels.gram(own[name], own[name], torch.from_numpy(term.popularities[k]))
            for term in problem.terms
            for k, name in enumerate(term.modalities)
        }
        return NormalEquations(modality_problem(problem, label, layout, kernels), tensors, grams)

    return equations


def solved(equations: NormalEquations, iterations: int, tolerance: float) -> Solution:
    return solve(equations, equations.residual(), iterations, tolerance)


def gradient_of(problem: Problem, label: str, factors: dict[str, np.ndarray]) -> np.ndarray:
    tensors = double(factors)
    dense_loss(problem, tensors).backward()  # type: ignore[no-untyped-call]
    gradient = tensors[label].grad
    assert gradient is not None
    return gradient.numpy()


@pytest.mark.parametrize("label", ["Ant", "Bee", "Cat", "Dog"])
def test_the_residual_is_minus_half_the_gradient(
    equations_of: EquationsOf, problem: Problem, factors: dict[str, np.ndarray], label: str
) -> None:
    residual = equations_of(label).residual().numpy()
    expected = -0.5 * gradient_of(problem, label, factors)
    np.testing.assert_allclose(residual, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("label", ["Bee", "Cat", "Dog"])
def test_the_gradient_vanishes_at_the_solution(
    equations_of: EquationsOf, problem: Problem, factors: dict[str, np.ndarray], label: str
) -> None:
    before = np.abs(gradient_of(problem, label, factors)).max()
    factors[label] = factors[label] + solved(equations_of(label), 150, 1e-7).step_ND.numpy()
    assert np.abs(gradient_of(problem, label, factors)).max() < 2e-4 * before


@pytest.mark.parametrize("label", ["Ant", "Bee", "Cat", "Dog"])
def test_the_solution_is_that_of_the_dense_system(
    equations_of: EquationsOf, problem: Problem, factors: dict[str, np.ndarray], label: str
) -> None:
    """The matrix, column by column from `apply`, is symmetric positive definite, and a dense solve gives the same step."""
    equations = equations_of(label)
    count, width = factors[label].shape
    unit = torch.eye(count * width).reshape(-1, count, width)
    matrix = np.stack([equations.apply(vector, torch.empty_like(vector)).numpy().ravel() for vector in unit]).astype(np.float64)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-4)
    assert np.linalg.eigvalsh(matrix)[0] > 0.9 * problem.ridges[label].min()
    expected = np.linalg.solve(matrix, equations.residual().numpy().ravel().astype(np.float64)).reshape(count, width)
    step = solved(equations, 150, 1e-7).step_ND.numpy()
    np.testing.assert_allclose(step, expected, atol=2e-3 * np.abs(expected).max())


def test_the_matrix_is_the_weighted_sum_over_all_cells(
    equations_of: EquationsOf, problem: Problem, factors: dict[str, np.ndarray]
) -> None:
    """Cat stands once in each of three types: its system, written down cell by cell."""
    count = factors["Cat"].shape[0]
    width = factors["Cat"].shape[1]
    matrix = np.zeros((count, width, count, width))
    for row in range(count):
        matrix[row, :, row, :] = np.diag([problem.ridges["Cat"][row]] * DIM + [problem.offset_ridge] * (width - DIM))
    for term in problem.terms:
        if "Cat" not in term.modalities:
            continue
        present = {tuple(cell) for cell in term.hyperedges.members_EK.tolist()}
        own = term.modalities.index("Cat")
        for cell in np.ndindex(*(problem.num_entities[label] for label in term.modalities)):
            product = np.zeros(width)
            product[:DIM] = np.prod(
                [factors[m][row, :DIM] for k, (m, row) in enumerate(zip(term.modalities, cell, strict=True)) if k != own], axis=0
            )
            if (term.label, own) in problem.offset_positions("Cat"):
                product[DIM + problem.offset_positions("Cat").index((term.label, own))] = 1
            popularity = np.prod([q[row] for q, row in zip(term.popularities, cell, strict=True)])
            weight = term.weight * (1 if cell in present else term.absent_weight * popularity)
            matrix[cell[own], :, cell[own], :] += weight * np.outer(product, product)
    vector = np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)
    given = torch.from_numpy(vector)
    found = equations_of("Cat").apply(given, torch.empty_like(given)).numpy()
    np.testing.assert_allclose(found.ravel(), matrix.reshape(count * width, -1) @ vector.ravel(), rtol=1e-3, atol=1e-3)


def test_products_made_again_are_those_that_were_kept(
    equations_of: EquationsOf,
    problem: Problem,
    factors: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = solved(equations_of("Bee"), 5, 0.0)
    monkeypatch.setattr(Kernels, "product_bytes", 0)
    again = solved(equations_of("Bee"), 5, 0.0)
    torch.testing.assert_close(kept.step_ND, again.step_ND, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_any_number_of_iterations_gives_a_descent_direction(
    equations_of: EquationsOf, problem: Problem, factors: dict[str, np.ndarray], iterations: int
) -> None:
    for label in problem.labels:
        solution = solved(equations_of(label), iterations, 0.0)
        assert 1 <= solution.iterations <= iterations
        assert float((solution.step_ND * solution.residual_ND).sum()) > 0
