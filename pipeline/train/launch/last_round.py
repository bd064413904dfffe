"""What is done in rounds, and does not leave off in the middle of one when something ends its caller."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import TypeVar

GRACE_S = 30.0
"""How long a round may take to end: what Prefect, and most who keep services, wait before they kill."""

_Result = TypeVar("_Result")


def ended_after_a_round(work: Callable[[Callable[[], bool]], _Result]) -> _Result:
    """Do work in a thread of its own, so that the exception of a signal (Ctrl-C, Prefect's for SIGTERM) meets the caller alone.

    The work is then told to end, and has some time to, before the exception goes on; a second one goes on at once.

    Parameters
    ----------
    work
        It; is given what says whether it is to end.
    """
    done: Future[_Result] = Future()
    told_to_end = threading.Event()

    def do() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result(work(told_to_end.is_set))
        except BaseException as error:
            done.set_exception(error)

    try:
        # A daemon: who does not end in time does not keep the interpreter.
        threading.Thread(target=copy_context().run, args=(do,), daemon=True).start()
        return done.result()
    except BaseException:
        told_to_end.set()
        if not done.cancel():  # it has begun
            wait([done], GRACE_S)
        raise
