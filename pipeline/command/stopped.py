"""Ctrl-C: one line and the shell's own exit status, whatever a library makes of it."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from pipeline.command.terminal import messages

_P = ParamSpec("_P")
_T = TypeVar("_T")

STATUS = 130
"""Exit status of what Ctrl-C ended: 128 and the signal's number."""

_GO_ON = frozenset({"demo", "ingest", "train", "write_back", "refresh", "tune"})
"""Commands that go on from where they were."""


def stoppable(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """A command that says that it was stopped, and what that means for what it worked on."""
    goes_on = command.__name__ in _GO_ON
    told = "stopped. What was served still is; the same command goes on from here" if goes_on else "stopped"

    @functools.wraps(command)
    def run(*args: _P.args, **options: _P.kwargs) -> _T:
        try:
            return command(*args, **options)
        except BaseException as error:
            if not _was_stopped(error):
                raise
        messages.print(told, highlight=False, soft_wrap=True)
        raise typer.Exit(STATUS)

    return run


def _was_stopped(error: BaseException | None) -> bool:
    """Whether it came of Ctrl-C: what a library fails with while it tidies up has that behind it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False
