from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem, build_problem
from pipeline.train.tensor.khatri_rao import add_normal
from pipeline.train.tensor.line_moments import Path, gram_along, hyperedge_moments, quadratic_along
from pipeline.train.tensor.line_search import Line, Pieces, best_step, value_at
from pipeline.train.tensor.unfolding import unfold
from pipeline.train.update.modality_problem import modality_problem
from tests.unit.train.hypergraphs import (
    MEMBERS,
    coupled,
    dense_loss,
    dense_reconstruction,
    dense_ridge,
    dense_smoothness,
    double,
    least_squares,
    random_factors,
    random_matrices,
)

EVERY_TILE_SIZE = pytest.mark.usefixtures("tile_size")
pytestmark = pytest.mark.usefixtures("a_part_is_kept")


def line_of(kernels: Kernels, problem: Problem, matrices: dict[str, np.ndarray], steps: dict[str, np.ndarray]) -> Line:
    here, there = ({label: torch.from_numpy(matrix) for label, matrix in each.items()} for each in (matrices, steps))
    layout = Layout(problem, 4)
    path = Path(layout.factors(here), layout.factors(there), layout.offsets(here), layout.offsets(there))
    modalities = {label: modality_problem(problem, label, layout, kernels) for label in problem.labels}
    unfoldings = [unfold(term, 1, kernels) for term in problem.terms]
    held_out = [unfold(replace(term, hyperedges=term.held_out, absent_weight=0.0), 1, kernels) for term in problem.terms]
    moments = {each.label: hyperedge_moments(each, each.tiles, path).numpy() for each in unfoldings}
    held = {each.label: hyperedge_moments(each, each.tiles, path).numpy() for each in held_out}
    grams = {
        (term.label, k): gram_along(kernels, path.factors[label], path.steps[label], torch.from_numpy(term.popularities[k])).numpy()
        for term in problem.terms
        for k, label in enumerate(term.modalities)
    }
    ridges = {label: quadratic_along(kernels, own.hold, here[label], there[label]).numpy() for label, own in modalities.items()}
    smoothness = {
        label: quadratic_along(kernels, own.smooth, here[label], there[label]).numpy()
        for label, own in modalities.items()
        if label in problem.laplacians
    }
    return Line(problem, Pieces(moments, grams, ridges, smoothness, held))


@EVERY_TILE_SIZE
@pytest.mark.parametrize("absent", [0.0, 0.03, 1.0])
@pytest.mark.parametrize("popularity", [None, 0.0, 0.5])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, -1.7])
def test_every_part_is_that_of_the_dense_tensors(kernels: Kernels, absent: float, alpha: float, popularity: float | None) -> None:
    parameters = least_squares(
        absent_weights=dict.fromkeys(MEMBERS, absent),
        ridge=0.2,
        ridge_exponent=1.0,
        offset_ridge=0.5,
        offset_smoothness=0.3,
        absent_popularity=popularity,
        validation=0.2,
    )
    problem = build_problem(coupled(seed=4), parameters)
    matrices, steps = random_matrices(problem, 4, 1), random_matrices(problem, 4, 2)
    line = line_of(kernels, problem, matrices, steps)
    losses, validation = line.losses(alpha), line.validation(alpha)
    moved = double({label: matrix.astype(np.float64) + alpha * steps[label] for label, matrix in matrices.items()})
    for label in MEMBERS:
        assert losses.reconstruction[label] == pytest.approx(float(dense_reconstruction(problem, label, moved).detach()), rel=1e-4)
    assert losses.smoothness == pytest.approx(
        {label: float(dense_smoothness(problem, label, moved[label]).detach()) for label in ("Ant", "Bee")}, rel=1e-4
    )
    ridge = sum(float(dense_ridge(problem, label, moved[label]).detach()) for label in problem.labels)
    assert losses.ridge == pytest.approx(ridge, rel=1e-5)
    assert losses.total == pytest.approx(float(dense_loss(problem, moved).detach()), rel=1e-4)
    terms = [replace(term, hyperedges=term.held_out, absent_weight=0.0, weight=1.0) for term in problem.terms]
    held_out = replace(problem, terms=tuple(terms))
    for term in terms:
        squares = float(dense_reconstruction(held_out, term.label, moved).detach())
        assert validation[term.label] == pytest.approx(squares / term.hyperedges.num_hyperedges, rel=1e-4)


def test_the_dense_objective_has_the_gradient_that_finite_differences_give() -> None:
    """The oracle itself, against torch's gradcheck."""
    problem = build_problem(coupled(seed=4, num=8), least_squares(absent_weights={"Trio": 0.0, "Quad": 0.3}))
    tensors = double(random_matrices(problem, 2))

    def loss(*matrices: torch.Tensor) -> torch.Tensor:
        return dense_loss(problem, dict(zip(problem.labels, matrices, strict=True)))

    assert torch.autograd.gradcheck(loss, tuple(tensors.values()))


@EVERY_TILE_SIZE
@pytest.mark.parametrize("label", list(MEMBERS))
def test_hyperedges_add_up_to_the_unfolding_times_the_khatri_rao_product(kernels: Kernels, label: str) -> None:
    hypergraph = coupled(seed=5)
    term = next(term for term in build_problem(hypergraph, least_squares()).terms if term.label == label)
    edges = term.hyperedges
    factors = random_factors(hypergraph.num_entities, 4)
    dense = np.zeros([hypergraph.num_entities[modality] for modality in edges.modalities])
    dense[tuple(edges.members_EK.T)] = edges.values_E
    letters = "abcd"[: len(edges.modalities)]
    for position, own in enumerate(letters):
        others = [other for other in range(len(letters)) if other != position]
        expected = np.einsum(
            f"{letters}," + ",".join(f"{letters[other]}r" for other in others) + f"->{own}r",
            dense,
            *(factors[edges.modalities[other]] for other in others),
        )
        unfolding = unfold(term, position, kernels)
        found = torch.zeros(expected.shape)
        tensors = {name: torch.from_numpy(factor) for name, factor in factors.items()}
        add_normal(found, unfolding, tensors, found, 0.0, [tile.values_E for tile in unfolding.tiles].__getitem__, 1.0)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.floats(0, 3))
def test_the_best_step_is_no_worse_than_any_on_a_grid(inner: list[float], floor: float) -> None:
    square = np.convolve(inner, inner)
    polynomial = np.concatenate([[floor], np.zeros(0)]) if not square.any() else square + np.eye(1, len(square))[0] * floor
    best = best_step(polynomial, limit=4.0)
    grid = np.linspace(0, 4, 801)
    values = np.polynomial.polynomial.polyval(grid, polynomial)
    assert 0 <= best <= 4
    assert value_at(polynomial, best) <= values.min() + 1e-9 * (1 + abs(values.min()))


def test_pieces_of_several_workers_add_up() -> None:
    problem = build_problem(coupled(), least_squares(validation=0.2))
    rng = np.random.default_rng(0)
    moments = {term.label: rng.random((len(term.modalities) + 2,) * 2) for term in problem.terms}
    grams = {(term.label, k): rng.random((3, 4, 4)) for term in problem.terms for k in range(len(term.modalities))}
    ridges = {label: rng.random(3) for label in problem.labels}
    smoothness = {label: rng.random(3) for label in problem.laplacians}
    held_out = {label: rng.random(piece.shape) for label, piece in moments.items()}
    shares = [
        Pieces(
            {label: moments[label] for label in types},
            {at: gram for at, gram in grams.items() if at[0] in types},
            {label: ridges[label] for label in labels},
            {label: piece for label, piece in smoothness.items() if label in labels},
            {label: held_out[label] for label in types},
        )
        for types, labels in ((("Trio", "Quad"), ("Ant",)), ((), ("Dog", "Cat")), (("Twins", "Pair"), ("Bee",)))
    ]
    found = Pieces.unpack(problem, 4, sum(share.pack(problem, 4) for share in shares))
    kinds = (
        *((moments, found.moments), (grams, found.grams), (ridges, found.ridges)),
        *((smoothness, found.smoothness), (held_out, found.held_out)),
    )
    for whole, read in kinds:
        assert whole.keys() == read.keys()
        assert all(np.array_equal(piece, read[label]) for label, piece in whole.items())
