"""Ends Prefect's temporary server with the process that it was started for, however that ends.

Prefect stops the server when the interpreter exits, which one that is killed does not come to. A watcher, this file as a script,
holds the other end of a pipe: when the process is gone it ends the server, which a mark in its environment tells.
"""

import os
import secrets
import subprocess
import sys
from contextlib import suppress

import psutil

_MARK = "HYPERLEARN_TEMPORARY_SERVER"
_SERVER = "prefect.server.api.server:create_app"
_GRACE = 5.0
"""Seconds that the server gets to end once asked."""

_watchers: list[subprocess.Popen[bytes]] = []


def end_with_this_process() -> None:
    """Have a temporary server that Prefect starts from now on end with this process."""
    if not _watchers:
        mark = os.environ[_MARK] = secrets.token_hex(16)
        command = [sys.executable, "-I", __file__, mark]
        _watchers.append(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
        )


def _watch(mark: str) -> None:
    sys.stdin.buffer.read()  # nothing is written: it ends when the process does
    servers = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _SERVER in process.cmdline() and process.environ().get(_MARK) == mark:
                process.terminate()
                servers.append(process)
    _, alive = psutil.wait_procs(servers, timeout=_GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


if __name__ == "__main__":
    _watch(sys.argv[1])
