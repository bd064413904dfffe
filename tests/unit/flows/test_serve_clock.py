"""`serve` where the clock is set back."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows import serve
from flows.scheduled import scheduled


class Clock:
    """Tells the moments one after the other, and the last for ever."""

    def __init__(self, *moments: datetime) -> None:
        self._moments = list(moments)

    def now(self, zone: object) -> datetime:
        return self._moments.pop(0) if len(self._moments) > 1 else self._moments[0]


class Runner:
    """Takes deployments, as Prefect's does."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def aadd_deployment(self, made: Any) -> None:
        self.made.append(made.name)


def test_schedules_are_made_anew_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2036, 1, 1, 12, tzinfo=UTC)
    moments = [noon, noon + timedelta(seconds=5), noon - timedelta(seconds=2), noon - timedelta(days=3_650)]
    monkeypatch.setattr(serve, "datetime", Clock(*moments))
    monkeypatch.setattr(serve, "_POLL_S", 0.001)
    runner, told = Runner(), []

    async def until_told() -> None:
        following = asyncio.create_task(
            serve._follow_the_clock(runner, [scheduled("planted", None, {"every": "60s"})], told.append)
        )  # type: ignore[arg-type]
        while not told:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    asyncio.run(until_told())
    assert runner.made == ["planted"]
    assert told == ["the clock was set back by 315,359,998 s: schedules are made anew"]
