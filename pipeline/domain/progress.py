"""How long work tells that it goes on, without knowing who listens.

A stage receives a `Progress` and opens one line per piece of work; the command line draws bars, a flow writes log lines, tests pass
`no_progress`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Opens a line of progress: ``with progress("Writing Movie", total=17_472) as advance: advance(1_000)``."""

    def __call__(self, description: str, *, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """Open a line; ``total`` is the number of steps, or None where it is not known."""
        ...


@contextmanager
def no_progress(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Report to nobody."""
    del description, total
    yield lambda steps: None
