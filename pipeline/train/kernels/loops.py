"""The loops over hyperedges on a CPU, compiled: rows are gathered, multiplied and added up without a step through memory.

Torch has no operation that gathers rows of several matrices and multiplies them; gathered one matrix at a time, every product
goes through the processor's cache once more for each member. Compiled, the same takes 0.6 of the time, and, since the rows that
come next are asked for ahead, not much more than a copy of the gathered bytes would. The kernels release the interpreter lock, run
on the thread that calls them, and add up in one fixed order. They read rows without checking them: a `Hypergraph` has checked its
own when it was made. Shapes: E hyperedges of a tile, S rows of a tile, K arity, M members of a hyperedge that are multiplied,
D embedding_dim, W columns of a modality's matrix.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import carray, njit, types  # type: ignore[attr-defined]

from pipeline.train.kernels.pointers import floats_at, prefetch, rows_at
from pipeline.train.kernels.registers import REORDERED, load, store, total

Floats = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]

MOST_MEMBERS = 6
"""Largest arity that `predict_along` takes."""
_AHEAD = 8
"""Hyperedges between the one whose rows are asked for and the one that is worked on."""
_LINE = 64
"""Bytes of a cache line."""

_MATRIX, _VECTOR, _POINTERS = types.float32[:, ::1], types.float32[::1], types.int64[::1]


def _compiled(*arguments: object) -> Any:  # noqa: ANN401 - numba's
    """Compile when this module is imported, or take what an earlier process compiled."""
    return njit(types.void(*arguments), nogil=True, fastmath=set(REORDERED), error_model="numpy", cache=True)


@_compiled(_MATRIX, _POINTERS, _POINTERS, _POINTERS, types.int64)  # type: ignore[untyped-decorator]
def multiply_rows(out_ED: Floats, factors_M: Pointers, strides_M: Pointers, members_M: Pointers, last: int) -> None:
    """Write the products of rows of M matrices.

    Parameters
    ----------
    out_ED
        Where to; its first columns may be all that the factors have.
    factors_M, strides_M
        Addresses of float32 matrices, and bytes from row to row.
    members_M
        Addresses of the rows to take, E int32 each.
    last
        D.
    """
    num, embedding_dim = len(factors_M), np.uintp(last)
    final = len(out_ED) - 1
    for e in range(len(out_ED)):
        ahead = min(e + _AHEAD, final)
        for m in range(num):
            row = factors_M[m] + carray(rows_at(members_M[m]), final + 1)[np.uintp(ahead)] * strides_M[m]
            for byte in range(0, 4 * last, _LINE):
                prefetch(row + byte)
        product_D = out_ED[np.uintp(e)]
        row = factors_M[0] + carray(rows_at(members_M[0]), final + 1)[np.uintp(e)] * strides_M[0]
        first_D = carray(floats_at(row), last)
        if num == 1:
            for d in range(embedding_dim):
                product_D[d] = first_D[d]
            continue
        row = factors_M[1] + carray(rows_at(members_M[1]), final + 1)[np.uintp(e)] * strides_M[1]
        second_D = carray(floats_at(row), last)
        if num == 2:
            for d in range(embedding_dim):
                product_D[d] = first_D[d] * second_D[d]
            continue
        row = factors_M[2] + carray(rows_at(members_M[2]), final + 1)[np.uintp(e)] * strides_M[2]
        third_D = carray(floats_at(row), last)
        for d in range(embedding_dim):
            product_D[d] = first_D[d] * second_D[d] * third_D[d]
        for m in range(3, num):
            row = factors_M[m] + carray(rows_at(members_M[m]), final + 1)[np.uintp(e)] * strides_M[m]
            other_D = carray(floats_at(row), last)
            for d in range(embedding_dim):
                product_D[d] *= other_D[d]


@_compiled(  # type: ignore[untyped-decorator]
    _MATRIX, types.int32[::1], _MATRIX, _MATRIX, _VECTOR, _VECTOR, types.float64, types.float64
)
def add_segments(
    out_SW: Floats,
    offsets_S: npt.NDArray[np.int32],
    product_EW: Floats,
    vector_SW: Floats,
    present_E: Floats,
    values_E: Floats,
    scale: float,
    weight: float,
) -> None:
    """Add Σ_e (weight · x_e + scale · c_e ⟨p_e, v_i⟩) p_e, the sum over the hyperedges of row i, to row i of a tile's rows.

    Parameters
    ----------
    out_SW
        Where to.
    offsets_S
        Where each row's hyperedges begin.
    product_EW
        p.
    vector_SW
        v; not read where the scale is 0.
    present_E, values_E
        c and x; not read where the scale, or the weight, is 0.
    scale, weight
        Of the two parts.
    """
    num_rows, width = len(offsets_S), np.uintp(product_EW.shape[1])
    scale32, weight32 = np.float32(scale), np.float32(weight)
    for s in range(num_rows):
        begin = offsets_S[np.uintp(s)]
        end = offsets_S[np.uintp(s + 1)] if s + 1 < num_rows else len(product_EW)
        out_W = out_SW[np.uintp(s)]
        vector_W = vector_SW[np.uintp(s)]
        for e in range(begin, end):
            product_W = product_EW[np.uintp(e)]
            factor = np.float32(0)
            if weight32 != 0:
                factor += weight32 * values_E[np.uintp(e)]
            if scale32 != 0:
                dot = np.float32(0)
                for d in range(width):
                    dot += product_W[d] * vector_W[d]
                factor += scale32 * present_E[np.uintp(e)] * dot
            for d in range(width):
                out_W[d] += factor * product_W[d]


@cache
def add_gathered(size: int) -> Any:  # noqa: ANN401 - numba's
    """Give the kernel that does `multiply_rows` and `add_segments` in one, for factors of so many columns.

    A row's sum, the vector and the product stay in registers; nothing is written between. Compiled, in half a second, when it is
    first asked for, or taken from an earlier process. Its arguments:

    out, vector
        Addresses of row 0 of the tile in the matrices that `add_segments` takes.
    stride
        Bytes from row to row in both.
    offsets_S, present_E, values_E, scale, weight
        As for `add_segments`.
    factors_M, strides_M, members_M
        As for `multiply_rows`.
    column
        Where p has a further column of ones; 0 where it has none.
    """

    def add(
        out: int,
        vector: int,
        stride: int,
        offsets_S: npt.NDArray[np.int32],
        factors_M: Pointers,
        strides_M: Pointers,
        members_M: Pointers,
        present_E: Floats,
        values_E: Floats,
        scale: float,
        weight: float,
        column: int,
    ) -> None:
        num_rows, num, count = len(offsets_S), len(factors_M), len(values_E)
        scale32, weight32 = np.float32(scale), np.float32(weight)
        for s in range(num_rows):
            begin = offsets_S[np.uintp(s)]
            end = offsets_S[np.uintp(s + 1)] if s + 1 < num_rows else count
            sum_D, vector_D = load(out + s * stride, size), load(vector + s * stride, size)
            offset = carray(floats_at(vector + s * stride), column + 1)[column]
            offset_sum = np.float32(0)
            for e in range(begin, end):
                ahead = min(e + _AHEAD, count - 1)
                for m in range(num):
                    row = factors_M[m] + carray(rows_at(members_M[m]), count)[np.uintp(ahead)] * strides_M[m]
                    for byte in range(0, 4 * size, _LINE):
                        prefetch(row + byte)
                product_D = load(factors_M[0] + carray(rows_at(members_M[0]), count)[np.uintp(e)] * strides_M[0], size)
                for m in range(1, num):
                    row = factors_M[m] + carray(rows_at(members_M[m]), count)[np.uintp(e)] * strides_M[m]
                    product_D = product_D * load(row, size)
                factor = np.float32(0)
                if weight32 != 0:
                    factor += weight32 * values_E[np.uintp(e)]
                if scale32 != 0:
                    dot = total(product_D * vector_D)
                    if column:
                        dot += offset
                    factor += scale32 * present_E[np.uintp(e)] * dot
                sum_D = sum_D + product_D * factor
                offset_sum += factor
            store(out + s * stride, sum_D)
            if column:
                carray(floats_at(out + s * stride), column + 1)[column] += offset_sum

    rows, numbers = (types.int64, types.int64, types.int64), (types.float64, types.float64, types.int64)
    return _compiled(*rows, types.int32[::1], _POINTERS, _POINTERS, _POINTERS, _VECTOR, _VECTOR, *numbers)(add)


@_compiled(  # type: ignore[untyped-decorator]
    _MATRIX, _POINTERS, _POINTERS, _POINTERS, _POINTERS, types.int64, types.int64
)
def predict_along(
    out_EC: Floats, factors_K: Pointers, steps_K: Pointers, strides_K: Pointers, members_K: Pointers, num: int, last: int
) -> None:
    """Write, per hyperedge, the coefficients in α of the sum over the columns of Π_k (a_k + α s_k).

    Pairs of members make quadratic polynomials, which are multiplied: a loop that only adds up is one that the compiler can lay
    out side by side.

    Parameters
    ----------
    out_EC
        Where to, by ascending power, `MOST_MEMBERS` + 1 of them.
    factors_K, steps_K, strides_K
        Addresses of A and S, and bytes from row to row, which are the same in both; six, of which the last ones may be a row of
        ones and a row of zeros with a stride of 0.
    members_K
        Addresses of the members' rows, E int32 each; six.
    num
        How many of the six are members.
    last
        D.
    """
    embedding_dim, size = np.uintp(last), len(out_EC)
    for e in range(size):
        ahead = min(e + _AHEAD, size - 1)
        for k in range(num):
            shift = carray(rows_at(members_K[k]), size)[np.uintp(ahead)] * strides_K[k]
            for byte in range(0, 4 * last, _LINE):
                prefetch(factors_K[k] + shift + byte)
                prefetch(steps_K[k] + shift + byte)
        shift = carray(rows_at(members_K[0]), size)[np.uintp(e)] * strides_K[0]
        a, a_step = carray(floats_at(factors_K[0] + shift), last), carray(floats_at(steps_K[0] + shift), last)
        shift = carray(rows_at(members_K[1]), size)[np.uintp(e)] * strides_K[1]
        b, b_step = carray(floats_at(factors_K[1] + shift), last), carray(floats_at(steps_K[1] + shift), last)
        shift = carray(rows_at(members_K[2]), size)[np.uintp(e)] * strides_K[2]
        c, c_step = carray(floats_at(factors_K[2] + shift), last), carray(floats_at(steps_K[2] + shift), last)
        shift = carray(rows_at(members_K[3]), size)[np.uintp(e)] * strides_K[3]
        d, d_step = carray(floats_at(factors_K[3] + shift), last), carray(floats_at(steps_K[3] + shift), last)
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = np.float32(0)
        if num <= 4:
            for r in range(embedding_dim):
                p0, p1, p2 = a[r] * b[r], a[r] * b_step[r] + a_step[r] * b[r], a_step[r] * b_step[r]
                q0, q1, q2 = c[r] * d[r], c[r] * d_step[r] + c_step[r] * d[r], c_step[r] * d_step[r]
                s0 += p0 * q0
                s1 += p0 * q1 + p1 * q0
                s2 += p0 * q2 + p1 * q1 + p2 * q0
                s3 += p1 * q2 + p2 * q1
                s4 += p2 * q2
        else:
            shift = carray(rows_at(members_K[4]), size)[np.uintp(e)] * strides_K[4]
            f, f_step = carray(floats_at(factors_K[4] + shift), last), carray(floats_at(steps_K[4] + shift), last)
            shift = carray(rows_at(members_K[5]), size)[np.uintp(e)] * strides_K[5]
            g, g_step = carray(floats_at(factors_K[5] + shift), last), carray(floats_at(steps_K[5] + shift), last)
            for r in range(embedding_dim):
                p0, p1, p2 = a[r] * b[r], a[r] * b_step[r] + a_step[r] * b[r], a_step[r] * b_step[r]
                q0, q1, q2 = c[r] * d[r], c[r] * d_step[r] + c_step[r] * d[r], c_step[r] * d_step[r]
                t0, t1, t2 = f[r] * g[r], f[r] * g_step[r] + f_step[r] * g[r], f_step[r] * g_step[r]
                u0, u1, u2, u3, u4 = p0 * q0, p0 * q1 + p1 * q0, p0 * q2 + p1 * q1 + p2 * q0, p1 * q2 + p2 * q1, p2 * q2
                s0 += u0 * t0
                s1 += u0 * t1 + u1 * t0
                s2 += u0 * t2 + u1 * t1 + u2 * t0
                s3 += u1 * t2 + u2 * t1 + u3 * t0
                s4 += u2 * t2 + u3 * t1 + u4 * t0
                s5 += u3 * t2 + u4 * t1
                s6 += u4 * t2
        out_C = out_EC[np.uintp(e)]
        out_C[0], out_C[1], out_C[2], out_C[3], out_C[4], out_C[5], out_C[6] = s0, s1, s2, s3, s4, s5, s6
