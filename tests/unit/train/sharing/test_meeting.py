"""Workers of several hosts that meet: here in threads of one process, and one of them in a process that can be stopped."""

import multiprocessing
import os
import re
import signal
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from pipeline.errors import ConfigurationError, PipelineError, SourceError, WorkerFailedError
from pipeline.train.sharing import meeting as meeting_module
from pipeline.train.sharing.meeting import Meeting

NAMES = ("worker 0 (Ant) on alpha", "worker 1 (Bee) on beta")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for for long."""
    monkeypatch.setattr(meeting_module, "_ANSWER_S", 1.0)


def meet(port: int, rank: int, timeout: float = 60.0) -> Meeting:
    return Meeting("127.0.0.1", port, rank, NAMES, timeout)


def both(first: Callable[[], object], second: Callable[[], object]) -> list[Future[object]]:
    with ThreadPoolExecutor() as pool:
        return [pool.submit(first), pool.submit(second)]


def pair(port: int, about: tuple[dict[str, str], dict[str, str]] = ({}, {})) -> tuple[Meeting, Meeting]:
    """Two who have met."""
    ours, theirs = meet(port, 0), meet(port, 1)
    for done in both(lambda: ours.join(about[0]), lambda: theirs.join(about[1])):
        done.result()
    return ours, theirs


def test_who_has_done_its_part_waits_for_the_first(port: int) -> None:
    ours, theirs = pair(port)
    assert [done.result() for done in both(lambda: ours.leave(None), lambda: theirs.leave(None))] == [None, None]


def test_hosts_that_do_not_fit_together_are_refused_by_all(port: int) -> None:
    ours, theirs = meet(port, 0), meet(port, 1)
    for done in both(lambda: ours.join({"hyperlearn": "1"}), lambda: theirs.join({"hyperlearn": "2"})):
        with pytest.raises(ConfigurationError, match=re.escape(f"hyperlearn: 1 for {NAMES[0]}, 2 for {NAMES[1]}")):
            done.result()


@pytest.mark.parametrize(("rank", "missing"), [(0, 1), (1, 0)])
@pytest.mark.usefixtures("soon")
def test_who_does_not_come_is_named(port: int, rank: int, missing: int) -> None:
    with pytest.raises(WorkerFailedError, match=re.escape(f"{NAMES[missing]} did not come within 0.5 seconds")):
        meet(port, rank, 0.5).join({})


@pytest.mark.usefixtures("soon")
def test_who_fails_on_the_way_ends_the_others_waiting(port: int) -> None:
    ours, theirs = meet(port, 0), meet(port, 1)
    error = SourceError("the disk is not there")
    waiting, failing = both(lambda: ours.join({}), lambda: theirs.leave(error))
    assert failing.result() is error
    with pytest.raises(WorkerFailedError, match=re.escape(f"{NAMES[1]}: the disk is not there")):
        waiting.result()


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (SourceError("the disk is full"), f"{NAMES[0]}: the disk is full"),
        (WorkerFailedError("lost"), "reset by peer"),
    ],
)
def test_who_loses_another_says_why(port: int, first: PipelineError, expected: str) -> None:
    ours, theirs = pair(port)
    told, said = (
        done.result() for done in both(lambda: ours.leave(first), lambda: theirs.leave(WorkerFailedError("reset by peer")))
    )
    assert isinstance(said, WorkerFailedError)
    assert str(said) == expected
    assert str(told) == str(first)


@pytest.mark.usefixtures("soon")
def test_who_says_nothing_any_more_is_named(port: int) -> None:
    ours, _ = pair(port)
    assert str(ours.leave(WorkerFailedError("reset by peer"))) == f"no longer answers: {NAMES[1]}"


def test_a_result_that_could_not_be_written_is_an_error_of_all(port: int) -> None:
    ours, theirs = pair(port)
    _, said = (done.result() for done in both(lambda: ours.leave(SourceError("the disk is full")), lambda: theirs.leave(None)))
    assert str(said) == f"{NAMES[0]}: the disk is full"


def test_an_earlier_start_is_not_joined(port: int) -> None:
    ours, _ = pair(port)
    with pytest.raises(
        WorkerFailedError, match=re.escape(f"{NAMES[0]} is still that of an earlier start, which has lost {NAMES[1]}")
    ):
        meet(port, 1)
    del ours


def test_a_port_that_is_taken_is_said(port: int) -> None:
    ours = meet(port, 0)
    with pytest.raises(ConfigurationError, match=f"cannot meet at 127.0.0.1, port {port}"):
        meet(port, 0)
    del ours


def test_nobody_waits_for_a_host_that_falls_silent(port: int, soon: None) -> None:
    """Its connection stands, and nothing comes: as when the network is gone."""
    del soon
    first = multiprocessing.get_context("spawn").Process(target=_stay, args=[port])
    first.start()
    try:
        theirs = meet(port, 1)
        theirs.join({})
        assert first.pid is not None
        os.kill(first.pid, signal.SIGSTOP)
        assert str(theirs.leave(WorkerFailedError("timed out"))) == f"{NAMES[0]}, where workers meet, no longer answers"
    finally:
        first.kill()
        first.join()


def _stay(port: int) -> None:
    here = meet(port, 0)  # the meeting ends with it
    here.join({})
    signal.pause()
