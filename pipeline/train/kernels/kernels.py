"""What training computes with, in torch's operations: it runs on any device, and says what the compiled loops have to give.

Gathered rows are multiplied, segments of hyperedges are added up, sparse and tall matrices are multiplied. Every sum has one fixed
order, so that the same device gives the same bits again. Shapes: E hyperedges of a tile, S rows of a tile, K members of a hyperedge
that are multiplied, N entities, D embedding_dim, W columns of a modality's matrix, C coefficients.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import embedding_bag

from pipeline.train.kernels.sparse_matrix import SparseMatrix

_SUMMED = 256
"""Rows whose products are added up in float32 before the sum goes on in float64."""
_FEW = 4_194_304
"""Entries of a matrix of which Adagrad takes all: 16 MiB, which a GPU reads and writes in some microseconds."""
_NOT_ZERO = 1e-10
"""What is added to a root before something is divided by it."""


class Gathered(NamedTuple):
    """Rows of a matrix, one per hyperedge.

    Attributes
    ----------
    matrix_ND
        Float32; its rows lie one after another, perhaps with other columns between them.
    rows_E
        Which rows, int32.
    """

    matrix_ND: Tensor
    rows_E: Tensor


class Move(NamedTuple):
    """What Adagrad moves in one step.

    Attributes
    ----------
    matrix_NW
        What moves.
    squares_NW
        Σ g² of all steps so far.
    gradient_RW
        g, of the rows that move (R × W).
    rows_R
        Which rows, each once; all of them where it is None.
    step_size
        How far an entry moves the first time.
    """

    matrix_NW: Tensor
    squares_NW: Tensor
    gradient_RW: Tensor
    rows_R: Tensor | None
    step_size: float


class Namings(NamedTuple):
    """Which namings of rows are of the same row, cut into pieces that are not too long.

    Attributes
    ----------
    order_M
        The namings, row by row.
    begins_P
        Where each piece begins among them.
    firsts_R
        Where each row's pieces begin among the pieces.
    """

    order_M: Tensor
    begins_P: Tensor
    firsts_R: Tensor


@dataclass(frozen=True)
class Segments:
    """Which consecutive hyperedges belong to which row.

    Attributes
    ----------
    first_row
        The first row that has any.
    offsets_S
        Where the hyperedges of that row and of each one after it, up to the last, begin, int32.
    rows_E
        The row of each hyperedge, ascending, int32.
    numbers_E
        0 … E−1, int32.
    pieces
        The same with long rows cut, for kernels that add up the hyperedges of a row one after another; None where none is long.
    """

    first_row: int
    offsets_S: Tensor
    rows_E: Tensor
    numbers_E: Tensor
    pieces: Namings | None = None

    @property
    def rows(self) -> slice:
        """The rows."""
        return slice(self.first_row, self.first_row + len(self.offsets_S))


class Kernels:
    """Torch's operations on a device.

    Parameters
    ----------
    device
        Where the tensors are.
    """

    tile_size = 1_048_576
    """Most hyperedges of a tile: a launch must carry enough work; a gathered operand is 128 MiB at 32 dimensions."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._tables: dict[tuple[int, int], Tensor] = {}

    longest_sum: int | None = 128
    """How many numbers one thread adds up by itself; None where a thread is as quick as any."""

    @property
    def product_bytes(self) -> int:
        """Row products are kept between the steps of one solve while they fit in this; those of other tiles are made in every step.

        On 2 cores a step takes twice as long then (34 ms instead of 18 for 10^6 hyperedges, K = 4, D = 32), and their memory would
        be several times that of the hyperedges; a GPU has room for all of a usual type's.
        """
        if self.device.type == "cpu":
            return 16 * 1024 * 1024
        return int(torch.cuda.get_device_properties(self.device).total_memory) // 8

    def host_threads(self, cores: int) -> int:
        """Threads that give the device work, of so many that there are: what they started would only wait for each other there."""
        return cores if self.device.type == "cpu" else 1

    def rows_here(self, host: Sequence[Tensor]) -> list[Tensor]:
        """Bring numbers of rows, each a vector on the CPU, to the device: all in one transfer."""
        if self.device.type == "cpu":
            return list(host)
        return list(torch.split(torch.cat(list(host)).to(self.device), [len(rows) for rows in host]))

    def finish(self) -> None:
        """Wait until all that was started is done, so that what failed is told here."""
        if self.device.type != "cpu":
            torch.cuda.synchronize(self.device)

    @property
    def name(self) -> str:
        """What a run's report calls the hardware: ``cpu`` or ``cuda``."""
        return self.device.type

    @property
    def hardware(self) -> str:
        """What a person calls it: ``CPU``, or the name of the GPU."""
        return "CPU" if self.device.type == "cpu" else torch.cuda.get_device_name(self.device)

    @property
    def process_group(self) -> str:
        """What workers with such a device talk over, as torch.distributed names it."""
        return "nccl" if self.device.type == "cuda" else "gloo"

    def row_blocks(self, matrix_ND: Tensor) -> Iterator[slice]:
        """Cut a matrix into blocks of consecutive rows such that what is made of one in between stays near: here, one block."""
        return iter((slice(0, len(matrix_ND)),))

    def multiply_rows(self, out_EW: Tensor, gathered: Sequence[Gathered]) -> None:
        """Write the products of gathered rows (E × D) to the first D columns."""
        first, *others = gathered
        product_ED = first.matrix_ND.index_select(0, first.rows_E)
        for other in others:
            product_ED.mul_(other.matrix_ND.index_select(0, other.rows_E))
        out_EW[:, : product_ED.shape[1]] = product_ED

    def add_segments(
        self,
        out_NW: Tensor,
        segments: Segments,
        product_EW: Tensor,
        vector_NW: Tensor,
        present_E: Tensor,
        values_E: Tensor,
        scale: float,
        weight: float,
    ) -> None:
        """Add Σ_e (weight · x_e + scale · c_e ⟨p_e, v_i⟩) p_e, the sum over the hyperedges of row i, to every row i.

        Parameters
        ----------
        out_NW
            Where to.
        segments
            The rows' hyperedges.
        product_EW
            p.
        vector_NW
            v; does not matter where the scale is 0.
        present_E, values_E
            c and x; do not matter where the scale, or the weight, is 0.
        scale, weight
            Of the two parts.
        """
        weights_E = values_E * weight if weight else torch.zeros_like(values_E)
        if scale:
            own_EW = vector_NW.index_select(0, segments.rows_E)
            weights_E.add_(own_EW.mul_(product_EW).sum(1).mul_(present_E), alpha=scale)
        if segments.pieces is None:
            sums = embedding_bag(segments.numbers_E, product_EW, segments.offsets_S, mode="sum", per_sample_weights=weights_E)
        else:
            sums = _add_pieces(product_EW, segments.pieces, weights_E)
        out_NW[segments.rows].add_(sums)

    def segments(self, rows_E: npt.NDArray[np.int32], numbers_E: Tensor) -> Segments:
        """Find the rows' hyperedges.

        Parameters
        ----------
        rows_E
            The row of each hyperedge, ascending.
        numbers_E
            0 … E−1, int32, on the device.
        """
        offsets_S = np.searchsorted(rows_E, np.arange(rows_E[0], rows_E[-1] + 1)).astype(np.int32)
        offsets, rows = torch.from_numpy(offsets_S).to(self.device), torch.from_numpy(rows_E).to(self.device)
        return Segments(int(rows_E[0]), offsets, rows, numbers_E, self._pieces(offsets_S, numbers_E))

    def _pieces(self, offsets_S: npt.NDArray[np.int32], numbers_E: Tensor) -> Namings | None:
        count = len(numbers_E)
        if self.longest_sum is None or np.diff(offsets_S, append=count).max() <= self.longest_sum:
            return None
        cut = cut_into_pieces(offsets_S.astype(np.int64), count, self.longest_sum)
        begins_P, firsts_S = (torch.from_numpy(each.astype(np.int32)).to(self.device) for each in cut)
        return Namings(numbers_E, begins_P, firsts_S)

    def add_gathered(
        self,
        out_NW: Tensor,
        segments: Segments,
        gathered: Sequence[Gathered],
        vector_NW: Tensor,
        present_E: Tensor,
        values_E: Tensor,
        scale: float,
        weight: float,
        column: int | None,
    ) -> None:
        """Add what `add_segments` adds, for p the product of gathered rows.

        Parameters
        ----------
        out_NW, segments, vector_NW, present_E, values_E, scale, weight
            As there.
        gathered
            What p is the product of.
        column
            Where p has a further column, of ones.
        """
        product_EW = self.products(gathered, out_NW.shape[1], column)
        self.add_segments(out_NW, segments, product_EW, vector_NW, present_E, values_E, scale, weight)

    def products(self, gathered: Sequence[Gathered], width: int, column: int | None = None) -> Tensor:
        """Give the products of gathered rows (E × W); columns after the first D are zeros, but for one of ones if there is one."""
        product_EW = torch.empty(len(gathered[0].rows_E), width, device=self.device)
        product_EW[:, gathered[0].matrix_ND.shape[1] :] = 0
        if column is not None:
            product_EW[:, column] = 1
        self.multiply_rows(product_EW, gathered)
        return product_EW

    def predict_along(self, here: Sequence[Gathered], steps: Sequence[Tensor]) -> Tensor:
        """Give, per hyperedge, the coefficients in α of the sum over the columns of Π_k (a_k + α s_k).

        Parameters
        ----------
        here
            The rows a of all K members.
        steps
            The matrices (N × D) whose same rows are s.

        Returns
        -------
        Tensor
            By ascending power of α (E × C, C > K); those above the K-th are zero.
        """
        powers: list[Tensor] = []
        for member, step_ND in zip(here, steps, strict=True):
            own_ED, step_ED = member.matrix_ND.index_select(0, member.rows_E), step_ND.index_select(0, member.rows_E)
            if not powers:
                powers = [own_ED, step_ED]
                continue
            raised = [power_ED * step_ED for power_ED in powers]
            for power_ED in powers:
                power_ED.mul_(own_ED)
            for j, raised_ED in enumerate(raised[:-1]):
                powers[j + 1].add_(raised_ED)
            powers.append(raised[-1])
        return torch.stack([power_ED.sum(1) for power_ED in powers], 1)

    def asked_together(self, sizes: Sequence[int]) -> list[list[int]]:
        """Which slots of a batch, by their numbers of candidates, are one piece of work: those with as many."""
        return [[slot for slot, other in enumerate(sizes) if other == size] for size in dict.fromkeys(sizes)]

    def products_without_one(self, moved_KBD: Tensor, centres_KD: Tensor) -> Tensor:
        """Give Π_{j≠k} u_j − Π_{j≠k} c_j for every position k (K × B × D)."""
        others = self._others(len(moved_KBD), 1)
        return moved_KBD[others].prod(1).sub_(centres_KD[others].prod(1)[:, None])

    def carry(self, gradient_KBD: Tensor, moved_KBD: Tensor, centres_KD: Tensor) -> tuple[Tensor, Tensor]:
        """Carry gradients g_k by `products_without_one` on to what is multiplied.

        Returns
        -------
        by_moved
            Σ_{k≠j} g_k Π_{i≠j,k} u_i for every position j (K × B × D).
        by_centres
            Σ_b Σ_{k≠j} g_k (Π_{i≠j,k} u_i − Π_{i≠j,k} c_i): as u, which holds c, and as what is taken off (K × D).
        """
        arity = len(moved_KBD)
        others, rest = self._others(arity, 1).flatten(), self._others(arity, 2)
        parts = moved_KBD[rest].prod(1).mul_(gradient_KBD[others])
        alone = centres_KD[rest].prod(1) * gradient_KBD.sum(1)[others]
        by_centres = (parts.sum(1) - alone).view(arity, arity - 1, -1).sum(1)
        return parts.view(arity, arity - 1, *parts.shape[1:]).sum(1), by_centres

    def _others(self, arity: int, left_out: int) -> Tensor:
        """For every position, or every two, one after the other, which others there are."""
        key = arity, left_out
        if key not in self._tables:
            chosen = permutations(range(arity), left_out)
            table = [[other for other in range(arity) if other not in out] for out in chosen]
            self._tables[key] = torch.tensor(table, dtype=torch.int64, device=self.device).reshape(len(table), arity - left_out)
        return self._tables[key]

    def adagrad(self, moves: Sequence[Move]) -> None:
        """Move rows against their gradient by Adagrad (Duchi, Hazan, Singer 2011)."""
        few = [move for move in moves if move.matrix_NW.numel() <= _FEW]
        if few:
            # What has no gradient does not move: all rows of small matrices take fewer launches than some of them.
            matrices, squares = [move.matrix_NW for move in few], [move.squares_NW for move in few]
            gradients = [_of_all_rows(move) for move in few]
            torch._foreach_addcmul_(squares, gradients, gradients)
            roots = torch._foreach_sqrt(squares)
            torch._foreach_add_(roots, _NOT_ZERO)
            torch._foreach_addcdiv_(matrices, gradients, roots, [-move.step_size for move in few])
        for matrix_NW, squares_NW, gradient_RW, rows_R, step_size in moves:
            if matrix_NW.numel() > _FEW:
                chosen = slice(None) if rows_R is None else rows_R
                squares_RW = squares_NW[chosen].addcmul(gradient_RW, gradient_RW)
                squares_NW[chosen] = squares_RW
                roots_RW = squares_RW.sqrt_().add_(_NOT_ZERO)
                matrix_NW[chosen] = matrix_NW[chosen].addcdiv(gradient_RW, roots_RW, value=-step_size)

    def add_up(self, values_MW: Tensor, namings: Namings) -> Tensor:
        """Add up what is said of each row (R × W), in a fixed order."""
        return _add_pieces(values_MW, namings)

    def sparse(self, matrix: sparse.csr_array) -> SparseMatrix:
        """Lay out a sparse matrix for products with tall ones."""
        return SparseMatrix.on(matrix, self.device)

    def gram(self, left_ND: Tensor, right_ND: Tensor, weights_N: Tensor) -> Tensor:
        """Give Aᵀ diag(q) B (D × D, float64)."""
        dim = left_ND.shape[1]
        total_DD = torch.zeros(dim, dim, dtype=torch.float64, device=self.device)
        for rows in self.row_blocks(left_ND):
            weighted_BD, other_BD = left_ND[rows] * weights_N[rows, None], right_ND[rows]
            num_sums = len(weighted_BD) // _SUMMED
            whole = num_sums * _SUMMED
            left, right = (each_BD[:whole].reshape(num_sums, _SUMMED, dim) for each_BD in (weighted_BD, other_BD))
            total_DD += torch.bmm(left.transpose(1, 2), right).sum(0, dtype=torch.float64)
            if whole < len(weighted_BD):
                total_DD += weighted_BD[whole:].double().T @ other_BD[whole:].double()
        return total_DD

    def dot(self, left_ND: Tensor, right_ND: Tensor) -> Tensor:
        """Add up the products of two matrices' entries, rows in float32 and over rows in float64."""
        sums = [(left_ND[rows] * right_ND[rows]).sum(1) for rows in self.row_blocks(left_ND)]
        return torch.cat(sums or [left_ND.new_zeros(0)]).sum(dtype=torch.float64)


def _add_pieces(values_MW: Tensor, namings: Namings, weights_M: Tensor | None = None) -> Tensor:
    """Add up the pieces of rows (R × W) side by side, their values times weights if there are any, and then each row's pieces."""
    sums_PW = embedding_bag(namings.order_M, values_MW, namings.begins_P, mode="sum", per_sample_weights=weights_M)
    numbers_P = torch.arange(len(sums_PW), dtype=namings.firsts_R.dtype, device=sums_PW.device)
    return embedding_bag(numbers_P, sums_PW, namings.firsts_R, mode="sum")


def _of_all_rows(move: Move) -> Tensor:
    """A move's gradient of all rows (N × W)."""
    if move.rows_R is None:
        return move.gradient_RW
    gradient_NW = torch.zeros_like(move.matrix_NW)
    gradient_NW[move.rows_R] = move.gradient_RW
    return gradient_NW


def cut_into_pieces(
    begins_S: npt.NDArray[np.int64], count: int, longest: int | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Cut consecutive segments into pieces.

    Parameters
    ----------
    begins_S
        Where each segment begins.
    count
        Where the last one ends.
    longest
        Length of the longest piece; None cuts nothing.

    Returns
    -------
    begins_P
        Where each piece begins.
    firsts_S
        Where each segment's pieces begin among them.
    """
    if longest is None:
        return begins_S, np.arange(len(begins_S))
    counts_S = -(-np.diff(begins_S, append=count) // longest)
    firsts_S = np.cumsum(counts_S) - counts_S
    within_P = np.arange(counts_S.sum()) - np.repeat(firsts_S, counts_S)
    return np.repeat(begins_S, counts_S) + longest * within_P, firsts_S
