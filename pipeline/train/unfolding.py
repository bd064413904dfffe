"""A hyperedge type seen from one of its positions: the hyperedges sorted by the row there, cut into tiles.

A mode-k unfolding X_(k) of a sparse tensor, with the column index kept as the other members' rows. Everything that is gathered
for one tile stays in the processor's cache until it has been added up: on 2 cores that makes the sum over 10^6 hyperedges ten
times quicker than one gather over all of them. Shapes: E hyperedges of a tile, S rows of a tile, from its first to its last, K
arity, W columns of a modality's matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from pipeline.train import kernels
from pipeline.train.problem import TensorTerm

CPU_TILE = 4_096
"""Hyperedges of a tile on a CPU: 4096 × 32 × 4 bytes = half a MiB a gathered operand."""
GPU_TILE = 1_048_576
"""Hyperedges of a tile on a GPU, where a launch must carry enough work; a gathered operand is 128 MiB at 32 dimensions."""

_GROUP = 2
"""Fewest tiles of a group, but for the last: enough that handing it to a thread costs nothing."""


@dataclass(frozen=True)
class Tile:
    """Consecutive hyperedges in the order of the rows at one position.

    Attributes
    ----------
    position
        The sorted position.
    members_KE
        Rows of the members, int32, by position.
    values_E
        Values of the hyperedges.
    present_E
        Their `TensorTerm.present_weights_E`.
    first_row
        The first row at the sorted position.
    offsets_S
        Where the hyperedges of that row and of each one after it, up to the last, begin in the tile, int32.
    places_E
        0 … E−1, int32.
    """

    position: int
    members_KE: tuple[Tensor, ...]
    values_E: Tensor
    present_E: Tensor
    first_row: int
    offsets_S: Tensor
    places_E: Tensor

    def add_normal(
        self, out_NW: Tensor, product_EW: Tensor, vector_NW: Tensor, scale: float, values_E: Tensor, weight: float
    ) -> None:
        """Add the tile's part of what `khatri_rao.add_normal` adds."""
        rows = slice(self.first_row, self.first_row + len(self.offsets_S))
        if out_NW.device.type == "cpu":
            kernels.add_normal(
                out_NW[rows].numpy(),
                self.offsets_S.numpy(),
                product_EW.numpy(),
                vector_NW[rows].numpy(),
                self.present_E.numpy(),
                values_E.numpy(),
                scale,
                weight,
            )
            return
        weights_E = values_E * weight
        if scale:
            own_EW = vector_NW.index_select(0, self.members_KE[self.position])
            weights_E.add_(own_EW.mul_(product_EW).sum(1).mul_(self.present_E), alpha=scale)
        out_NW[rows].add_(embedding_bag(self.places_E, product_EW, self.offsets_S, mode="sum", per_sample_weights=weights_E))

    def add_gathered(
        self,
        out_NW: Tensor,
        factors: Sequence[Tensor | None],
        vector_NW: Tensor,
        scale: float,
        values_E: Tensor,
        weight: float,
        column: int | None,
    ) -> None:
        """Add the same without writing p down, from the factors (N × D) by position; on a CPU.

        None stands for the sorted position's. ``column`` is where p has a further column of ones.
        """
        gathered = [
            (factor_ND, rows_E) for factor_ND, rows_E in zip(factors, self.members_KE, strict=True) if factor_ND is not None
        ]
        shift = self.first_row * out_NW.stride(0) * 4
        kernels.add_gathered(gathered[0][0].shape[1])(
            out_NW.data_ptr() + shift,
            vector_NW.data_ptr() + shift,
            out_NW.stride(0) * 4,
            self.offsets_S.numpy(),
            np.array([factor_ND.data_ptr() for factor_ND, _ in gathered]),
            np.array([factor_ND.stride(0) * 4 for factor_ND, _ in gathered]),
            np.array([rows_E.data_ptr() for _, rows_E in gathered]),
            self.present_E.numpy(),
            values_E.numpy(),
            scale,
            weight,
            column or 0,
        )


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
    groups
        Numbers of consecutive tiles; no two groups have a row in common.
    """

    label: str
    modalities: tuple[str, ...]
    position: int
    num_hyperedges: int
    is_weighted: bool
    tiles: tuple[Tile, ...]
    groups: tuple[range, ...]


def unfold(term: TensorTerm, position: int, device: torch.device) -> Unfolding:
    """Sort a type's hyperedges by the row at a position and cut them into tiles on the device."""
    hyperedges = term.hyperedges
    order_E = np.argsort(hyperedges.members_EK[:, position], kind="stable")
    members_KE = np.empty((len(hyperedges.modalities), len(order_E)), dtype=np.int32)
    for place, column_E in enumerate(members_KE):
        column_E[:] = hyperedges.members_EK[:, place][order_E]
    values_E = hyperedges.values_E[order_E].astype(np.float32, copy=False)
    present_E = term.present_weights_E[order_E]
    size = CPU_TILE if device.type == "cpu" else GPU_TILE
    places = torch.arange(min(size, len(values_E)), dtype=torch.int32, device=device)
    tiles: list[Tile] = []
    groups: list[list[int]] = []
    begin = 0
    while begin < len(values_E):
        end = _end_of_tile(members_KE[position], begin, size)
        tile_KE, tile_E = members_KE[:, begin:end], values_E[begin:end]
        rows_E = tile_KE[position]
        first_row, last_row = int(rows_E[0]), int(rows_E[-1])
        offsets_S = np.searchsorted(rows_E, np.arange(first_row, last_row + 1))
        cuts_through = begin > 0 and members_KE[position, begin - 1] == first_row
        if groups and (cuts_through or len(groups[-1]) < _GROUP):
            groups[-1].append(len(tiles))
        else:
            groups.append([len(tiles)])
        tiles.append(
            Tile(
                position,
                tuple(torch.from_numpy(column_E).to(device) for column_E in tile_KE),
                torch.from_numpy(tile_E).to(device),
                torch.from_numpy(present_E[begin:end]).to(device),
                first_row,
                torch.from_numpy(offsets_S.astype(np.int32)).to(device),
                places[: len(tile_E)],
            )
        )
        begin = end
    return Unfolding(
        term.label,
        hyperedges.modalities,
        position,
        len(values_E),
        bool(present_E.any()),
        tuple(tiles),
        tuple(range(group[0], group[-1] + 1) for group in groups),
    )


def _end_of_tile(rows_E: npt.NDArray[np.int32], begin: int, size: int) -> int:
    """End a tile before the row that would not fit as a whole; a row longer than a tile is cut."""
    end = begin + size
    if end >= len(rows_E):
        return len(rows_E)
    start_of_row = int(np.searchsorted(rows_E, rows_E[end]))
    return start_of_row if start_of_row > begin else end
