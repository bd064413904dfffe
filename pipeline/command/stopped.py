"""Ctrl-C: one line and the shell's own exit status, soon, whatever a library makes of it."""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

from pipeline.command.terminal import messages

_P = ParamSpec("_P")
_T = TypeVar("_T")

STATUS = 130
"""Exit status of what Ctrl-C ended: 128 and the signal's number."""

GRACE_S = 10.0
"""How long a command may tidy up. Prefect, whose own server the terminal stops as well, would look for it for a minute; and each
command may be killed at any moment."""

_GO_ON = frozenset({"demo", "ingest", "train", "write_back", "refresh", "tune"})
"""Commands that go on from where they were."""


def stoppable(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """A command that says that it was stopped, and what that means for what it worked on."""
    goes_on = command.__name__ in _GO_ON
    told = "stopped. What was served still is; the same command goes on from here" if goes_on else "stopped"

    def end(*_: object) -> NoReturn:
        messages.print(told, highlight=False, soft_wrap=True)
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(STATUS)

    def stop(_: int, __: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, end)  # who asks twice is not kept waiting
        late = threading.Timer(GRACE_S, end)
        late.daemon = True
        late.start()
        raise KeyboardInterrupt

    @functools.wraps(command)
    def run(*args: _P.args, **options: _P.kwargs) -> _T:
        # Elsewhere, as in a shell's background, it is not for us to take.
        in_main_thread = threading.current_thread() is threading.main_thread()
        is_ours = in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_ours:
            signal.signal(signal.SIGINT, stop)
        try:
            return command(*args, **options)
        except BaseException as error:
            if not _was_stopped(error):
                raise
        finally:
            if is_ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)
        # Nothing is left to tidy up but what libraries do at the end, and they may wait for what the terminal stopped as well.
        end()

    return run


def _was_stopped(error: BaseException | None) -> bool:
    """Whether it came of Ctrl-C: what a library fails with while it tidies up has that behind it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False
