"""What comes of a Prefect server that does not answer, as an error of ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from pipeline.errors import PipelineError, SchedulerUnavailableError


@contextmanager
def errors_of_prefect() -> Iterator[None]:
    """Say in a line that Prefect's server is gone.

    Raises
    ------
    SchedulerUnavailableError
        If it does not answer, be it one that Prefect started for this run.
    """
    try:
        yield
    except Exception as error:
        if not _is_of_transport(error):
            raise
        url = os.environ.get("PREFECT_API_URL", "the one that was started for this run")
        raise SchedulerUnavailableError(
            f"Prefect's server does not answer ({url}): {error}",
            hint="the same command goes on from here; see that the server runs, or unset PREFECT_API_URL to do without one",
        ) from error


def _is_of_transport(error: BaseException | None) -> bool:
    """Whether it came of a server that did not answer: what is done in several tasks at once fails with groups of errors."""
    if error is None or isinstance(error, PipelineError):
        return False
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_of_transport, error.exceptions))
    return isinstance(error, httpx.TransportError) or _is_of_transport(error.__cause__ or error.__context__)
