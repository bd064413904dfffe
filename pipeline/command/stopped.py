"""Ctrl-C and SIGTERM: one line and the shell's own exit status, soon, whatever a library makes of it."""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

from pipeline.command.terminal import messages

_P = ParamSpec("_P")
_T = TypeVar("_T")

GRACE_S = 10.0
"""How long a command may tidy up after Ctrl-C. Prefect, whose own server the terminal stops as well, would look for it for a
minute; and each command may be killed at any moment. Who sends SIGTERM waits for as long as it likes, and then kills."""

_FORMER: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
"""What handles the signals where nobody else does."""

_GO_ON = frozenset({"demo", "ingest", "train", "write_back", "refresh", "tune"})
"""Commands that go on from where they were."""


def stoppable(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """A command that says that it was stopped, and what that means for what it worked on.

    Its exit status is then 128 and the signal's number.
    """
    goes_on = command.__name__ in _GO_ON
    told = "stopped. What was served still is; the same command goes on from here" if goes_on else "stopped"
    stopped_by = signal.SIGINT

    def end(*_: object) -> NoReturn:
        messages.print(told, highlight=False, soft_wrap=True)
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(128 + stopped_by)

    def stop(number: int, _: FrameType | None) -> NoReturn:
        nonlocal stopped_by
        stopped_by = signal.Signals(number)
        for each in _FORMER:
            if signal.getsignal(each) == stop:
                signal.signal(each, end)  # who asks twice is not kept waiting
        if stopped_by is signal.SIGINT:
            late = threading.Timer(GRACE_S, end)
            late.daemon = True
            late.start()
        raise KeyboardInterrupt

    @functools.wraps(command)
    def run(*args: _P.args, **options: _P.kwargs) -> _T:
        # Elsewhere, as in a shell's background, it is not for us to take.
        is_main = threading.current_thread() is threading.main_thread()
        ours = [number for number, former in _FORMER.items() if is_main and signal.getsignal(number) == former]
        for number in ours:
            signal.signal(number, stop)
        try:
            return command(*args, **options)
        except BaseException as error:
            if not _was_stopped(error):
                raise
        finally:
            for number in ours:
                signal.signal(number, _FORMER[number])
        # Nothing is left to tidy up but what libraries do at the end, and they may wait for what the terminal stopped as well.
        end()

    return run


def _was_stopped(error: BaseException | None) -> bool:
    """Whether it came of a signal: what a library fails with while it tidies up has that behind it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False
