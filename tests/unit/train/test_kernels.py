import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.train import kernels
from pipeline.train.khatri_rao import mttkrp
from pipeline.train.parameters import TrainingParameters
from pipeline.train.problem import build_problem
from pipeline.train.threads import Threads
from pipeline.train.unfolding import unfold
from tests.unit.train.hypergraphs import MEMBERS, coupled, random_factors

CPU = torch.device("cpu")
DIMENSIONS = st.integers(1, 70)


def addresses(arrays: list[np.ndarray]) -> np.ndarray:
    return np.array([array.ctypes.data for array in arrays])


def drawn(seed: int, num: int, count: int, dim: int, padding: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Factors that are the first columns of wider matrices, and members' rows."""
    rng = np.random.default_rng(seed)
    factors = [rng.normal(size=(9, dim + padding)).astype(np.float32)[:, :dim] for _ in range(num)]
    return factors, [rng.integers(0, 9, count).astype(np.int32) for _ in range(num)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 40), DIMENSIONS, st.integers(0, 3), st.integers(0, 2))
def test_rows_are_multiplied_whatever_lies_beside_them(
    seed: int, num: int, count: int, dim: int, padding: int, out_padding: int
) -> None:
    factors, rows = drawn(seed, num, count, dim, padding)
    out = np.full((count, dim + out_padding), 7, np.float32)
    strides = np.array([factor.strides[0] for factor in factors])
    kernels.multiply_rows(out, addresses(factors), strides, addresses(rows), dim)
    expected = np.prod([factor[own] for factor, own in zip(factors, rows, strict=True)], axis=0)
    np.testing.assert_allclose(out[:, :dim], expected, rtol=1e-5)
    assert (out[:, dim:] == 7).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 60), DIMENSIONS, st.sampled_from([0.0, -1.5]), st.sampled_from([0.0, 0.7]))
def test_normal_sums_are_those_of_every_row(seed: int, count: int, dim: int, scale: float, weight: float) -> None:
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.integers(0, 8, count))
    offsets = np.searchsorted(rows, np.arange(8)).astype(np.int32)
    out, vector = rng.normal(size=(2, 8, dim)).astype(np.float32)
    product, (present, values) = rng.normal(size=(count, dim)).astype(np.float32), rng.normal(size=(2, count)).astype(np.float32)
    expected = out.astype(np.float64)
    for e, row in enumerate(rows):
        expected[row] += (weight * values[e] + scale * present[e] * (product[e] @ vector[row])) * product[e]
    kernels.add_normal(out, offsets, product, vector, present, values, scale, weight)
    np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 1000),
    st.integers(0, 60),
    st.integers(1, 5),
    st.sampled_from([1, 5, 32, 70]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([0.0, -1.5]),
    st.sampled_from([0.0, 0.7]),
)
def test_gathering_in_registers_is_multiplying_and_adding_up(
    seed: int, count: int, num: int, dim: int, offset: int | None, scale: float, weight: float
) -> None:
    rng = np.random.default_rng(seed)
    factors, members = drawn(seed, num, count, dim, 1)
    offsets = np.searchsorted(np.sort(rng.integers(0, 8, count)), np.arange(8)).astype(np.int32)
    out, vector = rng.normal(size=(2, 8, dim + 2)).astype(np.float32)
    present, values = rng.normal(size=(2, count)).astype(np.float32)
    product = np.zeros((count, dim + 2), np.float32)
    product[:, :dim] = np.prod([factor[rows] for factor, rows in zip(factors, members, strict=True)], axis=0)
    if offset is not None:
        product[:, dim + offset] = 1
    expected = out.copy()
    kernels.add_normal(expected, offsets, product, vector, present, values, scale, weight)
    strides = np.array([factor.strides[0] for factor in factors])
    lines = out.ctypes.data, vector.ctypes.data, out.strides[0], offsets, addresses(factors), strides, addresses(members)
    kernels.add_gathered(dim)(*lines, present, values, scale, weight, 0 if offset is None else dim + offset)
    np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(2, kernels.MOST_MEMBERS), st.integers(1, 30), DIMENSIONS, st.floats(-2, 2))
def test_predictions_along_a_line_are_polynomials(seed: int, arity: int, count: int, dim: int, alpha: float) -> None:
    factors, rows = drawn(seed, arity, count, dim, 2)
    steps, _ = drawn(seed + 1, arity, count, dim, 2)
    spare = kernels.MOST_MEMBERS - arity
    ones, zeros = np.ones(dim, np.float32), np.zeros(dim, np.float32)
    out = np.empty((count, kernels.MOST_MEMBERS + 1), np.float32)
    strides = np.array([factor.strides[0] for factor in factors] + spare * [0])
    lines = addresses(factors + spare * [ones]), addresses(steps + spare * [zeros])
    kernels.predict_along(out, *lines, strides, addresses(rows + spare * [rows[0]]), arity, dim)
    moved = [(a[own] + alpha * s[own]).astype(np.float64) for a, s, own in zip(factors, steps, rows, strict=True)]
    expected = np.prod(moved, axis=0).sum(axis=1)
    size = np.prod([np.abs(a[own]) + abs(alpha) * np.abs(s[own]) for a, s, own in zip(factors, steps, rows, strict=True)], axis=0)
    found = out[:, : arity + 1].astype(np.float64) @ alpha ** np.arange(arity + 1)
    np.testing.assert_array_less(np.abs(found - expected), 1e-5 * size.sum(axis=1) + 1e-12)


@pytest.mark.usefixtures("tile_size")
@pytest.mark.parametrize("label", list(MEMBERS))
def test_sharing_the_work_out_changes_no_bit(label: str, threads: Threads) -> None:
    problem = build_problem(coupled(seed=5, num=120), TrainingParameters())
    term = next(term for term in problem.terms if term.label == label)
    factors = {name: torch.from_numpy(factor) for name, factor in random_factors(problem.num_entities, 5).items()}
    for position in range(len(term.modalities)):
        unfolding = unfold(term, position, CPU)
        assert [number for group in unfolding.groups for number in group] == list(range(len(unfolding.tiles)))
        ends = [(unfolding.tiles[group[0]].first_row, unfolding.tiles[group[-1]]) for group in unfolding.groups]
        for (_, last), (first_row, _) in itertools.pairwise(ends):
            assert last.first_row + len(last.offsets_S) <= first_row
        assert torch.equal(mttkrp(unfolding, factors), mttkrp(unfolding, factors, threads))
