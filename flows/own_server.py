"""A Prefect server of our own, on the loopback address, for as long as a command runs; what it keeps lies under the home folder.

One at a time works on a home folder: a lock says so, held until the last process of the former one has ended. So whatever the
server remembers as being at work when it starts is not. Nothing of Prefect is imported here: it reads its settings when it first
is, and the server's address is one of them.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import httpx

from flows.temporary_server import end_with_this_process
from pipeline.domain.private_folder import private_folder
from pipeline.domain.progress import Progress
from pipeline.errors import ConfigurationError, SchedulerUnavailableError

_LOOPBACK = "127.0.0.1"
_USUAL_PORT = 4200
_START_S = 180.0
_STOP_S = 10.0


@contextmanager
def only_one(home: Path) -> Iterator[int]:
    """Be the only one that serves from a home folder for the length of a block; yields what holds the lock.

    Raises
    ------
    ConfigurationError
        If there is another one.
    """
    file = private_folder(home / "prefect") / "serve.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"`hyperlearn serve` works on {home} already{_told(file)}",
                hint="name all data sets in one command; end that one first, or choose another folder with HYPERLEARN_HOME",
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps({"process": os.getpid()}).encode())
        yield descriptor
    finally:
        os.close(descriptor)


def _told(file: Path) -> str:
    try:
        return f" (process {json.loads(file.read_text())['process']})"
    except (OSError, ValueError, KeyError):
        return ""


@contextmanager
def own_server(home: Path, lock: int, progress: Progress) -> Iterator[str]:
    """Run a Prefect server for the length of a block, and name it in the environment; yields the address of its pages.

    Parameters
    ----------
    home
        Folder of all that is kept.
    lock
        What holds the lock of that folder, as `only_one` yields it: it is held until the server has ended, however we end.
    progress
        Told of the start.

    Raises
    ------
    SchedulerUnavailableError
        If it does not start.
    """
    folder = private_folder(home / "prefect")
    port = _free_port()
    url = f"http://{_LOOPBACK}:{port}"
    os.environ.update(
        {
            # Not the database of the temporary servers that a refresh by hand starts.
            "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / 'serve.db'}",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_UI_STATIC_DIRECTORY": str(private_folder(folder / "ui")),
        }
    )
    end_with_this_process(lock)
    command = [sys.executable, "-m", "prefect", "--no-prompt", "server", "start", "--host", _LOOPBACK, "--port", str(port)]
    with open_log(home, "server.log") as log:
        # In a session of its own: Ctrl-C is for the command, which tells the server of the runs that it ends, and then ends it.
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, umask=0o077, start_new_session=True)
    try:
        with progress("Starting Prefect"):
            _await(server, f"{url}/api/health", log.name)
        os.environ["PREFECT_API_URL"] = f"{url}/api"
        yield url
    except SchedulerUnavailableError as error:
        if server.poll() is None:
            raise
        hint = f"what it said is in {log.name}; the same command goes on from here"
        raise SchedulerUnavailableError(f"Prefect's server ended (status {server.returncode})", hint=hint) from error
    finally:
        server.terminate()
        try:
            server.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def open_log(home: Path, name: str) -> TextIO:
    """Begin a log beside what Prefect keeps, for its owner only; that of the former time goes."""
    log = private_folder(home / "prefect") / name
    log.touch(0o600)
    return log.open("w", encoding="utf-8")


def _await(server: "subprocess.Popen[bytes]", health: str, log: str) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(health, timeout=_STOP_S, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SchedulerUnavailableError(f"Prefect's server does not answer after {_START_S:.0f} s", hint=f"what it said is in {log}")


def _free_port() -> int:
    """The port that Prefect usually has, or one that is free."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((_LOOPBACK, _USUAL_PORT))
        except OSError:
            bound.bind((_LOOPBACK, 0))
        return int(bound.getsockname()[1])
