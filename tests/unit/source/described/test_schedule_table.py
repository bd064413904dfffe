"""The [schedule] table: what may stand in it, what is told of the rest, and that it is no part of the data."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigurationError
from pipeline.source.described.schedule_table import parse_schedule
from pipeline.source.described.source import DescribedSource
from tests import library


@pytest.mark.parametrize(
    "line", ["0 4 * * *", "*/15 0-6,22 1-31/2 JAN-mar mon-FRI", "59 23 31 12 7", "0  4   * * sun,wed", "0 */6 * * 1-5"]
)
def test_lines_of_cron(line: str) -> None:
    assert parse_schedule({"cron": line}, "it").cron == " ".join(line.split())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cron": "0 24 * * *"}, "cron: '24' is no hour: numbers from 0 to 23"),
        ({"cron": "60 4 * * *"}, "cron: '60' is no minute: numbers from 0 to 59"),
        ({"cron": "0 4 0 * *"}, "cron: '0' is no day of the month: numbers from 1 to 31"),
        ({"cron": "0 4 * 13 *"}, "cron: '13' is no month"),
        ({"cron": "0 4 * * 8"}, "cron: '8' is no day of the week"),
        ({"cron": "0 4 * * fry"}, "cron: 'fry' is no day of the week"),
        ({"cron": "30-10 4 * * *"}, "cron: '30-10' is no minute"),
        ({"cron": "*/0 4 * * *"}, "cron: '*/0' is no minute"),
        ({"cron": "0 4 * *"}, "cron: '0 4 * *' has 4 fields, expected 5: minute, hour, day of the month, month, day of the week"),
        ({"cron": "@daily"}, "cron: '@daily' has 1 fields, expected 5"),
        ({"every": "5 minutes"}, "every: '5 minutes', expected a number with its unit: 90s, 15m, 6h or 1d"),
        ({"every": "0h"}, "every: '0h', expected a number with its unit"),
        ({"every": "6h", "cron": "0 4 * * *"}, "a schedule is either cron"),
        ({}, "a schedule is either cron"),
        ({"every": "6h", "timezone": "Europe/Amsterdm"}, "Europe/Amsterdam; did you mean Europe/Amsterdam"),
        ({"evry": "6h"}, "evry: is unknown, expected one of cron, every, timezone"),
        ({"every": "6h", "tune_seconds": -1.0}, "tune_seconds: -1.0, expected at least 0"),
    ],
)
def test_what_is_no_schedule_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_schedule(given, "it")
    assert told in str(caught.value)


@pytest.mark.parametrize(("every", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21_600), ("1d", 86_400)])
def test_intervals(every: str, seconds: int) -> None:
    assert parse_schedule({"every": every}, "it").interval == timedelta(seconds=seconds)


def test_another_schedule_changes_nothing_of_the_data(tmp_path: Path) -> None:
    path = library.write(tmp_path, "b0,r0,1\n")
    before = DescribedSource.of_file(path).fingerprint()
    with path.open("a") as file:
        file.write('[schedule]\nevery = "6h"\n')
    assert DescribedSource.of_file(path).fingerprint() == before
