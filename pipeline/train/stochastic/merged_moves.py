"""How workers make one model of what each has moved for a while."""

from collections.abc import Mapping

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
        self._learned = {name: learned[name].view_as(of) for name, of in squares.items()}
        self._squares = squares
        self._peers = peers
        self._before: dict[str, tuple[Tensor, Tensor]] = {}

    def begin(self) -> None:
        """Remember from where all start."""
        if self._peers.count > 1:
            self._before = {name: (self._learned[name].clone(), squares.clone()) for name, squares in self._squares.items()}

    def merge(self) -> None:
        """Make one of what all have moved since they started, or since the last one, from which all go on."""
        for name, (learned_before, squares_before) in self._before.items():
            learned, squares = self._learned[name], self._squares[name]
            squares_before.add_(self._peers.total(squares - squares_before))  # now those of all
            shrunk = learned.sub_(learned_before).mul_(squares.div_(squares_before).sqrt_())
            learned.copy_(learned_before.add_(self._peers.total(shrunk)))
            squares.copy_(squares_before)
