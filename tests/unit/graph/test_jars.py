import hashlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from jgo.env import LockFile
from urllib3.util import Retry

from pipeline.domain.progress import no_progress
from pipeline.errors import EmbeddedServerError
from pipeline.graph import jars
from pipeline.graph.configuration import NEO4J_VERSION
from pipeline.graph.jars import COORDINATES, LOCK_PATH, JarSet, fetch_jars
from tests.unit.graph.repository import Repository, lock_entry, serving, write_lock

_FETCH = """
import sys
from pathlib import Path
from pipeline.graph.jars import fetch_jars
fetch_jars(Path(sys.argv[1]), lock_path=Path(sys.argv[2]), remote_repos={"loopback": sys.argv[3]})
"""


@pytest.fixture
def repository() -> Iterator[Repository]:
    with serving() as repository:
        yield repository


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def lock(repository: Repository, tmp_path: Path) -> Path:
    """A lock of twenty jars, which the repository has."""
    return write_lock(tmp_path / "lock.toml", *(repository.add(f"jar{number}", bytes([number]) * 10_000) for number in range(20)))


def files(cache: Path) -> set[str]:
    return {path.name for path in cache.rglob("*") if path.is_file()} - {"fetch.lock"}


class Steps:
    """A progress that counts."""

    def __init__(self) -> None:
        self.totals: list[int | None] = []
        self.num_steps = 0

    def __call__(self, description: str, *, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        del description

        @contextmanager
        def line() -> Iterator[Callable[[int], None]]:
            self.totals.append(total)
            yield self._advance

        return line()

    def _advance(self, steps: int) -> None:
        self.num_steps += steps


def test_the_committed_lock_names_each_jar_once_with_version_and_sha256() -> None:
    dependencies = LockFile.load(LOCK_PATH).dependencies
    assert len({(each.groupId, each.artifactId, each.version, each.classifier) for each in dependencies}) == len(dependencies) > 200
    assert all(re.fullmatch(r"[0-9a-f]{64}", each.sha256 or "") for each in dependencies)
    assert {f"{each.groupId}:{each.artifactId}:{each.version}" for each in dependencies} >= set(COORDINATES)
    assert {each.version for each in dependencies if each.groupId == "org.neo4j"} == {NEO4J_VERSION}


def test_fetches_all_in_the_order_of_the_lock(repository: Repository, lock: Path, cache: Path) -> None:
    steps = Steps()
    paths = fetch_jars(cache, steps, lock_path=lock, remote_repos=repository.remote_repos)
    assert [path.read_bytes() for path in paths] == [bytes([number]) * 10_000 for number in range(20)]
    assert (steps.totals, steps.num_steps) == ([20], 20)
    assert set(repository.requests.values()) == {1}


def test_asks_for_nothing_when_all_is_there(repository: Repository, lock: Path, cache: Path) -> None:
    first = fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    repository.requests.clear()
    steps = Steps()
    assert fetch_jars(cache, steps, lock_path=lock, remote_repos=repository.remote_repos) == first
    assert not repository.requests
    assert not steps.totals


def test_a_wrong_checksum_is_an_error_and_the_file_is_not_kept(repository: Repository, cache: Path, tmp_path: Path) -> None:
    repository.add("evil", b"not what was locked")
    lock = write_lock(tmp_path / "lock.toml", lock_entry("evil", "ab" * 32))
    with pytest.raises(EmbeddedServerError) as caught:
        fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    assert "org.example:evil:jar:1.0" in str(caught.value)
    assert "ab" * 32 in str(caught.value)
    assert hashlib.sha256(b"not what was locked").hexdigest() in str(caught.value)
    assert caught.value.hint
    assert files(cache) == set()


def test_what_has_come_before_an_error_is_kept_and_not_fetched_again(repository: Repository, lock: Path, cache: Path) -> None:
    missing = "/org/example/jar7/1.0/jar7-1.0.jar"
    content = repository.files.pop(missing)
    with pytest.raises(EmbeddedServerError, match=r"org\.example:jar7:jar:1\.0 is not in the repository loopback"):
        fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos, num_connections=1)
    assert files(cache) >= {f"jar{number}-1.0.jar" for number in range(7)}
    repository.files[missing] = content
    fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    assert all(repository.requests[f"/org/example/jar{number}/1.0/jar{number}-1.0.jar"] == 1 for number in range(7))


def test_a_repository_that_fails_once_or_breaks_off_is_asked_again(repository: Repository, lock: Path, cache: Path) -> None:
    repository.failures["/org/example/jar3/1.0/jar3-1.0.jar"] = 1
    repository.cuts["/org/example/jar4/1.0/jar4-1.0.jar"] = 1
    paths = fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    assert paths[4].read_bytes() == bytes([4]) * 10_000
    assert repository.requests["/org/example/jar3/1.0/jar3-1.0.jar"] == 2


def test_one_that_always_breaks_off_is_an_error(repository: Repository, lock: Path, cache: Path) -> None:
    repository.cuts["/org/example/jar4/1.0/jar4-1.0.jar"] = 100
    with pytest.raises(EmbeddedServerError, match="cannot be fetched"):
        fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    assert "jar4-1.0.jar" not in files(cache)


def test_no_network_is_one_clear_line(lock: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_RETRY", Retry(0))
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(EmbeddedServerError) as caught:
            fetch_jars(cache, lock_path=lock, remote_repos={"nobody": f"http://127.0.0.1:{unheard.getsockname()[1]}"})
    assert len(str(caught.value).splitlines()) == 1
    assert "Connection refused" in str(caught.value)
    assert "try again" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_a_clear_error(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match="cannot be kept in") as caught:
        fetch_jars(tmp_path / "file", lock_path=lock)
    assert "HYPERLEARN_CACHE" in caught.value.hint


def test_a_jar_that_was_cut_short_later_is_fetched_again(repository: Repository, lock: Path, cache: Path) -> None:
    paths = fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    paths[5].write_bytes(b"short")
    damaged = JarSet.locked(cache, lock_path=lock).damaged()
    assert damaged == ["org.example:jar5:jar:1.0"]
    repository.requests.clear()
    fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    assert paths[5].read_bytes() == bytes([5]) * 10_000
    assert list(repository.requests) == ["/org/example/jar5/1.0/jar5-1.0.jar"]


def test_a_damaged_jar_of_an_unfinished_fetch_is_not_believed(repository: Repository, lock: Path, cache: Path) -> None:
    path = JarSet.locked(cache, lock_path=lock).paths[5]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 10_000)
    fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    assert path.read_bytes() == bytes([5]) * 10_000


def test_another_lock_does_not_take_the_marker_of_this_one(repository: Repository, lock: Path, cache: Path) -> None:
    fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)
    write_lock(lock, repository.add("jar0", b"newer", version="2.0"))
    assert fetch_jars(cache, lock_path=lock, remote_repos=repository.remote_repos)[0].read_bytes() == b"newer"


def test_a_fetch_that_is_killed_leaves_nothing_half_used(repository: Repository, lock: Path, cache: Path) -> None:
    repository.hang = True
    with subprocess.Popen([sys.executable, "-c", _FETCH, str(cache), str(lock), repository.url]) as child:
        assert repository.hanging.wait(60)
        child.send_signal(signal.SIGKILL)
    assert not [name for name in files(cache) if name.endswith((".jar", ".json"))]
    assert not JarSet.locked(cache, lock_path=lock).are_there()
    repository.hang = False
    repository.release.set()
    paths = fetch_jars(cache, no_progress, lock_path=lock, remote_repos=repository.remote_repos)
    assert paths[0].read_bytes() == bytes([0]) * 10_000
    assert len(files(cache)) == 20 + 1


def test_of_several_processes_one_fetches_and_all_have_the_jars(repository: Repository, lock: Path, cache: Path) -> None:
    command = [sys.executable, "-c", _FETCH, str(cache), str(lock), repository.url]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert len(repository.requests) == 20
    assert set(repository.requests.values()) == {1}
    assert len(files(cache)) == 20 + 1
