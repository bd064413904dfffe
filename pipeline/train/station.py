"""Where one worker stands, and what it works with."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.train.kernels.kernels import Kernels
from pipeline.train.sharing.exchange import Exchange


@dataclass(frozen=True)
class Station:
    """Where one worker stands.

    Attributes
    ----------
    own
        Labels of the modalities that it updates; a part of one where its exchange has peers for that. Of the stochastic update all,
        whose batches it shares with all others.
    exchange
        How it reaches the others.
    kernels
        What it computes with.
    threads
        Cores that it uses.
    """

    own: Sequence[str]
    exchange: Exchange
    kernels: Kernels
    threads: int
