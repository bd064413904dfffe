"""Data sets made known to a Prefect server that is there: for its workers, and for `serve`."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flows.scheduled import scheduled
from pipeline.domain.device import Device
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.query.served import published
from tests import library
from tests.database import variables

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = README.partition("## On a schedule")[2].partition("\n## ")[0]
ROWS = "".join(f"b{row % 20},r{row // 5},{row % 5 + 1}\n" for row in range(100))
DEADLINE_S = 180


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = library.write(tmp_path, ROWS)
    with path.open("a") as file:
        file.write('[training]\nrounds = 2\n[schedule]\ncron = "0 4 * * *"\ntimezone = "Europe/Amsterdam"\nkeep_stale = true\n')
    return path


@pytest.fixture
def environment(flow: ModuleType, client: GraphClient, connection: Connection, tmp_path: Path) -> dict[str, str]:
    """Of a process of its own that knows the server."""
    from prefect.settings import PREFECT_API_URL

    return variables(connection, tmp_path) | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}


def read(name: str, flow: str = "refresh") -> Any:
    """A deployment, as the server has it; None where it has not."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as prefect:
        try:
            return prefect.read_deployment_by_name(f"{flow}/{name}")
        except ObjectNotFound:
            return None


def test_a_worker_runs_what_was_deployed_and_its_pool_stays_as_it_was_made(
    dataset: Path, environment: dict[str, str], client: GraphClient
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolUpdate

    from flows.deploy import deploy

    # The lines of the README.
    (deploying,) = re.findall(r"^uv run hyperlearn (deploy books\.toml) *#", SECTION, re.MULTILINE)
    (working,) = re.findall(r"^uv run (prefect worker start --pool hyperlearn) *#", SECTION, re.MULTILINE)
    command = [sys.executable, "-m", "pipeline", *deploying.replace("books.toml", str(dataset)).split()]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=DEADLINE_S)
    assert told.stderr.splitlines() == [
        "library: 0 4 * * * (Europe/Amsterdam), by workers of hyperlearn",
        "  choose its settings anew: prefect deployment run tune/library",
        f"start one: {working}",
    ]
    with get_client(sync_client=True) as prefect:
        prefect.update_work_pool("hyperlearn", WorkPoolUpdate(concurrency_limit=3))
        first = read("library")
        deploy([scheduled(str(dataset), None, {"every": "6h"})], "hyperlearn", Device.CPU)
        made, tuning = read("library"), read("library", "tune")
        assert prefect.read_work_pool("hyperlearn").concurrency_limit == 3
        assert len(prefect.read_automations_by_name("hyperlearn: runs that were killed")) == 1
        run = prefect.create_flow_run_from_deployment(made.id)
        command = [sys.executable, "-m", *working.split(), "--run-once"]
        as_json = environment | dict(re.findall(r"^export (PREFECT_LOGGING_\w+)=(\S+)$", OPERATIONS, re.MULTILINE))
        worker = subprocess.run(command, env=as_json, capture_output=True, text=True, check=False, timeout=DEADLINE_S)
        ended = prefect.read_flow_run(run.id)
    assert ended.state is not None and ended.state.is_completed(), worker.stdout + worker.stderr
    assert ended.name.startswith("refresh library ") and ended.name.endswith(" UTC")
    assert published(client, "Book")[1].id.startswith("library-")
    # Its log is one JSON object a line, which says of which data set and run it is.
    events = [json.loads(line) for line in worker.stderr.splitlines() if line.startswith("{")]
    of_run = [event for event in events if event.get("run") == ended.name]
    assert {event["dataset"] for event in of_run} == {"library"}
    assert any(event["message"].startswith("train: 2 rounds") for event in of_run)
    assert first.id == made.id
    assert [(str(each.schedule.timezone), getattr(each.schedule, "cron", None)) for each in first.schedules] == [
        ("Europe/Amsterdam", "0 4 * * *")
    ]
    assert [(str(each.schedule.timezone), each.schedule.interval.total_seconds()) for each in made.schedules] == [
        ("Europe/Amsterdam", 6 * 3600)
    ]
    assert made.parameters["dataset"] == str(dataset)
    assert made.parameters["keep_stale"] is True
    assert (first.parameters["device"], made.parameters["device"]) == ("auto", "cpu")
    assert set(made.tags) == {"hyperlearn", "library"}
    assert made.concurrency_options.collision_strategy == "CANCEL_NEW"
    # Settings are chosen on demand, by the same workers.
    assert (tuning.schedules, tuning.work_pool_name, tuning.tags) == ([], "hyperlearn", made.tags)
    assert (tuning.parameters["dataset"], tuning.parameters["device"]) == (str(dataset), "cpu")
    assert tuning.concurrency_options.collision_strategy == "CANCEL_NEW"


@pytest.mark.parametrize(("sent", "status", "told"), [(signal.SIGINT, 130, "stopped"), (signal.SIGTERM, 0, "Ctrl-C ends this")])
def test_serve_works_with_a_server_that_is_there_and_ends_well(
    dataset: Path, environment: dict[str, str], tmp_path: Path, sent: int, status: int, told: str
) -> None:
    from prefect.client.orchestration import get_client

    if (former := read("library")) is not None:
        with get_client(sync_client=True) as prefect:
            prefect.delete_deployment(former.id)
    with (tmp_path / "told.txt").open("w+") as out:
        command = [sys.executable, "-m", "pipeline", "serve", str(dataset), "--cron", "0 5 * * 1"]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)
        try:
            deadline = time.monotonic() + DEADLINE_S
            while read("library") is None and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
            made = read("library")
            os.killpg(process.pid, sent)
            assert process.wait(DEADLINE_S) == status
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        lines = out.read().splitlines()
    assert made is not None and not read("library").paused  # it goes on with the next `serve`
    assert lines[0] == "library: 0 5 * * 1 (Europe/Amsterdam)"
    assert lines[-1].startswith(told), lines


def test_what_was_due_while_nothing_ran_is_done_once(flow: ModuleType, dataset: Path) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Scheduled as Due

    from flows.deployment import deployment
    from flows.serve import _do_once_what_was_missed

    told: list[str] = []

    async def come_back() -> list[tuple[str, str]]:
        async with get_client() as prefect:
            identity = await deployment(scheduled(str(dataset), None, {})).aapply()
            begin = datetime.now(UTC)
            due = [begin - timedelta(hours=hours) for hours in (30, 20, 10)]
            ids = [(await prefect.create_flow_run_from_deployment(identity, state=Due(scheduled_time=when))).id for when in due]
            await _do_once_what_was_missed(prefect, identity, "library", begin, told.append)
            runs = [await prefect.read_flow_run(each) for each in ids]
            await prefect.delete_deployment(identity)
            return [(run.state_name or "", run.name) for run in runs]

    states = asyncio.run(come_back())
    assert [state for state, _ in states] == ["Cancelled", "Cancelled", "Scheduled"]
    assert all(name.startswith("refresh library ") for _, name in states[:2])
    assert told == ["library was due 3 times while nothing served it: it is refreshed once, now"]
