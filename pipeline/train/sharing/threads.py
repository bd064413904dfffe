"""How one worker uses its cores: whole modalities side by side, every kernel on one thread.

Splitting each small kernel over all cores makes every one of them wait for the slowest core: measured on 2 cores that another
process shared, a round took ten seconds instead of one. Whole modalities side by side have nothing to wait for, and since no
sum is ever split, the result is the same to the bit for any number of threads.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class Threads(Protocol):
    """Applies a function to items, side by side, and gives the results in the items' order."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply it."""
        ...


class _Pool:
    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        @torch.inference_mode()
        def call(item: Item) -> Result:
            return function(item)

        return list(self._pool.map(call, items))


def _settle() -> None:
    torch.set_num_threads(1)
    # Vectors of entities that little holds fade away; arithmetic on numbers below 1e-38 is a hundred times slower than on zeros.
    torch.set_flush_denormal(True)


@contextmanager
def one_kernel_thread(count: int) -> Iterator[Threads]:
    """Give so many threads, with every torch kernel on one; what torch was set to is restored at the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(), ThreadPoolExecutor(count, initializer=_settle) as pool:
            yield _Pool(pool)
    finally:
        torch.set_num_threads(before)
