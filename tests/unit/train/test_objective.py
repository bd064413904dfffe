import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.train import objective
from pipeline.train.khatri_rao import mttkrp
from pipeline.train.line import Line, Pieces
from pipeline.train.parameters import TrainingParameters
from pipeline.train.problem import Problem, build_problem
from pipeline.train.sparse_matrix import SparseMatrix
from pipeline.train.unfolding import unfold
from tests.unit.train.hypergraphs import MEMBERS, coupled, dense_loss, dense_reconstruction, double, random_factors

CPU = torch.device("cpu")
EVERY_TILE_SIZE = pytest.mark.usefixtures("tile_size")


def line_of(problem: Problem, factors: dict[str, np.ndarray], steps: dict[str, np.ndarray]) -> Line:
    here, there = ({label: torch.from_numpy(factor) for label, factor in each.items()} for each in (factors, steps))
    unfoldings = [unfold(term, 1, CPU) for term in problem.terms]
    moments = {each.label: objective.hyperedge_moments(each, each.tiles, here, there).numpy() for each in unfoldings}
    grams = {
        (term.label, k): objective.gram_along(here[label], there[label], torch.from_numpy(term.popularities[k])).numpy()
        for term in problem.terms
        for k, label in enumerate(term.modalities)
    }
    norms = {label: objective.norm_along(here[label], there[label]).numpy() for label in problem.labels}
    smoothness = {
        label: objective.smoothness_along(SparseMatrix.on(0.5 * laplacian, CPU), here[label], there[label]).numpy()
        for label, laplacian in problem.laplacians.items()
    }
    return Line(problem, Pieces(moments, grams, norms, smoothness))


@EVERY_TILE_SIZE
@pytest.mark.parametrize("absent", [0.0, 0.03, 1.0])
@pytest.mark.parametrize("popularity", [None, 0.0, 0.5])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, -1.7])
def test_every_part_is_that_of_the_dense_tensors(absent: float, alpha: float, popularity: float | None) -> None:
    hypergraph = coupled(seed=4)
    parameters = TrainingParameters(absent_weights=dict.fromkeys(MEMBERS, absent), ridge=0.2, absent_popularity=popularity)
    problem = build_problem(hypergraph, parameters)
    factors, steps = random_factors(hypergraph.num_entities, 4, 1), random_factors(hypergraph.num_entities, 4, 2)
    losses = line_of(problem, factors, steps).losses(alpha)
    moved = double({label: factor.astype(np.float64) + alpha * steps[label] for label, factor in factors.items()})
    for label in MEMBERS:
        assert losses.reconstruction[label] == pytest.approx(float(dense_reconstruction(problem, label, moved).detach()), rel=1e-4)
    laplacians = {label: laplacian.toarray() for label, laplacian in problem.laplacians.items()}
    for label, laplacian in laplacians.items():
        moved_ND = moved[label].detach().numpy()
        assert losses.smoothness[label] == pytest.approx(0.5 * np.trace(moved_ND.T @ laplacian @ moved_ND), rel=1e-4)
    assert losses.ridge == pytest.approx(0.2 * sum(float((factor.detach() ** 2).sum()) for factor in moved.values()), rel=1e-5)
    assert losses.total == pytest.approx(float(dense_loss(problem, laplacians, moved).detach()), rel=1e-4)


@EVERY_TILE_SIZE
@pytest.mark.parametrize("label", list(MEMBERS))
def test_mttkrp_is_the_unfolding_times_the_khatri_rao_product(label: str) -> None:
    hypergraph = coupled(seed=5)
    edges = hypergraph.hyperedges[label]
    term = next(term for term in build_problem(hypergraph, TrainingParameters()).terms if term.label == label)
    factors = random_factors(hypergraph.num_entities, 4)
    dense = np.zeros([hypergraph.num_entities[modality] for modality in edges.modalities])
    dense[tuple(edges.members_EK.T)] = edges.values_E
    letters = "abcd"[: len(edges.modalities)]
    for position, own in enumerate(letters):
        others = [place for place in range(len(letters)) if place != position]
        expected = np.einsum(
            f"{letters}," + ",".join(f"{letters[place]}r" for place in others) + f"->{own}r",
            dense,
            *(factors[edges.modalities[place]] for place in others),
        )
        found = mttkrp(unfold(term, position, CPU), {name: torch.from_numpy(factor) for name, factor in factors.items()})
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.floats(0, 3))
def test_the_best_step_is_no_worse_than_any_on_a_grid(inner: list[float], floor: float) -> None:
    square = np.convolve(inner, inner)
    polynomial = np.concatenate([[floor], np.zeros(0)]) if not square.any() else square + np.eye(1, len(square))[0] * floor
    best = objective.best_step(polynomial)
    grid = np.linspace(0, 4, 801)
    values = np.polynomial.polynomial.polyval(grid, polynomial)
    assert 0 <= best <= 4
    assert objective.value_at(polynomial, best) <= values.min() + 1e-9 * (1 + abs(values.min()))


def test_pieces_of_several_workers_add_up() -> None:
    problem = build_problem(coupled(), TrainingParameters())
    rng = np.random.default_rng(0)
    moments = {term.label: rng.random((len(term.modalities) + 2,) * 2) for term in problem.terms}
    grams = {(term.label, k): rng.random((3, 4, 4)) for term in problem.terms for k in range(len(term.modalities))}
    norms = {label: rng.random(3) for label in problem.labels}
    smoothness = {label: rng.random(3) for label in problem.laplacians}
    shares = [
        Pieces(
            {label: moments[label] for label in types},
            {place: gram for place, gram in grams.items() if place[0] in types},
            {label: norms[label] for label in labels},
            {label: piece for label, piece in smoothness.items() if label in labels},
        )
        for types, labels in ((("Trio", "Quad"), ("Ant",)), ((), ("Dog", "Cat")), (("Twins", "Pair"), ("Bee",)))
    ]
    found = Pieces.unpack(problem, 4, sum(share.pack(problem, 4) for share in shares))
    kinds = ((moments, found.moments), (grams, found.grams), (norms, found.norms), (smoothness, found.smoothness))
    for whole, read in kinds:
        assert whole.keys() == read.keys()
        assert all(np.array_equal(piece, read[label]) for label, piece in whole.items())
