"""A hyperedge type seen from one of its positions: the hyperedges sorted by the row there, cut into tiles.

A mode-k unfolding X_(k) of a sparse tensor, with the column index kept as the other members' rows. Everything that is gathered
for one tile stays in the processor's cache until it has been added up: on 2 cores that makes the sum over 10^6 hyperedges ten
times quicker than one gather over all of them. Shapes: E hyperedges of a tile, K arity, N entities, D embedding_dim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.train.kernels.kernels import Gathered, Kernels, Segments
from pipeline.train.problem.problem import TensorTerm

_SAMPLED = 65_536
"""Most hyperedges of a sample."""


@dataclass(frozen=True)
class Tile:
    """Consecutive hyperedges in the order of the rows at one position.

    Attributes
    ----------
    members_KE
        Rows of the members, int32, by position.
    values_E
        Values of the hyperedges.
    present_E
        Their `TensorTerm.present_weights_E`.
    segments
        Which of them belong to which row at the sorted position.
    """

    members_KE: tuple[Tensor, ...]
    values_E: Tensor
    present_E: Tensor
    segments: Segments

    def others(self, unfolding: "Unfolding", factors: Mapping[str, Tensor]) -> list[Gathered]:
        """The rows of the members that are not at the sorted position, of the factors (N × D) by modality label."""
        return [
            Gathered(factors[label], rows_E)
            for position, (label, rows_E) in enumerate(zip(unfolding.modalities, self.members_KE, strict=True))
            if position != unfolding.position
        ]


@dataclass(frozen=True)
class Unfolding:
    """The hyperedges of one type, sorted by the row at one position.

    Attributes
    ----------
    label
        Label of the hyperedge type.
    modalities
        Labels of the members' modalities, by position.
    position
        The position sorted by.
    rows
        Which rows at that position it has the hyperedges of: all, or a worker's. They are numbered from the first of them.
    num_hyperedges
        Number of hyperedges of the type.
    is_weighted
        Whether any `Tile.present_E` is not zero; with the full norm none is.
    tiles
        The rows' hyperedges.
    sample
        Some of all, evenly spread; the same ones however tiles and rows are cut.
    kernels
        What computes with them.
    """

    label: str
    modalities: tuple[str, ...]
    position: int
    rows: slice
    num_hyperedges: int
    is_weighted: bool
    tiles: tuple[Tile, ...]
    sample: tuple[Tile, ...]
    kernels: Kernels


def unfold(term: TensorTerm, position: int, kernels: Kernels, rows: slice = slice(None)) -> Unfolding:
    """Sort a type's hyperedges by the row at a position and cut those of some rows into tiles on the kernels' device."""
    count, rows_E = term.hyperedges.num_hyperedges, term.hyperedges.members_EK[:, position]
    order_E = np.argsort(rows_E, kind="stable")
    begin, end, first = 0, count, 0
    if rows != slice(None):
        begin, end = np.searchsorted(rows_E, [rows.start, rows.stop], sorter=order_E)
        first = rows.start
    present_E = term.present_weights_E
    stride = max(1, -(-count // _SAMPLED))
    tiles = _tiles(_in_order(term, present_E, order_E[begin:end]), position, kernels, first)
    same = stride == 1 and end - begin == count
    sample = tiles if same else _tiles(_in_order(term, present_E, order_E[::stride]), position, kernels)
    return Unfolding(term.label, term.modalities, position, rows, count, bool(present_E.any()), tiles, sample, kernels)


def _in_order(term: TensorTerm, present_E: npt.NDArray[np.float32], order_E: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], ...]:
    """Give members (K × E), values and present weights of some hyperedges, by their numbers."""
    members_KE = np.empty((len(term.modalities), len(order_E)), dtype=np.int32)
    for column_E, given_E in zip(members_KE, term.hyperedges.members_EK.T, strict=True):
        column_E[:] = given_E[order_E]
    return members_KE, term.hyperedges.values_E[order_E].astype(np.float32, copy=False), present_E[order_E]


def _tiles(hyperedges: tuple[npt.NDArray[Any], ...], position: int, kernels: Kernels, first_row: int = 0) -> tuple[Tile, ...]:
    """Cut hyperedges, given by members (K × E), values and present weights, into tiles."""
    members_KE, values_E, present_E = hyperedges
    members_KE[position] -= first_row
    device = kernels.device
    numbers = torch.arange(min(kernels.tile_size, len(values_E)), dtype=torch.int32, device=device)
    tiles: list[Tile] = []
    begin = 0
    while begin < len(values_E):
        end = _end_of_tile(members_KE[position], begin, kernels.tile_size)
        rows_E = members_KE[position, begin:end]
        segments = kernels.segments(rows_E, numbers[: end - begin])
        members = tuple(
            segments.rows_E if k == position else torch.from_numpy(column_E).to(device)
            for k, column_E in enumerate(members_KE[:, begin:end])
        )
        values, present = (torch.from_numpy(each_E[begin:end]).to(device) for each_E in (values_E, present_E))
        tiles.append(Tile(members, values, present, segments))
        begin = end
    return tuple(tiles)


def _end_of_tile(rows_E: npt.NDArray[np.int32], begin: int, size: int) -> int:
    """End a tile before the row that would not fit as a whole; a row longer than a tile is cut."""
    end = begin + size
    if end >= len(rows_E):
        return len(rows_E)
    start_of_row = int(np.searchsorted(rows_E, rows_E[end]))
    return start_of_row if start_of_row > begin else end
