"""Memory that is not there, as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pipeline.errors import TrainingMemoryError


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it came of that: torch says so of a CPU in words alone."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


@contextmanager
def telling_memory(who: str) -> Iterator[None]:
    """Name who has run out of memory.

    Raises
    ------
    TrainingMemoryError
        If that is what the block fails with.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingMemoryError(
            f"{who} has run out of memory: {str(error).partition(chr(10))[0] or type(error).__name__}",
            hint="`hyperlearn train --plan` says what each worker takes: use fewer workers on this machine, or a smaller "
            "embedding_dim. The same command goes on from the last checkpoint",
        ) from error
