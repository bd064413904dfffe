"""`train --hosts`: a job, and what to type on each host."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.train.launch.job import Job
from tests.unit.train.hypergraphs import coupled, snapshot_of


def test_the_lines_are_printed_and_nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLEARN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    snapshot_of(coupled()).write(tmp_path / "snapshot")
    arguments = ["train", "snapshot", "vectors", "--workers", "3", "--hosts", "alpha,beta", "--set", "rounds=5"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["alpha:", "beta:"]
    typed = shlex.split(lines[1])
    assert ("--nproc-per-node=2" in typed, typed[-2:]) == (True, [str(tmp_path / "vectors.job.json"), "alpha"])
    assert "on a disk that the hosts share" in " ".join(result.stderr.split())
    assert not (tmp_path / "vectors").exists()
    job = Job.read(tmp_path / "vectors.job.json")
    assert job.hosts is not None
    assert (job.hosts.workers, job.parameters.rounds, len(job.owned)) == ({"alpha": 2, "beta": 1}, 5, 3)
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert (list(told["lines"]), told["job"]) == (["alpha", "beta"], "vectors.job.json")
