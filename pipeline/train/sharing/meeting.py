"""Where workers of several hosts meet: a store of torch's, which the first worker holds.

Its port is open on that worker's own address alone. Through it workers also tell each other how they ended, so that those who lose
one can name it.
"""

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from queue import Empty, Queue
from typing import Any, TypeVar

import torch.distributed as dist

from pipeline.errors import ConfigurationError, PipelineError, WorkerFailedError

_POLL_S = 0.2
_ANSWER_S = 10.0
"""Seconds in which the store answers, and in which a worker that is alive says that it has lost another one."""
_AGAIN = "its host may say why. Start every host's line again: the training goes on from its last checkpoint"
_T = TypeVar("_T")


class Meeting:
    """One worker's place at the meeting.

    Parameters
    ----------
    address, port
        Where it is: an address of the first worker's host.
    rank
        Which worker this is.
    names
        What an error calls each worker, by rank.
    timeout
        Seconds within which all must have come.

    Raises
    ------
    ConfigurationError
        If the port cannot be opened.
    WorkerFailedError
        If the first worker does not come in time, or still holds the meeting of an earlier start.
    """

    def __init__(self, address: str, port: int, rank: int, names: Sequence[str], timeout: float) -> None:
        self._rank = rank
        self._names = names
        self._timeout = timeout
        self._until = time.monotonic() + timeout
        self._is_complete = False
        self._store = self._open(address, port) if rank == 0 else self._find(address, port)
        try:
            is_first = self._asked(lambda: self._store.add(f"came/{rank}", 1)) == 1
        except ConnectionError as error:
            raise self._gone() from error
        if not is_first:
            raise WorkerFailedError(
                f"{names[0]} is still that of an earlier start, which has lost {names[rank]}",
                hint="it ends by itself in time, or by Ctrl-C there; then start every host's line again",
            )

    def join(self, about: Mapping[str, str]) -> dist.Store:
        """Wait until all workers are here, and give what their process group begins with.

        Parameters
        ----------
        about
            What must be the same for all.

        Raises
        ------
        ConfigurationError
            If something is not.
        WorkerFailedError
            If one does not come in time, or has failed on the way.
        """
        try:
            self._tell("here", about)
            while missing := self._without("here"):
                if failed := self._failures(self._told("end")):
                    raise WorkerFailedError(failed, hint="mend that, and start every host's line again")
                if time.monotonic() > self._until:
                    raise WorkerFailedError(
                        f"{self._called(missing)} did not come within {self._timeout:g} seconds", hint="start every host's line"
                    )
                time.sleep(_POLL_S)
            told = self._told("here")
        except ConnectionError as error:
            raise self._gone() from error
        for rank, its in told.items():
            for what, value in its.items():
                if value != told[0][what]:
                    raise ConfigurationError(
                        f"{what}: {told[0][what]} for {self._names[0]}, {value} for {self._names[rank]}",
                        hint="it must be the same on all hosts",
                    )
        self._is_complete = True
        return self._store

    def leave(self, error: PipelineError | None) -> PipelineError | None:
        """Tell the others how this worker ended, hear how they did, and give what is to be told here; None if all is well.

        A worker that has only lost others names those that failed of themselves, or no longer say anything. One that has done its
        part waits for the first one, which writes the result.
        """
        ends: dict[int, Any] = {}
        everybody = range(len(self._names))
        try:
            self._tell("end", {"words": str(error or ""), "follows": isinstance(error, WorkerFailedError)})
            if error is not None:
                self._wait("end", [rank for rank in everybody if rank not in self._without("came")], _ANSWER_S)
            elif self._rank > 0:
                self._wait("end", [0])
            ends = self._told("end")
            self._tell("left", {})
            if self._rank == 0:  # and the store ends with it
                self._wait("left", everybody if error is None else ends, _ANSWER_S)
        except ConnectionError:
            pass  # nothing more is heard
        if error is None:
            return self._without_result(ends) if self._rank > 0 else None
        if not isinstance(error, WorkerFailedError) or not self._is_complete:
            return error
        return self._lost(ends, error)

    def _open(self, address: str, port: int) -> dist.TCPStore:
        try:
            with socket.socket() as listening:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind((address, port))
                return self._at(address, port, listening.detach())
        except (OSError, RuntimeError) as error:
            raise ConfigurationError(
                f"workers cannot meet at {address}, port {port}: {error}",
                hint="another training may have the port; `hyperlearn train --hosts HOST:PORT,…` names another one",
            ) from error

    def _find(self, address: str, port: int) -> dist.TCPStore:
        while True:
            try:
                # Torch would wait longer than it is told to, and fill the terminal meanwhile.
                socket.create_connection((address, port), _ANSWER_S).close()
                return self._at(address, port)
            except (OSError, RuntimeError) as error:
                if time.monotonic() > self._until:
                    raise WorkerFailedError(
                        f"{self._names[0]} did not come within {self._timeout:g} seconds to where workers meet, {address}, port "
                        f"{port}: {error}",
                        hint="start its host's line as well; or a firewall stands between",
                    ) from error
            time.sleep(_POLL_S)

    def _at(self, address: str, port: int, listening: int | None = None) -> dist.TCPStore:
        within = timedelta(seconds=_ANSWER_S)
        return dist.TCPStore(address, port, is_master=listening is not None, timeout=within, master_listen_fd=listening)

    def _asked(self, question: Callable[[], _T]) -> _T:
        """Ask the store. Torch waits for ever where the network is gone, without a word of it.

        Raises
        ------
        ConnectionError
            If it does not answer.
        """
        answers: Queue[_T | RuntimeError] = Queue()

        def ask() -> None:
            try:
                answers.put(question())
            except RuntimeError as error:
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=_ANSWER_S)
        except Empty as error:
            raise ConnectionError("no answer") from error
        if isinstance(answer, RuntimeError):
            raise ConnectionError(str(answer)) from answer
        return answer

    def _tell(self, key: str, value: Mapping[str, Any]) -> None:
        """Let the others know something of this worker."""
        self._asked(lambda: self._store.set(f"{key}/{self._rank}", json.dumps(dict(value))))

    def _told(self, key: str) -> dict[int, Any]:
        """What workers let the others know, of those who did, by rank."""
        told = sorted(set(range(len(self._names))) - set(self._without(key)))
        values = self._asked(lambda: [self._store.get(f"{key}/{rank}") for rank in told])
        return {rank: json.loads(value) for rank, value in zip(told, values, strict=True)}

    def _without(self, key: str, ranks: Collection[int] | None = None) -> list[int]:
        """Of some workers, else of all, those who have not let that be known."""
        asked = range(len(self._names)) if ranks is None else ranks
        return self._asked(lambda: [rank for rank in asked if not self._store.check([f"{key}/{rank}"])])

    def _wait(self, key: str, ranks: Collection[int], seconds: float = math.inf) -> None:
        """Wait until they have, or for so many seconds."""
        until = time.monotonic() + seconds
        while self._without(key, ranks) and time.monotonic() < until:
            time.sleep(_POLL_S)

    def _called(self, ranks: Collection[int]) -> str:
        return ", ".join(self._names[rank] for rank in ranks)

    def _failures(self, ends: Mapping[int, Any]) -> str:
        """What those said who failed of themselves."""
        return "\n".join(
            f"{self._names[rank]}: {end['words']}" for rank, end in ends.items() if end["words"] and not end["follows"]
        )

    def _without_result(self, ends: Mapping[int, Any]) -> PipelineError | None:
        """The error of a worker that has done its part, where the first one has not."""
        if 0 not in ends:
            return self._gone()
        return WorkerFailedError(f"{self._names[0]}: {ends[0]['words']}", hint=_AGAIN) if ends[0]["words"] else None

    def _lost(self, ends: Mapping[int, Any], error: WorkerFailedError) -> WorkerFailedError:
        """The error of a worker that lost others."""
        if not ends:
            return self._gone()
        if failed := self._failures(ends):
            return WorkerFailedError(failed, hint=_AGAIN)
        silent = [rank for rank in range(len(self._names)) if rank not in ends]
        return WorkerFailedError(f"no longer answers: {self._called(silent)}" if silent else str(error), hint=_AGAIN)

    def _gone(self) -> WorkerFailedError:
        return WorkerFailedError(f"{self._names[0]}, where workers meet, no longer answers", hint=_AGAIN)
