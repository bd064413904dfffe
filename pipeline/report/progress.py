"""Progress for people: bars on a terminal, one line per finished piece of work elsewhere."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

_WORTH_A_LINE_S = 2.0


class TerminalProgress:
    """Bars while work goes on, where the console is a terminal; and a line for each piece that took more than two seconds.

    Several pieces of work may go on at once, in several threads; they share one display.

    Parameters
    ----------
    console
        Where to show; standard error, so that results on standard output stay clean.
    """

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn("dots"), TextColumn("{task.description}"), BarColumn(bar_width=30), TaskProgressColumn())
        self._bars = Bars(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal)
        self._console = console
        self._lock = threading.Lock()
        self._num_open = 0

    @contextmanager
    def __call__(self, description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Open a line; see `pipeline.domain.progress.Progress`."""
        start = time.monotonic()
        with self._lock:
            self._num_open += 1
            if self._num_open == 1:
                self._bars.start()
        task = self._bars.add_task(description, total=total)
        try:
            yield lambda steps: self._bars.advance(task, steps)
        finally:
            with self._lock:
                self._bars.remove_task(task)
                self._num_open -= 1
                if self._num_open == 0:
                    self._bars.stop()
        seconds = time.monotonic() - start
        if seconds >= _WORTH_A_LINE_S:
            number = f" {total:,}" if total else ""
            self._console.print(f"  {description}{number} [dim]{seconds:.1f} s[/dim]", highlight=False)


class LogProgress:
    """A log line for each finished piece of work.

    Parameters
    ----------
    logger
        Where to log.
    """

    def __init__(self, logger: "logging.Logger | logging.LoggerAdapter[logging.Logger]") -> None:
        self._logger = logger

    @contextmanager
    def __call__(self, description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Open a line; see `pipeline.domain.progress.Progress`."""
        start = time.monotonic()
        yield lambda steps: None
        number = f" {total:,}" if total else ""
        self._logger.info("%s%s: %.1f s", description, number, time.monotonic() - start)
