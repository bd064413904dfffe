"""The jars of the embedded Neo4j server: fetched once, by coordinates, checked against the committed lock.

In: ``neo4j.lock.toml``, a lock in jgo's format with the version and SHA-256 of every jar. Out: the paths of all jars, in the order
of the class path, below a cache folder laid out like a Maven repository.

A file gets its final name only after its SHA-256 was found to be that of the lock, and the set counts as complete only once its
marker is written, last of all. So whatever ends a fetch early leaves nothing that a later one would take for whole.

``python -m pipeline.graph.jars`` makes the lock anew from `COORDINATES`; it is for developers who move to another version.
"""

import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from filelock import FileLock
from jgo.constants import VERSION as JGO_VERSION
from jgo.env import LockFile
from jgo.maven import Artifact, MavenContext, PythonResolver
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import EmbeddedServerError
from pipeline.graph.configuration import NEO4J_VERSION

COORDINATES = (
    f"org.neo4j:neo4j:{NEO4J_VERSION}",
    f"org.neo4j.app:neo4j-server:{NEO4J_VERSION}",
    "org.neo4j.client:neo4j-browser:5.24.0",
)
LOCK_PATH = Path(__file__).with_name("neo4j.lock.toml")

NUM_CONNECTIONS = 16
_TIMEOUTS_S = (10, 30)
_RETRY = Retry(total=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
_NUM_BODY_ATTEMPTS = 3
_CHUNK_BYTES = 1 << 18
_PART_SUFFIX = ".part"


def fetch_jars(
    cache: Path,
    progress: Progress = no_progress,
    *,
    lock_path: Path = LOCK_PATH,
    remote_repos: dict[str, str] | None = None,
    num_connections: int = NUM_CONNECTIONS,
) -> tuple[Path, ...]:
    """Have every jar of the lock below ``cache``, and tell where they are.

    Parameters
    ----------
    cache
        Folder for downloads; made where it is missing. Several processes may share it: one fetches, the others wait for it.
    progress
        Gets one line that counts jars, or none where all are there.
    lock_path
        The lock to follow.
    remote_repos
        Name and address of each repository to ask, in this order; jgo's own where None.
    num_connections
        How many jars are fetched at a time.

    Returns
    -------
    tuple of Path
        The jars in the order of the lock, which is that of the class path.

    Raises
    ------
    EmbeddedServerError
        A jar cannot be fetched or is not the locked one, or the cache cannot be written.
    """
    jars = JarSet.locked(cache, lock_path=lock_path, remote_repos=remote_repos, num_connections=num_connections)
    if jars.are_there():
        return jars.paths
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "fetch.lock"):
            if not jars.are_there():
                jars.fetch(progress)
    except requests.RequestException as error:
        raise EmbeddedServerError(
            f"The Neo4j jars cannot be fetched: {_root_cause(error)}",
            hint="See that this machine reaches the network (HTTPS_PROXY, REQUESTS_CA_BUNDLE); try again, what has come is kept.",
        ) from error
    except OSError as error:
        raise EmbeddedServerError(
            f"The Neo4j jars cannot be kept in {cache}: {error.strerror or error}",
            hint="Make that folder writable and see that 200 MB are free, or choose another with HYPERLEARN_CACHE.",
        ) from error
    return jars.paths


@dataclass(frozen=True)
class JarSet:
    """All jars of one lock, in one cache folder.

    Attributes
    ----------
    artifacts
        The jars in the order of the lock.
    resolver
        Fetches them.
    marker
        File that is there when all jars are, and tells their sizes; it is named by the lock's digest.
    """

    artifacts: tuple[Artifact, ...]
    resolver: "LockedResolver"
    marker: Path

    @classmethod
    def locked(
        cls,
        cache: Path,
        *,
        lock_path: Path = LOCK_PATH,
        remote_repos: dict[str, str] | None = None,
        num_connections: int = NUM_CONNECTIONS,
    ) -> "JarSet":
        """Read the lock; nothing is fetched."""
        dependencies = LockFile.load(lock_path).dependencies
        keys = [(each.groupId, each.artifactId, each.version, each.classifier or "", each.packaging) for each in dependencies]
        sha256s = {key: each.sha256 or "" for key, each in zip(keys, dependencies, strict=True)}
        resolver = LockedResolver(sha256s, num_connections)
        context = MavenContext(resolver, cache / "maven", local_repos=[], remote_repos=remote_repos)
        artifacts = (
            context.project(group, name).at_version(version).artifact(classifier, packaging)
            for group, name, version, classifier, packaging in keys
        )
        digest = hashlib.sha256(lock_path.read_bytes()).hexdigest()
        return cls(tuple(artifacts), resolver, cache / f"{digest[:16]}.complete.json")

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the jars are, or will be."""
        return tuple(_path(artifact) for artifact in self.artifacts)

    def are_there(self) -> bool:
        """Whether all have once been there and still have their sizes; hashing 190 MB at each start would be time for nothing."""
        try:
            sizes = json.loads(self.marker.read_text())
            return all(path.stat().st_size == sizes[path.name] for path in self.paths)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def damaged(self) -> list[str]:
        """Coordinates of the jars that are missing or not what the lock says; reads them all."""
        return [str(artifact) for artifact in self.artifacts if not self.resolver.is_there(artifact)]

    def fetch(self, progress: Progress) -> None:
        """Fetch what is not there, several files at a time; the first failure ends the others.

        The caller holds the cache's lock.
        """
        # Whoever left these was killed, else we would not have the lock.
        for part in self.marker.parent.glob(f"maven/**/*{_PART_SUFFIX}"):
            part.unlink()
        pool = ThreadPoolExecutor(self.resolver.num_connections, thread_name_prefix="jars")
        try:
            with progress("Fetching Neo4j (jars)", total=len(self.artifacts)) as advance:
                missing = [artifact for artifact in self.artifacts if not self.resolver.is_there(artifact)]
                advance(len(self.artifacts) - len(missing))
                for future in as_completed([pool.submit(self.resolver.download, artifact) for artifact in missing]):
                    future.result()
                    advance(1)
        except BaseException:
            self.resolver.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            self.resolver.close()
        with _part(self.marker) as part:
            part.write_text(json.dumps({path.name: path.stat().st_size for path in self.paths}, indent=0))
            part.replace(self.marker)


class LockedResolver(PythonResolver):
    """Fetches only what the lock names, over connections that are kept open, and trusts nothing but the SHA-256.

    Parameters
    ----------
    sha256s
        For each artifact's key (group, name, version, classifier, packaging) the SHA-256 of its file, in hex.
    num_connections
        How many threads will call `download` at a time.
    """

    def __init__(self, sha256s: Mapping[tuple[str, str, str, str, str], str], num_connections: int) -> None:
        super().__init__()
        self.num_connections = num_connections
        self._sha256s = sha256s
        self._stopped = threading.Event()
        self._session = requests.Session()
        # A jar is packed already; asked for as it is, its length is known and a cut-off one noticed.
        self._session.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=num_connections, max_retries=_RETRY))

    def download(self, artifact: Artifact) -> Path:
        """Fetch one file into its place in the cache.

        Raises
        ------
        EmbeddedServerError
            No repository has it, or what came is not what the lock names.
        requests.RequestException
            No repository answers.
        """
        for repo in artifact.context.remote_repos.values():
            url = f"{repo}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
            with _part(_path(artifact)) as part:
                sha256 = self._receive(url, part)
                if sha256 is None:
                    continue
                self._check(artifact, sha256)
                part.replace(_path(artifact))
                return _path(artifact)
        repos = ", ".join(artifact.context.remote_repos)
        raise EmbeddedServerError(
            f"{artifact} is not in the repository {repos}.", hint="Make the lock anew: python -m pipeline.graph.jars"
        )

    def is_there(self, artifact: Artifact) -> bool:
        """Whether the cache holds this file, with the SHA-256 of the lock."""
        try:
            with _path(artifact).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self._sha256s[artifact.key]
        except OSError:
            return False

    def stop(self) -> None:
        """Have the downloads that are under way end early, in an error."""
        self._stopped.set()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _receive(self, url: str, part: Path) -> str | None:
        """Stream a file to ``part`` and give its SHA-256, or None where the repository lacks it."""
        for attempt in range(1, _NUM_BODY_ATTEMPTS + 1):
            with self._session.get(url, stream=True, timeout=_TIMEOUTS_S) as response:
                if response.status_code == requests.codes.not_found:
                    return None
                response.raise_for_status()
                try:
                    return self._save(response, part)
                except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
                    # Broken off in the middle, which the session's own retries do not cover.
                    if attempt == _NUM_BODY_ATTEMPTS:
                        raise
        return None

    def _save(self, response: requests.Response, part: Path) -> str:
        digest = hashlib.sha256()
        with part.open("wb") as file:
            for chunk in response.iter_content(_CHUNK_BYTES):
                if self._stopped.is_set():
                    raise requests.RequestException("stopped because another jar failed")
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    def _check(self, artifact: Artifact, sha256: str) -> None:
        expected = self._sha256s[artifact.key]
        if sha256 != expected:
            raise EmbeddedServerError(
                f"What came for {artifact} has SHA-256 {sha256}, the lock says {expected}; it was thrown away.",
                hint="Something between here and the repository changes files, or serves an error page: try another network.",
            )


def write_lock(lock_path: Path = LOCK_PATH, coordinates: Sequence[str] = COORDINATES) -> int:
    """Resolve the coordinates with all they need, walking the POMs, and write the lock.

    Returns
    -------
    int
        How many jars it names.
    """
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=60)
        inputs, transitive = context.resolver.resolve([context.create_dependency(each) for each in coordinates])
        dependencies = [*inputs, *transitive]
        with ThreadPoolExecutor(NUM_CONNECTIONS) as pool:
            list(pool.map(lambda dependency: dependency.artifact.resolve(), dependencies))
        lock = LockFile.from_resolved_dependencies(dependencies, environment_name="neo4j")
        lock.jgo_version = JGO_VERSION
        lock.save(lock_path)
    return len(dependencies)


def _path(artifact: Artifact) -> Path:
    path = artifact.cached_path
    if path is None:
        raise ValueError(f"{artifact} has no place in the cache")
    return path


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """Give a new file beside ``path`` to write to; whatever is left of it at the end is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(_PART_SUFFIX, f"{path.name}.", path.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _root_cause(error: BaseException) -> str:
    """Say in one line what lies beneath the wrappings of requests and urllib3."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{error}".splitlines()[0] if f"{error}" else type(error).__name__


if __name__ == "__main__":
    sys.stdout.write(f"{write_lock()} jars in {LOCK_PATH}\n")
