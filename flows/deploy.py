"""Deployments for workers: data sets made known to a Prefect server, whose workers refresh them on schedule and tune on demand."""

import asyncio
from collections.abc import Sequence

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from flows.deployment import deployment, tuning
from flows.scheduled import Scheduled
from flows.silent_runs import end_silent_runs
from pipeline.domain.device import Device


def deploy(scheduled: Sequence[Scheduled], pool: str, device: Device = Device.AUTO) -> None:
    """Make deployments known to the Prefect server.

    Parameters
    ----------
    scheduled
        The data sets.
    pool
        Work pool whose workers run them. It is made, for processes, where it is not there, and else left as it is.
    device
        What trains.
    """
    asyncio.run(_deploy(scheduled, pool, device))


async def _deploy(scheduled: Sequence[Scheduled], pool: str, device: Device) -> None:
    async with get_client() as client:
        try:
            await client.read_work_pool(pool)
        except ObjectNotFound:
            template = ProcessWorker.get_default_base_job_template()
            await client.create_work_pool(WorkPoolCreate(name=pool, type=ProcessWorker.type, base_job_template=template))
        await end_silent_runs(client)
    for each in scheduled:
        await deployment(each, pool, device).aapply()
        await tuning(each, pool, device).aapply()
