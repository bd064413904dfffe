"""Refreshes on a schedule, on one machine, until it is stopped: Prefect keeps the schedules and runs each refresh as a process.

Each run's outcome is told once it has ended. What came due while nothing ran is done once, and what was at work when the
former `serve` was killed is told to be so, or Prefect would count it as running, and cancel what comes after it.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import FrameType
from uuid import UUID

import psutil
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterEndTime,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.runner import Runner
from prefect.states import Cancelled, Crashed

from flows.deployment import deployment
from flows.names import run_name
from flows.scheduled import Scheduled
from flows.server_errors import errors_of_prefect
from flows.silent_runs import end_silent_runs
from flows.traces import FAILED, NOTHING_CHANGED, read_stages
from pipeline.train.launch.last_round import GRACE_S

_POLL_S = 5.0
_LATEST = timedelta(minutes=10)
"""A run that has ended is told by then: older ones are not looked at, however long this goes on."""
_SET_BACK = timedelta(seconds=30)
"""A clock that goes back by less than that delays a run by as much."""
_TAKEN = "Deployment concurrency limit reached."
"""What Prefect says of a run that it cancels because of another one."""
_PAGE = 200
_AT_WORK = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED]
_ENDED = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED]


def serve(scheduled: Sequence[Scheduled], told: Callable[[str], None], *, alone: bool) -> None:
    """Refresh data sets on their schedules until stopped.

    Parameters
    ----------
    scheduled
        The data sets.
    told
        Takes a line for each run that has ended.
    alone
        Whether the Prefect server is ours: what is at work there is at work in no process, and what is scheduled there besides
        these data sets is no longer to be.

    Raises
    ------
    SchedulerUnavailableError
        If the Prefect server is gone for longer than a restart takes.
    """
    with errors_of_prefect():
        asyncio.run(_serve(scheduled, told, alone=alone))


def after_the_runs(handler: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
    """Give a handler of SIGTERM that asks the runs to end, and then does as another one; Prefect kills them.

    They have time for a last checkpoint, and tell the server. A second signal waits for none.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(number, handler)
        runs = []
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # one that has just ended
                if "prefect.engine" in child.cmdline():
                    child.terminate()
                    runs.append(child)
        psutil.wait_procs(runs, timeout=GRACE_S)
        handler(number, frame)

    return handle


async def _serve(scheduled: Sequence[Scheduled], told: Callable[[str], None], *, alone: bool) -> None:
    # Nothing is fetched before it is due: what is fetched while the run before is still at work is cancelled.
    runner = Runner(name="hyperlearn", query_seconds=_POLL_S, prefetch_seconds=0, limit=None, pause_on_shutdown=False)
    # Its own handler, which it puts in the place of the command's, leaves off in the middle.
    runner.handle_sigterm = after_the_runs(signal.getsignal(signal.SIGTERM))  # type: ignore[method-assign, arg-type]
    async with get_client() as client:
        if not alone:
            await end_silent_runs(client)
        else:
            await _tidy_up(client, [each.name for each in scheduled], told)
        names, now = {}, datetime.now(UTC)
        for each in scheduled:
            made = deployment(each)
            if alone:
                made.paused = False  # one that was not named the last time
            identity = await runner.aadd_deployment(made)
            names[identity] = each.name
            await _do_once_what_was_missed(client, identity, each.name, now, told)
        async with asyncio.TaskGroup() as group:
            group.create_task(_follow_the_clock(runner, scheduled, told))
            group.create_task(_tell_outcomes(client, names, datetime.now(UTC), told))
            group.create_task(runner.start())


async def _tidy_up(client: PrefectClient, names: Sequence[str], told: Callable[[str], None]) -> None:
    """End what nobody works on any more, and the schedules that nobody serves."""
    for made in await client.read_deployments():
        if made.name not in names and not made.paused:
            await client.pause_deployment(made.id)
            told(f"{made.name} is no longer on a schedule: it was not named")
        for run in await _runs(client, made.id, _AT_WORK):
            await client.set_flow_run_state(run.id, Crashed(message="hyperlearn serve ended before it did"), force=True)
            told(f"{_name(run, made.name)}: was at work when `hyperlearn serve` ended; the next run goes on from there")


async def _do_once_what_was_missed(
    client: PrefectClient, identity: UUID, name: str, now: datetime, told: Callable[[str], None]
) -> None:
    """Of the runs that came due while nobody served them, leave the last."""
    due = FlowRunFilter(expected_start_time=FlowRunFilterExpectedStartTime.model_validate({"before_": now}))
    missed = await _runs(client, identity, [StateType.SCHEDULED], due)
    for run in missed[1:]:
        await _name_it(client, run, name)
        await client.set_flow_run_state(run.id, Cancelled(message="missed: a later run does what it would have done"), force=True)
    if missed:
        times = "1 time" if len(missed) == 1 else f"{len(missed):,} times"
        told(f"{name} was due {times} while nothing served it: it is refreshed once, now")


async def _follow_the_clock(runner: Runner, scheduled: Sequence[Scheduled], told: Callable[[str], None]) -> None:
    """Make the schedules anew where the clock is set back: Prefect has planned the next runs, and would wait for them."""
    last = datetime.now(UTC)
    while True:
        await asyncio.sleep(_POLL_S)
        now = datetime.now(UTC)
        if last - now > _SET_BACK:
            told(f"the clock was set back by {(last - now).total_seconds():,.0f} s: schedules are made anew")
            for each in scheduled:
                await runner.aadd_deployment(deployment(each))
        last = now


async def _tell_outcomes(client: PrefectClient, names: dict[UUID, str], since: datetime, told: Callable[[str], None]) -> None:
    """Tell a line of each run that ends."""
    known: set[UUID] = set()
    while True:
        now, found = datetime.now(UTC), set()
        ended = FlowRunFilter(end_time=FlowRunFilterEndTime.model_validate({"after_": since}))
        for identity, name in names.items():
            for run in reversed(await _runs(client, identity, _ENDED, ended)):
                found.add(run.id)
                if run.id not in known:
                    await _name_it(client, run, name)
                    told(f"{_name(run, name)}: {await _outcome(client, run)}")
        # Where the clock was set back, what ends from now on does.
        known, since = found, min(max(since, now - _LATEST), now)
        await asyncio.sleep(_POLL_S)


async def _outcome(client: PrefectClient, run: FlowRun) -> str:
    message = (run.state.message if run.state else None) or ""
    did = {row["stage"]: row["did"] for row in await read_stages(client, run.id) if row["did"] != NOTHING_CHANGED}
    match run.state_type:
        case StateType.COMPLETED:
            told = "; ".join(f"{stage}: {what}" for stage, what in did.items())
            return f"done in {run.total_run_time.total_seconds():.1f} s. {told}".rstrip()
        case StateType.FAILED if FAILED in did:
            return f"failed. {did[FAILED]}"
        case StateType.CANCELLED if message == _TAKEN:
            return "not run: the one before it was still at work"
        case kind:
            return f"{kind.value.lower() if kind else 'ended'}. {message}"


def _name(run: FlowRun, dataset: str) -> str:
    return run_name(dataset, run.expected_start_time)


async def _name_it(client: PrefectClient, run: FlowRun, dataset: str) -> None:
    """Call a run as the others that has not come so far as to do it itself."""
    if run.name != _name(run, dataset):
        await client.update_flow_run(run.id, name=_name(run, dataset))


async def _runs(client: PrefectClient, identity: UUID, states: list[StateType], also: FlowRunFilter | None = None) -> list[FlowRun]:
    """Runs of a deployment, the last that were due first."""
    of_deployment = FlowRunFilterDeploymentId(any_=[identity])
    in_state = FlowRunFilterState(type=FlowRunFilterStateType(any_=states))
    wanted = (also or FlowRunFilter()).model_copy(update={"deployment_id": of_deployment, "state": in_state})
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=_PAGE, offset=len(found)
        )
        found += page
        if len(page) < _PAGE:
            return found
