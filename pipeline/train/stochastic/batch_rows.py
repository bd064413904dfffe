"""Which rows the hyperedges of a batch name: found on the CPU, then brought to the device in one transfer.

Everything that a batch computes is of the rows that it needs, each once. So sums over all namings of a row, whose order is fixed
here, are all that has to be scattered. Shapes: K arity, B hyperedges of the batch, C candidates, R rows of a modality that are
named, M namings of them, P pieces that the namings of the rows are cut into.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.train.kernels.kernels import Kernels, Namings, cut_into_pieces

Rows = npt.NDArray[np.int64]


class ModalityRows(NamedTuple):
    """The rows of a modality that a batch needs.

    Attributes
    ----------
    host_R, rows_R
        Ascending, on the CPU and on the device.
    namings
        Which namings are whose: position after position, candidates before members.
    """

    host_R: Tensor
    rows_R: Tensor
    namings: Namings


class PositionRows(NamedTuple):
    """Who stands, or could stand, at a position of the batch; on the device.

    Attributes
    ----------
    members_B, candidates_C
        Where members and candidates stand among the rows of their modality.
    everyone
        Whether the candidates are all entities, in order.
    """

    members_B: Tensor
    candidates_C: Tensor
    everyone: bool


def lay_out(
    modalities: Sequence[str],
    members_KB: Rows,
    candidates: Sequence[Rows | None],
    num_entities: Mapping[str, int],
    kernels: Kernels,
) -> tuple[dict[str, ModalityRows], list[PositionRows]]:
    """Find what a batch names.

    Parameters
    ----------
    modalities
        Labels of the members' modalities, by position.
    members_KB
        Rows of the members.
    candidates
        Rows of the candidates by position; None for all entities.
    num_entities
        N per modality label.
    kernels
        What will compute with it.

    Returns
    -------
    modalities
        By label.
    positions
        By position.
    """
    drawn = [
        np.arange(num_entities[label]) if candidates_C is None else candidates_C
        for label, candidates_C in zip(modalities, candidates, strict=True)
    ]
    host: list[Rows] = []
    numbers: dict[int, list[Rows]] = {}
    for label in dict.fromkeys(modalities):
        at = [position for position, modality in enumerate(modalities) if modality == label]
        parts = [part for position in at for part in (drawn[position], members_KB[position])]
        rows_R, numbers_M, order_M, begins_R = number_rows(np.concatenate(parts))
        begins_P, firsts_R = cut_into_pieces(begins_R, len(order_M), kernels.longest_sum)
        host += [rows_R, order_M, begins_P, firsts_R]
        ends = np.cumsum([len(part) for part in parts])[:-1]
        split = np.split(numbers_M, ends)
        numbers |= {position: split[2 * place : 2 * place + 2] for place, position in enumerate(at)}
    for position in range(len(modalities)):
        host += reversed(numbers[position])
    here = iter(kernels.rows_here([torch.from_numpy(each) for each in host]))
    found = {}
    for place, label in enumerate(dict.fromkeys(modalities)):
        host_R = torch.from_numpy(host[4 * place])
        found[label] = ModalityRows(host_R, next(here), Namings(next(here), next(here), next(here)))
    return found, [PositionRows(next(here), next(here), candidates_C is None) for candidates_C in candidates]


def number_rows(named_M: Rows) -> tuple[Rows, Rows, Rows, Rows]:
    """Number the rows that are named.

    Parameters
    ----------
    named_M
        A row for each naming.

    Returns
    -------
    rows_R
        Each row once, ascending.
    numbers_M
        Where each naming stands among them.
    order_M
        The namings by row, those of a row in their order.
    begins_R
        Where the namings of each row begin among these.
    """
    count = len(named_M)
    # The place of a naming makes its key unique: sorting keys is several times as quick as a stable order of rows.
    keys_M = np.sort(named_M * count + np.arange(count))
    in_order_M, order_M = np.divmod(keys_M, count) if count else (keys_M, keys_M)
    is_first_M = np.ones(count, np.bool_)
    np.not_equal(in_order_M[1:], in_order_M[:-1], out=is_first_M[1:])
    numbers_M = np.empty_like(named_M)
    numbers_M[order_M] = np.cumsum(is_first_M) - 1
    begins_R = np.flatnonzero(is_first_M)
    return in_order_M[begins_R], numbers_M, order_M, begins_R
