"""`serve` and `deploy` where they cannot begin: in a line, before a server is started."""

import fcntl
from pathlib import Path

import pytest

from tests import library
from tests.unit.command.test_command import run


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("serve planted", "error: data set planted has no schedule\n--cron"),
        ("serve planted --cron * --every 6h", "error: --cron and --every are given both\n"),
        ("serve planted movies --every 6h --from there", "error: --from is for one data set\n"),
        ("serve planted planted --every 6h", "error: a data set is named twice\n"),
        ("serve plantd --every 6h", "error: there is no data set 'plantd'; did you mean planted?\n"),
        ("serve planted --every often", "error: the schedule of planted has 1 problem\n  every: 'often', expected a number"),
        ("deploy planted --every 6h", "error: PREFECT_API_URL is not set: there is no Prefect server to deploy to\n"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_begun(tmp_path: Path, line: str, told: str) -> None:
    result = run(*line.split(), HYPERLEARN_HOME=str(tmp_path / "home"))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(told), result.stderr
    assert not (tmp_path / "home" / "neo4j").exists()


def test_one_at_a_time_serves_from_a_home(tmp_path: Path) -> None:
    (tmp_path / "prefect").mkdir()
    with (tmp_path / "prefect" / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("serve", str(library.write(tmp_path, "b0,r0,1\n")), "--every", "6h", HYPERLEARN_HOME=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: `hyperlearn serve` works on {tmp_path} already\n")
