"""The embedded server: a real Neo4j Community server below one folder, started, found again and stopped.

In: a home folder for all that it keeps (store, configuration, logs, password), a cache folder for downloads. Out: a `Connection`.
However a process that starts or stops the server ends, the next `up` finds either a server that runs or one that it can start.

A store goes forward only: Neo4j brings one of an older version up to its own when it starts, and one of a newer version is refused.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import psutil

from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import EmbeddedServerError
from pipeline.graph import process as processes
from pipeline.graph.configuration import LOOPBACK, NEO4J_VERSION, Memory, Ports
from pipeline.graph.connection import DEFAULT_DATABASE, Connection
from pipeline.graph.home import SMALLEST_FREE_MIB, USER, Home, State

if TYPE_CHECKING:
    from pipeline.graph.diagnosis import Finding

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 180.0
_LOCK_TIMEOUT_S = 900.0
_NUM_STARTS = 3
_BROKEN = "needs to be restarted"
_HINTS = {
    "FileLockException": "Another process, perhaps in a container or on another machine, works on this database: stop it first.",
    "No space left on device": "Free some space on the disk, then try again.",
    "insufficient memory": "Free some memory, then try again.",
}


@dataclass(frozen=True)
class EmbeddedServer:
    """A Neo4j server of our own.

    Attributes
    ----------
    home
        Folder of all that the server keeps; made, for its owner only, where it is missing.
    cache
        Folder of downloads, which servers may share.
    memory
        Heap and page cache; by default shares of the machine's memory.
    """

    home: Path
    cache: Path
    memory: Memory | None = None

    def up(self, progress: Progress = no_progress, *, timeout_s: float = START_TIMEOUT_S) -> Connection:
        """Have the server run: fetch what it needs, start it where it is not running, wait until it answers.

        Parameters
        ----------
        progress
            Gets a line for fetching and a line for starting, where there is something to do.
        timeout_s
            Seconds that the server may take to start.

        Raises
        ------
        EmbeddedServerError
            The server cannot be fetched or does not start; the message says what its log says.
        """
        with self._locked():
            process = self.process()
            if process is not None:
                try:
                    return self._await(process, timeout_s)
                except _BrokenError:
                    # Its disk was full, say. Asked to stop it may wait for ever; what was committed the next start brings back.
                    self._refuse_full_disk()
                    self._end(process, process.kill, STOP_TIMEOUT_S)
            self._refuse_newer_store()
            self._refuse_full_disk()
            from pipeline.graph.jars import fetch_jars

            jars = fetch_jars(self._cache, progress)
            with progress("Starting Neo4j"):
                for _ in range(_NUM_STARTS - 1):
                    try:
                        return self._await(self._start(jars), timeout_s)
                    except _PortTakenError:
                        continue
                return self._await(self._start(jars), timeout_s)

    def down(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Stop the server and wait until it has closed its store; False where none runs.

        Raises
        ------
        EmbeddedServerError
            It has not ended in time. It is not killed.
        """
        if not self.folder.path.is_dir() and self.process() is None:
            return False
        with self._locked():
            process = self.process()
            if process is None:
                return False
            self._end(process, process.terminate, timeout_s)
            return True

    def running(self) -> Connection | None:
        """Where the server is, if it runs and takes connections."""
        state = self.folder.state()
        process = self.process()
        if state is None or process is None or not processes.listens(process, (state.bolt,)):
            return None
        return self._connection(state)

    def process(self) -> psutil.Process | None:
        """The server's process, if there is one, whether it takes connections already or not."""
        state = self.folder.state()
        return processes.find(self.folder.path, state.pid if state else None)

    def diagnose(self) -> "list[Finding]":
        """Look at all that the server needs, and say what is wrong and how to mend it; nothing is changed."""
        from pipeline.graph.diagnosis import diagnose

        try:
            connection = self.running()
        except EmbeddedServerError:  # the password is gone, which is a finding of its own
            connection = None
        return diagnose(self.folder, self._cache, self._memory, self.process(), connection)

    @property
    def folder(self) -> Home:
        """The home folder by its one true name, which is what the process is recognised by."""
        return Home(self.home.resolve())

    @property
    def _cache(self) -> Path:
        return self.cache.resolve()

    @property
    def _memory(self) -> Memory:
        return self.memory or Memory.of_machine()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Have the home folder, and other commands on it wait."""
        try:
            self.folder.make()
            with filelock.FileLock(self.folder.lock_file, timeout=_LOCK_TIMEOUT_S):
                yield
        except filelock.Timeout as error:
            raise EmbeddedServerError(
                f"Another command has been working on {self.home} for {_LOCK_TIMEOUT_S / 60:.0f} minutes.",
                hint=f"See what it does and end it (fuser {self.folder.lock_file}), then try again.",
            ) from error
        except OSError as error:
            raise EmbeddedServerError(
                f"Neo4j's folder {self.home} cannot be used: {error.strerror or error}",
                hint="Make it yours and writable, free some space, or choose another with HYPERLEARN_HOME.",
            ) from error

    def _refuse_newer_store(self) -> None:
        state = self.folder.state()
        if state and _release(state.version) > _release(NEO4J_VERSION):
            raise EmbeddedServerError(
                f"{self.home} was last used by Neo4j {state.version}, this is {NEO4J_VERSION}, and there is no way back.",
                hint="Use the newer version of this program, or another folder (HYPERLEARN_HOME).",
            )

    def _refuse_full_disk(self) -> None:
        """Neo4j neither starts nor ends where it cannot lay out its files."""
        free_mib = self.folder.free_mib
        if free_mib < SMALLEST_FREE_MIB:
            raise EmbeddedServerError(
                f"The disk of {self.home} has {free_mib} MiB free, and Neo4j needs at least {SMALLEST_FREE_MIB}.",
                hint="Free some space, or choose another folder with HYPERLEARN_HOME.",
            )

    def _end(self, process: psutil.Process, ask: Callable[[], None], timeout_s: float) -> None:
        """Ask the server's process to end, and wait until it has."""
        with suppress(psutil.NoSuchProcess):
            ask()
        if not processes.wait_until_gone(process, timeout_s):
            raise EmbeddedServerError(
                f"Neo4j (process {process.pid}) was asked to stop and still runs after {timeout_s:.0f} s.",
                hint=f"Wait and try again. Killing it (kill -9 {process.pid}) loses nothing committed: the next up recovers.",
            )
        if state := self.folder.state():
            self.folder.remember(replace(state, pid=None))

    def _start(self, jars: Sequence[Path]) -> psutil.Process:
        """Start the server; it does not answer yet."""
        before = self.folder.state()
        ports = free_ports(before.ports if before else Ports())
        memory = self._memory
        self.folder.prepare(ports, memory)
        command = processes.java_command(jars, self.folder.path, memory.heap_mib)
        # The ports are kept before there is a process: whoever finds it, should we end right here, also finds its ports.
        state = State(ports.bolt, ports.http, NEO4J_VERSION)
        self.folder.remember(state)
        pid = processes.start(command, self.folder.path, self.folder.console)
        self.folder.remember(replace(state, pid=pid))
        process = processes.server(self.folder.path, pid)
        if process is None:
            raise self._failed_start()
        return process

    def _await(self, process: psutil.Process, timeout_s: float) -> Connection:
        """Wait until the server answers us on all its ports."""
        from pipeline.graph.handshake import complaint_of

        state = self.folder.state()
        if state is None:
            raise EmbeddedServerError(
                f"Neo4j runs (process {process.pid}), but {self.folder.state_file} is gone, and with it the ports.",
                hint="Stop it first (down).",
            )
        connection = self._connection(state)
        complaint = "it takes no connections"
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not processes.server(self.folder.path, process.pid):
                raise self._failed_start()
            if processes.listens(process, (state.bolt, state.http)):
                complaint = complaint_of(connection)
                if not complaint:
                    return connection
                if _BROKEN in complaint:
                    raise _BrokenError(
                        f"Neo4j (process {process.pid}) cannot go on: {complaint}",
                        hint=f"See that its disk has room, and try again. What happened is in {self.folder.console.parent}.",
                    )
            time.sleep(0.1)
        raise EmbeddedServerError(
            f"Neo4j (process {process.pid}) does not answer after {timeout_s:.0f} s: {complaint}\n{self.folder.last_words()}",
            hint=f"The machine may be busy: try again. What it does is in {self.folder.console.parent}.",
        )

    def _failed_start(self) -> EmbeddedServerError:
        words = self.folder.last_words()
        if "PortBindException" in words or "already in use" in words:
            return _PortTakenError(f"Neo4j ended while starting: a port is taken.\n{words}", hint="Try again.")
        hint = next((hint for sign, hint in _HINTS.items() if sign in words), f"All it said is in {self.folder.console.parent}.")
        return EmbeddedServerError(f"Neo4j ended while starting. Its last words:\n{words}", hint=hint)

    def _connection(self, state: State) -> Connection:
        return Connection(
            uri=f"bolt://{LOOPBACK}:{state.bolt}",
            user=USER,
            password=self.folder.password(),
            database=DEFAULT_DATABASE,
            browser_url=f"http://{LOOPBACK}:{state.http}/browser/",
        )


class _BrokenError(EmbeddedServerError):
    """The database takes nothing more until it is started anew."""


class _PortTakenError(EmbeddedServerError):
    """Somebody took a port between our look at it and the server's."""


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def free_ports(wished: Ports) -> Ports:
    """Give the wished ports, each replaced by a free one where it is taken."""
    with ExitStack() as stack:
        bolt, http = (stack.enter_context(_bound(port)).getsockname()[1] for port in (wished.bolt, wished.http))
        return Ports(bolt, http)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: what lingers after a stop is not taken
    try:
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.bind((LOOPBACK, 0))
    return bound
