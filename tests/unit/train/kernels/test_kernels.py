"""Each kernel against numpy, and the compiled ones against torch's: what a GPU runs has run here."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from pipeline.domain.device import Device
from pipeline.errors import ConfigurationError
from pipeline.train.kernels import hardware, loops
from pipeline.train.kernels import kernels as generic
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.hardware import kernels_of, num_gpus
from pipeline.train.kernels.kernels import Gathered, Kernels, Move, Namings, Segments, cut_into_pieces
from pipeline.train.stochastic.batch_rows import number_rows

COMPILED = CompiledKernels()
TORCH = Kernels(torch.device("cpu"))
DIMENSIONS = st.integers(1, 70)
EVERY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


def normal(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(rng.normal(size=shape).astype(np.float32))


def drawn(seed: int, num: int, count: int, dim: int, padding: int = 1) -> list[Gathered]:
    """Rows of factors that are the first columns of wider matrices."""
    rng = np.random.default_rng(seed)
    factors = [normal(rng, 9, dim + padding)[:, :dim] for _ in range(num)]
    return [Gathered(factor, torch.from_numpy(rng.integers(0, 9, count).astype(np.int32))) for factor in factors]


def segments_of(rng: np.random.Generator, count: int) -> Segments:
    """Hyperedges of rows 2 to 7 of 8, of which some have none."""
    rows = np.sort(rng.integers(2, 8, count)).astype(np.int32)
    offsets = torch.from_numpy(np.searchsorted(rows, np.arange(2, 8)).astype(np.int32))
    return Segments(2, offsets, torch.from_numpy(rows), torch.arange(count, dtype=torch.int32))


def product_of(gathered: Sequence[Gathered]) -> np.ndarray:
    return np.prod([each.matrix_ND.double().numpy()[each.rows_E.numpy()] for each in gathered], axis=0)


@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
@EVERY
@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 40), DIMENSIONS, st.integers(0, 3), st.integers(0, 2))
def test_rows_are_multiplied_whatever_lies_beside_them(
    kernels: Kernels, seed: int, num: int, count: int, dim: int, padding: int, out_padding: int
) -> None:
    gathered = drawn(seed, num, count, dim, padding)
    out = torch.full((count, dim + out_padding), 7.0)
    kernels.multiply_rows(out, gathered)
    np.testing.assert_allclose(out[:, :dim].numpy(), product_of(gathered), rtol=1e-5)
    assert (out[:, dim:] == 7).all()


@EVERY
@given(st.integers(0, 1000), st.integers(1, 2), st.integers(1, 40), DIMENSIONS)
def test_products_of_two_are_the_same_bits(seed: int, num: int, count: int, dim: int) -> None:
    gathered = drawn(seed, num, count, dim)
    assert torch.equal(COMPILED.products(gathered, dim + 2, dim), TORCH.products(gathered, dim + 2, dim))


@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
@EVERY
@given(st.integers(0, 1000), st.integers(0, 60), DIMENSIONS, st.sampled_from([0.0, -1.5]), st.sampled_from([0.0, 0.7]))
def test_segments_are_added_up_row_by_row(kernels: Kernels, seed: int, count: int, dim: int, scale: float, weight: float) -> None:
    rng = np.random.default_rng(seed)
    segments, out, vector = segments_of(rng, count), normal(rng, 8, dim), normal(rng, 8, dim)
    product, present, values = normal(rng, count, dim), normal(rng, count), normal(rng, count)
    expected = out.double()
    for e, row in enumerate(segments.rows_E.tolist()):
        share = weight * values[e] + scale * present[e] * (product[e] @ vector[row])
        expected[row] += share * product[e]
    kernels.add_segments(out, segments, product, vector, present, values, scale, weight)
    np.testing.assert_allclose(out.numpy(), expected.numpy(), rtol=1e-3, atol=1e-3)


@EVERY
@given(st.integers(0, 1000), st.lists(st.integers(0, 900), min_size=1, max_size=6))
def test_long_rows_are_cut_into_pieces_that_add_up(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(2, 2 + len(lengths)), lengths).astype(np.int32)
    if not len(rows):
        return
    numbers = torch.arange(len(rows), dtype=torch.int32)
    cut, whole = TORCH.segments(rows, numbers), COMPILED.segments(rows, numbers)
    assert whole.pieces is None
    assert (cut.pieces is None) == (max(lengths) <= 128)
    assert torch.equal(cut.offsets_S, whole.offsets_S)
    product, values = normal(rng, len(rows), 3), normal(rng, len(rows))
    found, expected = (torch.zeros(2 + len(lengths), 3) for _ in range(2))
    TORCH.add_segments(found, cut, product, found, values, values, 0.0, 1.0)
    COMPILED.add_segments(expected, whole, product, expected, values, values, 0.0, 1.0)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
@EVERY
@given(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 400), DIMENSIONS)
def test_what_is_said_of_a_row_is_added_up(kernels: Kernels, seed: int, num_rows: int, count: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    named, values = rng.integers(0, num_rows, count), normal(rng, count, width)
    rows, _, order, begins = number_rows(named)
    namings = Namings(*map(torch.from_numpy, (order, *cut_into_pieces(begins, count, kernels.longest_sum))))
    expected = np.zeros((num_rows, width))
    np.add.at(expected, named, values.double().numpy())
    np.testing.assert_allclose(kernels.add_up(values, namings).numpy(), expected[rows], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
@EVERY
@given(
    st.integers(0, 1000),
    st.integers(0, 60),
    st.integers(1, 5),
    st.sampled_from([1, 5, 32, 70]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([0.0, -1.5]),
    st.sampled_from([0.0, 0.7]),
)
def test_gathering_and_adding_up_in_one_is_one_after_the_other(
    kernels: Kernels, seed: int, count: int, num: int, dim: int, offset: int | None, scale: float, weight: float
) -> None:
    rng = np.random.default_rng(seed)
    gathered, segments = drawn(seed, num, count, dim), segments_of(rng, count)
    out, vector = normal(rng, 8, dim + 2), normal(rng, 8, dim + 2)
    present, values = normal(rng, count), normal(rng, count)
    column = None if offset is None else dim + offset
    expected = out.clone()
    numbers = present, values, scale, weight
    TORCH.add_segments(expected, segments, TORCH.products(gathered, dim + 2, column), vector, *numbers)
    kernels.add_gathered(out, segments, gathered, vector, *numbers, column)
    np.testing.assert_allclose(out.numpy(), expected.numpy(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
@EVERY
@given(st.integers(0, 1000), st.integers(2, loops.MOST_MEMBERS + 1), st.integers(1, 30), DIMENSIONS, st.floats(-2, 2))
def test_predictions_along_a_line_are_polynomials(
    kernels: Kernels, seed: int, arity: int, count: int, dim: int, alpha: float
) -> None:
    here = drawn(seed, arity, count, dim)
    steps = [each.matrix_ND for each in drawn(seed + 1, arity, count, dim)]
    found = kernels.predict_along(here, steps).double().numpy()
    moved = [Gathered(each.matrix_ND.double() + alpha * step.double(), each.rows_E) for each, step in zip(here, steps, strict=True)]
    longest = [
        Gathered(each.matrix_ND.double().abs() + abs(alpha) * step.double().abs(), each.rows_E)
        for each, step in zip(here, steps, strict=True)
    ]
    value = found @ alpha ** np.arange(found.shape[1])
    np.testing.assert_array_less(np.abs(value - product_of(moved).sum(1)), 1e-5 * product_of(longest).sum(1) + 1e-12)
    assert not found[:, arity + 1 :].any()


@pytest.mark.parametrize("few", [0, 1_000], ids=["rows alone", "all rows"])
@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
@pytest.mark.parametrize("rows", [[5, 2, 0], [], None])
def test_rows_move_by_adagrad(kernels: Kernels, few: int, rows: list[int] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generic, "_FEW", few)
    rng = np.random.default_rng(0)
    matrix, squares = normal(rng, 7, 3), normal(rng, 7, 3).abs()
    moved = list(range(7)) if rows is None else rows
    gradient = normal(rng, len(moved), 3)
    expected, sums = matrix.clone(), squares.clone()
    sums[moved] += gradient**2
    expected[moved] -= 0.3 * gradient / sums[moved].sqrt()
    kernels.adagrad([Move(matrix, squares, gradient, None if rows is None else torch.tensor(rows, dtype=torch.int64), 0.3)])
    torch.testing.assert_close(matrix, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(squares, sums)


@EVERY
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 20), DIMENSIONS)
def test_gradients_of_products_are_those_of_autograd(seed: int, arity: int, count: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    moved, centres, gradient = normal(rng, arity, count, dim), normal(rng, arity, dim), normal(rng, arity, count, dim)
    leaves = [each.double().requires_grad_() for each in (moved, centres)]
    ones = torch.ones(count, dim, dtype=torch.float64)
    others = [[k for k in range(arity) if k != left_out] for left_out in range(arity)]
    expected = torch.stack([leaves[0][rest].prod(0) * ones - leaves[1][rest].prod(0) for rest in others])
    (expected * gradient.double()).sum().backward()
    by_moved = leaves[0].grad
    # The centre is in what is multiplied as well.
    by_centres = by_moved.sum(1) + leaves[1].grad
    for kernels in (COMPILED, TORCH):
        torch.testing.assert_close(kernels.products_without_one(moved, centres).double(), expected.detach(), rtol=1e-3, atol=1e-3)
        found = kernels.carry(gradient, moved, centres)
        torch.testing.assert_close(found[0].double(), by_moved, rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(found[1].double(), by_centres, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("count", [0, 3, 256, 9000])
def test_dense_products_are_those_of_float64(count: int) -> None:
    rng = np.random.default_rng(count)
    left, right, weights = normal(rng, count, 5), normal(rng, count, 5), normal(rng, count).abs()
    for kernels in (COMPILED, TORCH):
        expected = (left.double() * weights[:, None].double()).T @ right.double()
        torch.testing.assert_close(kernels.gram(left, right, weights), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(kernels.dot(left, right), (left.double() * right.double()).sum(), rtol=1e-4, atol=1e-3)
        rows = [row for block in kernels.row_blocks(left) for row in range(count)[block]]
        assert rows == list(range(count))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
@pytest.mark.parametrize("kernels", [COMPILED, TORCH], ids=["compiled", "torch"])
def test_what_is_not_finite_stays_so(kernels: Kernels, wrong: float) -> None:
    """Divergence is noticed by such numbers: no kernel may be compiled as if there were none."""
    rng = np.random.default_rng(0)
    gathered, segments = drawn(0, 2, 12, 5), segments_of(rng, 12)
    gathered[0].matrix_ND[int(gathered[0].rows_E[3]), 2] = wrong
    out, vector, ones = torch.zeros(8, 5), torch.ones(8, 5), torch.ones(12)
    row, product = int(segments.rows_E[3]), kernels.products(gathered, 5)
    assert not product[3, 2].isfinite()
    kernels.add_segments(out, segments, product, vector, ones, ones, 1.0, 1.0)
    assert not out[row].isfinite().all()
    out.zero_()
    kernels.add_gathered(out, segments, gathered, vector, ones, ones, 1.0, 1.0, None)
    assert not out[row].isfinite().all()
    predicted = kernels.predict_along(gathered, [each.matrix_ND for each in gathered])
    assert not predicted[3, 0].isfinite()


def test_a_worker_without_a_gpu_of_its_own_computes_on_the_cpu() -> None:
    for device, num_workers in ((Device.AUTO, num_gpus() + 1), (Device.CPU, 1)):
        kernels = kernels_of(device, 0, num_workers)
        assert isinstance(kernels, CompiledKernels)
        assert kernels.process_group == "gloo"
        assert (kernels.name, kernels.hardware) == ("cpu", "CPU")


@pytest.mark.parametrize(
    ("there", "workers", "what"), [(0, 1, "torch sees no GPU"), (2, 3, "3 workers need as many GPUs, and torch sees 2")]
)
def test_gpus_that_were_asked_for_and_are_not_there_are_an_error(
    there: int, workers: int, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "num_gpus", lambda: there)
    with pytest.raises(ConfigurationError, match=what):
        kernels_of(Device.CUDA, 0, workers)
    assert not hardware.uses_gpus(Device.AUTO, workers)
