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


class _Count:
    """How many steps were done: work may end before all that there might have been, as training does."""

    def __init__(self) -> None:
        self._steps = 0

    def add(self, steps: int) -> None:
        self._steps += steps

    def __str__(self) -> str:
        return f" {self._steps:,}" if self._steps else ""


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
        done = _Count()

        def advance(steps: int) -> None:
            done.add(steps)
            self._bars.advance(task, steps)

        try:
            yield advance
        finally:
            with self._lock:
                self._bars.remove_task(task)
                self._num_open -= 1
                if self._num_open == 0:
                    self._bars.stop()
        seconds = time.monotonic() - start
        if seconds >= _WORTH_A_LINE_S:
            self._console.print(f"  {description}{done} [dim]{seconds:.1f} s[/dim]", highlight=False)


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
        del total
        start = time.monotonic()
        done = _Count()
        yield done.add
        self._logger.info("%s%s: %.1f s", description, done, time.monotonic() - start)
