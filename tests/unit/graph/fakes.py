"""Programs that stand in for the server, so that its life can be tried without Java."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

SLEEP = "import time; print(flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def fake_command(home: Path, program: str) -> list[str]:
    """A command line by which a Python program is taken for the server of ``home``."""
    return [sys.executable, "-c", program, f"--home-dir={home}", f"--config-dir={home}/conf"]


@contextmanager
def fake_server(home: Path, program: str = SLEEP) -> Iterator[psutil.Process]:
    """A running program that is taken for the server of ``home``."""
    with running(fake_command(home, program)) as process:
        yield process


@contextmanager
def running(command: Sequence[str]) -> Iterator[psutil.Process]:
    """A Python program, from when it has written its first line to the end of the block."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            yield psutil.Process(child.pid)
        finally:
            child.kill()
