"""Temporary folders of processes that were killed go with the next one; those of others stay."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.domain.scratch import Scratch

KEEPS_ONE = "import sys; from pipeline.domain.scratch import Scratch; s = Scratch(); print(s.folder, flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_it_is_removed_when_it_is_closed_and_when_it_is_forgotten(temporary: Path) -> None:
    with Scratch() as folder:
        (folder / "file").write_text("a row")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(temporary.iterdir())
    forgotten = Scratch()
    assert forgotten.folder.is_dir()
    del forgotten
    assert not list(temporary.iterdir())


def test_what_was_left_by_one_that_was_killed_is_removed_and_what_is_at_work_stays(temporary: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", KEEPS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = [Path((process.stdout or sys.stdin).readline().strip()) for process in processes]
    killed, at_work = folders
    (killed / "deep").mkdir()
    (killed / "deep" / "rows").write_text("of somebody's table")
    (temporary / "hyperlearn-scratch-link").symlink_to(temporary)
    (temporary / "somebody-elses").mkdir()
    processes[0].send_signal(signal.SIGKILL)
    processes[0].communicate()
    assert killed.is_dir()
    with Scratch() as own, Scratch() as other:
        assert not killed.exists()
        assert at_work.is_dir()
        assert own.is_dir()
        assert other.is_dir()
    processes[1].communicate()
    assert sorted(path.name for path in temporary.iterdir()) == ["hyperlearn-scratch-link", "somebody-elses"]
