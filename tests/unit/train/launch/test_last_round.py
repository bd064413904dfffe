"""Signals meet whoever waits, in the main thread; the work has a thread of its own."""

import signal
import threading
from collections.abc import Callable

import pytest

from pipeline.train.launch import last_round
from pipeline.train.launch.last_round import ended_after_a_round

MAIN = threading.main_thread().ident or 0


def test_what_nobody_ends_is_what_it_yields() -> None:
    assert ended_after_a_round(lambda told_to_end: [told_to_end()]) == [False]


def test_what_fails_of_itself_does_so() -> None:
    def fail(_: Callable[[], bool]) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        ended_after_a_round(fail)


def test_who_is_interrupted_waits_until_a_round_has_ended() -> None:
    did = []

    def work(told_to_end: Callable[[], bool]) -> None:
        signal.pthread_kill(MAIN, signal.SIGINT)
        while not told_to_end():
            pass
        did.append("a checkpoint")

    with pytest.raises(KeyboardInterrupt):
        ended_after_a_round(work)
    assert did == ["a checkpoint"]


def test_who_is_interrupted_twice_does_not() -> None:
    ends = threading.Event()

    def work(told_to_end: Callable[[], bool]) -> None:
        signal.pthread_kill(MAIN, signal.SIGINT)
        while not told_to_end():
            pass
        signal.pthread_kill(MAIN, signal.SIGINT)
        ends.wait()

    with pytest.raises(KeyboardInterrupt) as told:
        ended_after_a_round(work)
    ends.set()
    assert isinstance(told.value.__context__, KeyboardInterrupt)


def test_a_round_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_round, "GRACE_S", 0.01)
    ends = threading.Event()

    def work(_: Callable[[], bool]) -> None:
        signal.pthread_kill(MAIN, signal.SIGINT)
        ends.wait()

    with pytest.raises(KeyboardInterrupt):
        ended_after_a_round(work)
    ends.set()
