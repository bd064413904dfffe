"""Ends Prefect's server, and the runs of its schedules, with the process that they were started for, however that ends.

Prefect stops its temporary server when the interpreter exits, which one that is killed does not come to. A watcher, this file as a
script, holds the other end of a pipe: when the process is gone it ends what is left, which a mark in its environment tells.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import psutil

_MARK = "HYPERLEARN_TEMPORARY_SERVER"
_RUNS = ({"prefect.engine"},)
_SERVERS = ({"prefect.server.api.server:create_app"}, {"prefect", "server", "start"})
"""What the command line of a server has: of a temporary one, or of our own."""
_GRACE = 5.0
"""Seconds that each gets to end once asked."""

_watchers: list[subprocess.Popen[bytes]] = []


def end_with_this_process(lock: int | None = None) -> None:
    """Have a server, and runs, that are started from now on end with this process.

    Parameters
    ----------
    lock
        A descriptor to hold until all have ended.
    """
    if not _watchers:
        mark = os.environ[_MARK] = secrets.token_hex(16)
        command = [sys.executable, "-I", __file__, mark]
        _watchers.append(
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
            )
        )


def _watch(mark: str) -> None:
    sys.stdin.buffer.read()  # nothing is written: it ends when the process does
    # First the runs, which tell the server that they end. What they started themselves ends with them, but for Neo4j, which has
    # left them.
    _end([each for run in _marked(mark, _RUNS) for each in (run, *_children(run))])
    _end(_marked(mark, _SERVERS))


def _marked(mark: str, kinds: Sequence[set[str]]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = set(process.cmdline())
            if any(kind <= words for kind in kinds) and process.environ().get(_MARK) == mark:
                found.append(process)
    return found


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _end(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


if __name__ == "__main__":
    _watch(sys.argv[1])
