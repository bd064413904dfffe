"""How workers make one model of what each has moved for a while."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pipeline.train.sharing.exchange import Peers


class MergedMoves:
    """What several workers have moved by Adagrad, each by batches of its own, from the same model.

    Every entry moves by the sum of what each has moved it, shrunk to what Adagrad would have moved it if each had known of the
    squared gradients of all: so what one has moved alone stays as that one has it, and what all moved alike does not go too far.

    Parameters
    ----------
    learned
        What moves, by name; in place.
    squares
        Σ g² of it.
    peers
        Who the others are.
    """

    def __init__(self, learned: Mapping[str, Tensor], squares: Mapping[str, Tensor], peers: Peers) -> None:
        self._learned = [learned[name] for name in squares]
        self._squares = list(squares.values())
        self._peers = peers
        self._before: tuple[Tensor, Tensor] | None = None

    def begin(self) -> None:
        """Remember from where all start."""
        if self._peers.count > 1:
            self._before = _side_by_side(self._learned), _side_by_side(self._squares)

    def merge(self) -> None:
        """Make one of what all have moved since they started, or since the last one, from which all go on."""
        if self._before is None:
            return
        learned_before, squares_before = self._before
        squares = _side_by_side(self._squares)
        squares_before += self._peers.total(squares - squares_before)  # now those of all
        shrunk = squares.div_(squares_before).sqrt_().mul_(_side_by_side(self._learned).sub_(learned_before))
        learned_before += self._peers.total(shrunk)
        _take_apart(squares_before, self._squares)
        _take_apart(learned_before, self._learned)


def _side_by_side(tensors: Sequence[Tensor]) -> Tensor:
    """All as one vector: what is told at once waits for the network once."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _take_apart(whole: Tensor, tensors: Sequence[Tensor]) -> None:
    for tensor, part in zip(tensors, torch.split(whole, [tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
