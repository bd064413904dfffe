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
    num_hyperedges
        Number of hyperedges.
    is_weighted
        Whether any `Tile.present_E` is not zero; with the full norm none is.
    tiles
        The hyperedges.
    sample
        Some of them, evenly spread; the same ones however tiles are cut.
    kernels
        What computes with them.
    """

    label: str
    modalities: tuple[str, ...]
    position: int
    num_hyperedges: int
    is_weighted: bool
    tiles: tuple[Tile, ...]
    sample: tuple[Tile, ...]
    kernels: Kernels


def unfold(term: TensorTerm, position: int, kernels: Kernels) -> Unfolding:
    """Sort a type's hyperedges by the row at a position and cut them into tiles on the kernels' device."""
    hyperedges = term.hyperedges
    order_E = np.argsort(hyperedges.members_EK[:, position], kind="stable")
    members_KE = np.empty((len(hyperedges.modalities), len(order_E)), dtype=np.int32)
    for column_E, given_E in zip(members_KE, hyperedges.members_EK.T, strict=True):
        column_E[:] = given_E[order_E]
    values_E = hyperedges.values_E[order_E].astype(np.float32, copy=False)
    present_E = term.present_weights_E[order_E]
    whole = members_KE, values_E, present_E
    stride = max(1, -(-len(values_E) // _SAMPLED))
    tiles = _tiles(whole, position, kernels)
    sample = tiles if stride == 1 else _tiles(tuple(np.ascontiguousarray(each[..., ::stride]) for each in whole), position, kernels)
    return Unfolding(term.label, hyperedges.modalities, position, len(values_E), bool(present_E.any()), tiles, sample, kernels)


def _tiles(hyperedges: tuple[npt.NDArray[Any], ...], position: int, kernels: Kernels) -> tuple[Tile, ...]:
    """Cut hyperedges, given by members (K × E), values and present weights, into tiles."""
    members_KE, values_E, present_E = hyperedges
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
