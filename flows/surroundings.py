"""What every flow finds where it runs: the database that the environment names, and who hears of progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect import get_run_logger

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.existing_graph import ExistingGraph
from pipeline.report.progress import LogProgress
from pipeline.settings import Settings

listener: ContextVar[Progress | None] = ContextVar("listener", default=None)
"""Who hears of progress; Prefect's run logger where nobody has asked to."""

hears_of_tries: ContextVar[Callable[[str], None] | None] = ContextVar("hears_of_tries", default=None)
"""Who hears that something is tried again; Prefect's run log says it anyway."""


@contextmanager
def database() -> Iterator[tuple[GraphClient, Progress]]:
    """The database, and who is told of what is done with it."""
    told = progress()
    with GraphClient(Settings.load().connect(told)) as client:
        yield client, told


@contextmanager
def existing_graph() -> Iterator[ExistingGraph]:
    """The graph that is in the database already, for data sets that take tables from it."""
    with GraphClient(Settings.load().connect()) as client:
        yield ExistingGraph(client)


def progress() -> Progress:
    """Who hears of progress."""
    return listener.get() or LogProgress(get_run_logger())
