"""`hyperlearn serve` as a person has it: its lines, Prefect's own account of them, and what is left after it was killed."""

import json
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.one_writer import one_writer
from pipeline.source.described.schedule_table import parse_schedule
from tests import library
from tests.database import ask, variables

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## On a schedule")[2].partition("\n## ")[0]
PATIENCE_S = 180
"""For what takes seconds on a machine that has nothing else to do."""


class Served:
    """A `hyperlearn serve` at work."""

    def __init__(self, arguments: list[str], environment: dict[str, str], told: Path) -> None:
        self.file = told
        with told.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "serve", *arguments],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )

    @property
    def told(self) -> str:
        return self.file.read_text()

    def until(self, pattern: str) -> str:
        """Wait for a line; give it."""
        return wait(lambda: next((line for line in self.told.splitlines() if re.search(pattern, line)), ""), self, pattern)

    def ask(self, path: str, **body: Any) -> Any:
        """Ask Prefect's API."""
        answer = httpx.post(f"{self.until('^Prefect: ').removeprefix('Prefect: ')}/api/{path}/filter", json=body, timeout=60)
        return answer.raise_for_status().json()

    def runs(self, *states: str) -> list[dict[str, Any]]:
        """All runs that began, in the order in which they did, or those of them that are in a state."""
        runs = self.ask("flow_runs", sort="START_TIME_ASC")
        began = [run for run in runs if run["start_time"] and run["state_type"] != "CANCELLED"]
        return [run for run in began if not states or run["state_type"] in states]


def wait(look: Callable[[], Any], served: Served, what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert served.process.poll() is None and time.monotonic() < deadline, f"{what} did not come:\n{served.told}"
        time.sleep(0.2)
    return found


@contextmanager
def serving(*arguments: str, environment: dict[str, str], told: Path) -> Iterator[Served]:
    """Serve for the length of a block; whatever is still there then is ended."""
    served = Served(list(arguments), environment, told)
    family = [psutil.Process(served.process.pid)]
    try:
        yield served
    finally:
        for process in [*family[0].children(recursive=True), *family] if family[0].is_running() else []:
            process.kill()
        served.process.wait()


def test_the_schedule_of_the_readme_is_one() -> None:
    (table,) = re.findall(r"```toml\n(\[schedule\].*?)```", SECTION, re.DOTALL)
    assert parse_schedule(tomllib.loads(table)["schedule"], "README").cron == "0 4 * * *"


def test_serve_refreshes_what_has_changed_and_survives_being_killed(
    client: GraphClient, connection: Connection, tmp_path: Path
) -> None:
    rows = "".join(f"b{row % 20},r{row // 5},{row % 5 + 1}\n" for row in range(200))
    dataset = library.write(tmp_path, rows)
    with dataset.open("a") as file:
        file.write("[training]\nrounds = 5\n")  # chosen: nothing is tried for a minute
    environment = variables(connection, tmp_path / "home")
    # The line that the README has for a try.
    (line,) = re.findall(r"^uv run hyperlearn serve books\.toml (--every .*?) *#", SECTION, re.MULTILINE)

    with serving(str(dataset), *line.split(), environment=environment, told=tmp_path / "first.txt") as served:
        served.until(r"refresh library .* UTC: done in .*260 created.*write-back: 60 vectors")
        first = ask(client, "MATCH (run:ServedVectors) RETURN DISTINCT run.run AS run")
        # Nothing has changed: nothing is done.
        served.until(f"the source has not changed; write-back: skipped: run {first[0]['run']} stays served")
        second = subprocess.run(
            [sys.executable, "-m", "pipeline", "serve", str(dataset), "--every", "1h"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert second.returncode == 2
        assert f"`hyperlearn serve` works on {tmp_path / 'home'} already (process {served.process.pid})" in second.stderr
        # Something has.
        (tmp_path / "loans.csv").write_text(f"book,reader,stars\n{rows}b3,r1,5\nb4,r1,5\n")
        served.until("done in .*2 created.*write-back: 60 vectors")
        assert ask(client, "MATCH (run:ServedVectors) RETURN DISTINCT run.run AS run") != first
        runs = served.runs()
        assert len(runs) >= 3
        assert all(re.fullmatch(r"refresh library \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", run["name"]) for run in runs)
        for one, next_one in pairwise(runs):
            assert one["end_time"] <= next_one["start_time"]  # nothing overlaps
        (deployment,) = served.ask("deployments")
        assert deployment["name"] == "library"
        assert deployment["concurrency_options"] == {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": None}
        (stages,) = (left for left in served.ask("artifacts/latest") if left["key"] == "stages-of-library")
        assert json.loads(stages["data"])[0]["stage"] == "ingest"
        (published,) = {
            event["resource"]["prefect.resource.id"]
            for event in served.ask("events", filter={"event": {"name": ["hyperlearn.embeddings.published"]}})["events"]
        }
        assert published == "hyperlearn.dataset.library"
        # Killed with a run at work: it waits for this lease.
        with one_writer(client, "library", "a test", wait=True):
            known = {run["id"] for run in served.runs()}
            wait(lambda: {run["id"] for run in served.runs("RUNNING")} - known, served, "a run")
            kill_all_at_once(psutil.Process(served.process.pid))
    kept = [path for path in (tmp_path / "home" / "prefect").rglob("*") if "ui" not in path.parts]
    assert {str(path): oct(path.stat().st_mode) for path in kept if path.stat().st_mode & 0o077} == {}

    with serving(str(dataset), *line.split(), environment=environment, told=tmp_path / "second.txt") as served:
        served.until("was at work when `hyperlearn serve` ended; the next run goes on from there")
        served.until("done in .*write-back: skipped")
        assert {run["id"] for run in served.runs()} > known  # the history is there
        family = psutil.Process(served.process.pid).children(recursive=True)
        served.process.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(family, timeout=PATIENCE_S)[1] == []  # nothing outlives it


def kill_all_at_once(process: psutil.Process) -> None:
    """As when the machine loses its power: nobody is left to tidy up."""
    family = [process, *process.children(recursive=True)]
    for each in family:
        each.suspend()
    for each in family:
        each.kill()
    psutil.wait_procs(family[1:], timeout=PATIENCE_S)
