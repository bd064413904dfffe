"""The command that refreshes data sets on a schedule, on one machine."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.command.terminal import From, load_settings, messages, progress
from pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from flows.scheduled import Scheduled

Datasets = Annotated[
    list[str],
    typer.Argument(
        help="Data set files ([bold]books.toml[/bold]), or built-in data sets.", metavar="DATASET...", show_default=False
    ),
]
Cron = Annotated[
    str | None,
    typer.Option(metavar="LINE", help='When, as a line of cron: [bold]"0 4 * * *"[/bold] is every night at four.'),
]
Every = Annotated[
    str | None,
    typer.Option(metavar="INTERVAL", help="How often, in place of cron: [bold]90s[/bold], [bold]15m[/bold], [bold]6h[/bold]."),
]
Timezone = Annotated[str | None, typer.Option(metavar="ZONE", help="Whose clock is meant, as Europe/Amsterdam; by default UTC.")]


def find_scheduled(
    datasets: Sequence[str], path: Path | None, cron: str | None, every: str | None, timezone: str | None
) -> "list[Scheduled]":
    """The data sets that a command line names, with their schedules: its own, or those of their files.

    Raises
    ------
    ConfigurationError
        If there is no such data set, it has no schedule, or what is said does not go together.
    """
    from flows.scheduled import scheduled

    if cron is not None and every is not None:
        raise ConfigurationError("--cron and --every are given both", hint="a schedule is one of them")
    if path is not None and len(datasets) > 1:
        raise ConfigurationError("--from is for one data set", hint="name the others in a command of their own")
    given = {name: value for name, value in (("cron", cron), ("every", every), ("timezone", timezone)) if value is not None}
    found = [scheduled(dataset, path, given) for dataset in datasets]
    if len(names := {each.name for each in found}) < len(found):
        raise ConfigurationError("a data set is named twice", hint=f"the data sets are {', '.join(sorted(names))}")
    return found


def serve(
    datasets: Datasets,
    path: From = None,
    cron: Cron = None,
    every: Every = None,
    timezone: Timezone = None,
) -> None:
    """Refresh data sets on a schedule, until Ctrl-C.

    The schedule is that of each file's table [bold]schedule[/bold], unless options give another. Prefect keeps it: the server of
    PREFECT_API_URL, or one of its own on this machine, with pages that show every run.

    Example: [bold]hyperlearn serve books.toml --cron "0 4 * * *" --timezone Europe/Amsterdam[/bold]
    """
    from flows.own_server import only_one, open_log, own_server

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # how services are stopped: it ends well
    found = find_scheduled(datasets, path, cron, every, timezone)
    settings = load_settings()
    os.umask(0o077)  # what Prefect keeps, and what runs leave, is for its owner
    with ExitStack() as stack:
        lock = stack.enter_context(only_one(settings.home))
        settings.connect(progress)
        alone = "PREFECT_API_URL" not in os.environ
        if alone:
            pages = stack.enter_context(own_server(settings.home, lock, progress))
            messages.print(f"Prefect: {pages}", highlight=False, soft_wrap=True)
        for each in found:
            messages.print(f"{each.name}: {each.schedule.in_words}", highlight=False, soft_wrap=True)
        messages.print("Ctrl-C ends this; what was due meanwhile is done at the next start.", highlight=False, soft_wrap=True)
        # The log of runs goes to Prefect in full, warnings and what libraries print to a file, and a line of ours to the terminal.
        # Where it is asked for as JSON, it goes to standard error in full.
        terminal, log = Console(file=sys.stdout), sys.stderr
        if settings.log == "text":
            os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")
            log = open_log(settings.home, "runs.log")
        with redirect_stdout(log), redirect_stderr(log):
            from flows.serve import serve as run

            run(found, lambda line: terminal.print(line, highlight=False, markup=False, soft_wrap=True), alone=alone)
