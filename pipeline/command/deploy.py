"""The command that makes data sets known to a Prefect server, for workers."""

import os
from typing import Annotated

import typer

from pipeline.command.serve import Cron, Datasets, Every, Timezone, find_scheduled
from pipeline.command.terminal import From, OnDevice, messages
from pipeline.domain.device import Device
from pipeline.errors import ConfigurationError


def deploy(
    datasets: Datasets,
    path: From = None,
    pool: Annotated[str, typer.Option(help="Work pool whose workers refresh them; made where it is not there.")] = "hyperlearn",
    cron: Cron = None,
    every: Every = None,
    timezone: Timezone = None,
    device: OnDevice = Device.AUTO,
) -> None:
    """Have the workers of a Prefect server refresh data sets on a schedule.

    The server is that of PREFECT_API_URL. A worker is `prefect worker start --pool hyperlearn`, on a machine where hyperlearn is
    installed and the tables are at the same paths. Deployed again, a data set has its new schedule. They also choose settings of
    training, on demand.

    Example: [bold]hyperlearn deploy books.toml --pool gpu --device cuda[/bold]
    """
    found = find_scheduled(datasets, path, cron, every, timezone)
    if "PREFECT_API_URL" not in os.environ:
        raise ConfigurationError(
            "PREFECT_API_URL is not set: there is no Prefect server to deploy to",
            hint="set it, as in PREFECT_API_URL=http://127.0.0.1:4200/api; `hyperlearn serve` does without a server of yours",
        )
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    from flows.deploy import deploy as make
    from flows.server_errors import errors_of_prefect

    with errors_of_prefect():
        make(found, pool, device)
    for each in found:
        messages.print(f"{each.name}: {each.schedule.in_words}, by workers of {pool}", highlight=False, soft_wrap=True)
        messages.print(f"  choose its settings anew: prefect deployment run tune/{each.name}", highlight=False, soft_wrap=True)
    messages.print(f"start one: prefect worker start --pool {pool}", highlight=False, soft_wrap=True)
