"""Runs that were killed, on a Prefect server that others use too: only their silence tells of them.

A run gives a sign of life every half minute (`PREFECT_FLOWS_HEARTBEAT_FREQUENCY`). An automation of the server marks one as crashed
that has stopped to; or it would be taken for one at work.
"""

from datetime import timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events import AutomationCore, EventTrigger, Posture
from prefect.events.actions import ChangeFlowRunState

from flows import HEARTBEAT_S

_SILENCE = timedelta(seconds=4 * HEARTBEAT_S)
_NAME = "hyperlearn: runs that were killed"
_SIGN = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")


async def end_silent_runs(client: PrefectClient) -> None:
    """Have the server mark refreshes as crashed that give no more signs of life."""
    silent = f"no sign of life for {_SILENCE.total_seconds():g} s"
    automation = AutomationCore(
        name=_NAME,
        description="A refresh that was killed is marked as crashed, so that it is not taken for one at work.",
        trigger=EventTrigger(
            after={_SIGN},
            expect={_SIGN, *(f"prefect.flow-run.{state}" for state in _ENDS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.id": "prefect.tag.hyperlearn"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[ChangeFlowRunState(name=None, state=StateType.CRASHED, message=silent, force=False)],
    )
    for known in await client.read_automations_by_name(_NAME):
        await client.update_automation(known.id, automation)
        return
    await client.create_automation(automation)
