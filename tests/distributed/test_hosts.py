"""Training over hosts: two torchruns, as two persons start them, here with two names of one machine."""

import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.domain.embeddings import Embeddings
from pipeline.errors import ArtifactError, ConfigurationError
from pipeline.train.launch.hosts import Hosts
from pipeline.train.launch.launch import checkpoints_folder, prepare, train
from pipeline.train.launch.seat import work_at
from tests.unit.train.hypergraphs import coupled, least_squares, snapshot_of

PARAMETERS = least_squares(embedding_dim=8, rounds=150, tolerance=0)
FIRST, SECOND = "localhost", "127.0.0.1"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("snapshot") / "small"
    snapshot_of(coupled(seed=3, num=200)).write(directory)
    return directory


@pytest.fixture(scope="module")
def alone(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    """The result of one process."""
    return train(snapshot, tmp_path_factory.mktemp("alone") / "embeddings", PARAMETERS, run="alone")


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where to write; afterwards nothing is alive, and nothing lies in the place for temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield tmp_path / "shared" / "embeddings"
    commands = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert [command for command in commands if "host_worker" in command] == []
    assert list(temporary.iterdir()) == []


class Host:
    """A torchrun that a person has started, with nothing to read from."""

    def __init__(self, line: str, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._torchrun = subprocess.Popen(
                ["env", *shlex.split(line)], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent
            )

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self._torchrun.pid).children()

    def kill(self) -> None:
        """End torchrun without a word to its workers."""
        os.kill(self._torchrun.pid, signal.SIGKILL)

    def is_alive(self) -> bool:
        return self._torchrun.poll() is None

    def end(self) -> tuple[int, str]:
        """Wait for the end; exit status and all that was printed."""
        return self._torchrun.wait(timeout=120), self._log.read_text(encoding="utf-8")


@pytest.fixture
def prepared(snapshot: Path, out: Path) -> tuple[Path, dict[str, str]]:
    """A job of three workers, and the line of each host."""
    out.parent.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        hosts = Hosts({FIRST: 1, SECOND: 2}, free.getsockname()[1])
    return prepare(snapshot, out, PARAMETERS, run="hosted", hosts=hosts, timeout=60, checkpoint_every_s=0)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker sets for itself is taken back."""
    for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        monkeypatch.setenv(name, "lo")


def test_a_host_that_dies_is_named_and_the_same_lines_go_on(
    prepared: tuple[Path, dict[str, str]], out: Path, alone: Embeddings, tmp_path: Path
) -> None:
    """To the factors of one process, to the bit, from the lines as they are printed; vectors and job are all that is left."""
    _, lines = prepared
    first, second = (Host(line, tmp_path / host) for host, line in lines.items())
    while not any(int(path.name.partition("-")[0]) >= 2 for path in checkpoints_folder(out).glob("[0-9]*")):
        assert first.is_alive(), first.end()
        assert second.is_alive(), second.end()
        time.sleep(0.02)
    orphans = second.workers
    second.kill()
    assert len(orphans) == 2
    _, alive = psutil.wait_procs(orphans, timeout=60)
    assert alive == []
    second.end()
    status, words = first.end()
    assert status != 0
    # One of its two may have told that it lost the other, before it ended too.
    lost = r"error: no longer answers: worker [12] \(.+\) on 127\.0\.0\.1.*\n.*goes on from its last checkpoint"
    assert re.search(lost, words), words
    assert not out.exists()

    ends = [host.end() for host in [Host(line, tmp_path / host) for host, line in lines.items()]]
    assert [status for status, _ in ends] == [0, 0], ends
    found = Embeddings.read(out)
    assert (found.run, found.report["workers"]) == ("hosted", 3)
    assert found.report["resumedRound"] >= 2
    assert all(np.array_equal(found.factors[label], factor) for label, factor in alone.factors.items())
    (_, at_first), (_, at_second) = ends
    assert re.search(r"round 0 of 150: loss [\d.]+, .* s\n", at_first)
    assert "run hosted: 24 vectors of length 8" in at_first
    assert f"went on from a checkpoint, of round {found.report['resumedRound']}." in at_first
    for rank in (1, 2):
        assert re.search(
            rf"worker {rank} \(.*\) on 127\.0\.0\.1 is process \d+; all 3 workers have 60 seconds to come\n", at_second
        )
    assert sorted(path.name for path in out.parent.iterdir()) == ["embeddings", "embeddings.job.json"]


@pytest.mark.usefixtures("in_this_process")
def test_another_number_of_processes_than_the_job_has_is_refused(prepared: tuple[Path, dict[str, str]]) -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1 has 2 of this job's workers, and torchrun has started 1"):
        work_at(prepared[0], SECOND, 0, 1)


@pytest.mark.usefixtures("in_this_process")
def test_embeddings_are_not_overwritten(prepared: tuple[Path, dict[str, str]], out: Path) -> None:
    out.mkdir()
    with pytest.raises(ArtifactError, match="exists already"):
        work_at(prepared[0], FIRST, 0, 1)


@pytest.mark.usefixtures("in_this_process")
def test_a_job_that_a_host_does_not_see_is_said(out: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read as a job"):
        work_at(out, FIRST, 0, 1)
