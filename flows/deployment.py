"""The deployments of a data set: what is run, when, never twice at once. `serve` and workers have the same refresh.

Their name is the data set's. A run that comes due while the one before is still at work is cancelled: that one makes it needless.
A flow is named by its module, so that whoever has hyperlearn installed can run it, in whatever folder.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType

from flows import HEARTBEAT_S
from flows.refresh import refresh
from flows.scheduled import Scheduled
from flows.tune import tune
from pipeline.domain.device import Device

_ANCHOR = datetime(2000, 1, 1)
"""From when intervals are counted: fixed, so that a restart does not put off what is due."""


def deployment(scheduled: Scheduled, pool: str | None = None, device: Device = Device.AUTO) -> RunnerDeployment:
    """The deployment that refreshes a data set.

    Parameters
    ----------
    scheduled
        The data set and its schedule.
    pool
        Work pool whose workers run it; None for `serve`, which runs it itself.
    device
        What trains.
    """
    table = scheduled.schedule
    parameters = {
        "dataset": scheduled.dataset,
        "path": None if scheduled.path is None else str(scheduled.path),
        "allow_removal": table.allow_removal,
        "keep_stale": table.keep_stale,
        "tune_seconds": table.tune_seconds,
        "device": device.value,
        "wait": True,  # for a refresh by hand: what it leaves to be done is done after it
    }
    # The slug keeps Prefect's schedule the same one when the deployment is made again.
    schedule = Schedule(
        cron=table.cron,
        interval=table.interval,
        timezone=table.timezone,
        anchor_date=_ANCHOR.replace(tzinfo=ZoneInfo(table.timezone)),
        slug="schedule",
    )
    described = f"Bring the vectors of {scheduled.name} up to date with its source."
    return _deployment(refresh, scheduled, described, parameters, pool, schedule)


def tuning(scheduled: Scheduled, pool: str, device: Device = Device.AUTO) -> RunnerDeployment:
    """The deployment that chooses settings of training for a data set, on demand.

    Parameters
    ----------
    scheduled
        The data set.
    pool
        Work pool whose workers run it.
    device
        What trains.
    """
    parameters = {
        "dataset": scheduled.dataset,
        "path": None if scheduled.path is None else str(scheduled.path),
        "device": device.value,
    }
    return _deployment(tune, scheduled, f"Choose settings of training for {scheduled.name}, and keep them.", parameters, pool)


def _deployment(
    flow: Flow[..., Any],
    scheduled: Scheduled,
    description: str,
    parameters: dict[str, Any],
    pool: str | None,
    schedule: Schedule | None = None,
) -> RunnerDeployment:
    return RunnerDeployment.from_flow(
        flow,
        scheduled.name,
        schedule=schedule,
        parameters=parameters,
        tags=["hyperlearn", scheduled.name],
        description=description,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=pool,
        # `serve` has it from its own environment.
        job_variables={} if pool is None else {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S)}},
    )
