"""The home folder of the embedded server: what lies where, who may read it, and what one command remembers for the next.

For its owner alone (0700). Neo4j's own files are in ``conf``, ``data``, ``logs`` and so on; ours are ``password``, ``state.json``
and ``lock`` beside them. Each of our files is put in its place whole, so no reader meets half of one.
"""

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.domain.private_folder import private_folder
from pipeline.errors import EmbeddedServerError
from pipeline.graph.configuration import MIB, Memory, Ports, neo4j_conf

USER = "neo4j"
SMALLEST_FREE_MIB = 300
_NUM_HASHINGS = 1024
_NUM_LAST_WORDS = 8


@dataclass(frozen=True)
class State:
    """What one command remembers for the next.

    Attributes
    ----------
    bolt, http
        Ports of the server that runs, or ran last; tried first the next time.
    version
        The Neo4j version that last opened the store.
    pid
        Process id of the server; None before it has one and after a clean stop.
    """

    bolt: int
    http: int
    version: str
    pid: int | None = None

    @property
    def ports(self) -> Ports:
        """Both ports."""
        return Ports(self.bolt, self.http)


@dataclass(frozen=True)
class Home:
    """One home folder.

    Attributes
    ----------
    path
        The folder, absolute.
    """

    path: Path

    @property
    def lock_file(self) -> Path:
        """Held by the command that works on this folder."""
        return self.path / "lock"

    @property
    def console(self) -> Path:
        """What the server's process writes to its output; a start empties it."""
        return self.path / "logs/console.log"

    @property
    def password_file(self) -> Path:
        """Holds the password, in clear."""
        return self.path / "password"

    @property
    def state_file(self) -> Path:
        """Holds the `State`."""
        return self.path / "state.json"

    @property
    def holds_database(self) -> bool:
        """Whether a server has once begun to work here."""
        return (self.path / "data/databases/system").exists()

    @property
    def free_mib(self) -> int:
        """Free space on the folder's disk, in MiB."""
        return shutil.disk_usage(self.path).free // MIB

    def state(self) -> State | None:
        """What was remembered; None where nothing was, or it cannot be read."""
        try:
            kept = json.loads(self.state_file.read_text())
            return State(int(kept["bolt"]), int(kept["http"]), str(kept["version"]), kept["pid"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def remember(self, state: State) -> None:
        """Keep a state for the next command."""
        write_private(self.state_file, json.dumps(asdict(state), indent=1) + "\n")

    def make(self) -> None:
        """Have the folder, for its owner only."""
        private_folder(self.path)

    def prepare(self, ports: Ports, memory: Memory) -> None:
        """Write all that the server reads when it starts."""
        for folder in ("conf", "data/dbms", "import", "logs", "plugins", "run"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        if not self.holds_database:
            if not self.password_file.exists():
                write_private(self.password_file, secrets.token_urlsafe(24) + "\n")
            write_private(self.path / "data/dbms/auth.ini", initial_user(self.password()))
        write_private(self.path / "conf/neo4j.conf", neo4j_conf(ports, memory))
        self.console.unlink(missing_ok=True)

    def password(self) -> str:
        """The password that was generated for this folder's database."""
        try:
            return self.password_file.read_text().strip()
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.password_file} cannot be read ({error.strerror}), and the database beside it opens to no other password.",
                hint=f"Put the file back, or stop the server (down) and remove {self.path} to begin with an empty database.",
            ) from error

    def last_words(self) -> str:
        """The lines that tell why the server ended: the errors in its output, or its last lines, or else those of its log."""
        lines = _lines(self.console) or _lines(self.path / "logs/neo4j.log")
        telling = [line for line in lines if "ERROR" in line or "Exception" in line or line.startswith(("Caused by", "Error"))]
        return "\n".join((telling or lines)[-_NUM_LAST_WORDS:])


def _lines(file: Path) -> list[str]:
    """Lines with something to read, without the stack frames (which begin with a tab); none where there is no file."""
    try:
        return [line for line in file.read_text(errors="replace").splitlines() if line.strip() and line.isprintable()]
    except OSError:
        return []


def initial_user(password: str, salt: bytes | None = None) -> str:
    """The line of Neo4j's ``auth.ini`` that gives its first user this password.

    It is what Neo4j's own command ``set-initial-password`` writes, but that takes the password on its command line, where all users
    of the machine can read it. With this file there before the first start, Neo4j's well-known first password never opens anything.

    Parameters
    ----------
    password
        In clear; the line has a salted hash of it.
    salt
        32 random bytes by default.
    """
    salt = secrets.token_bytes(32) if salt is None else salt
    digest = salt + password.encode()
    for _ in range(_NUM_HASHINGS):
        digest = hashlib.sha256(digest).digest()
    return f"{USER}:SHA-256,{digest.hex()},{salt.hex()},{_NUM_HASHINGS}:\n"


def write_private(file: Path, text: str) -> None:
    """Put a file in its place at once and whole, readable by its owner alone at every moment."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # made 0600
    try:
        with os.fdopen(descriptor, "w") as part:
            part.write(text)
            part.flush()
            os.fsync(part.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
