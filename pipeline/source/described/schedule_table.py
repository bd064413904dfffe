"""When a data set is refreshed: the [schedule] table of a data set file, and the same as options of a command line."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.source.toml.part import Part, contradiction
from pipeline.source.toml.toml_file import parsed

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS: tuple[tuple[str, range, dict[str, int]], ...] = (
    ("minute", range(60), {}),
    ("hour", range(24), {}),
    ("day of the month", range(1, 32), {}),
    ("month", range(1, 13), {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", range(8), {name: number for number, name in enumerate(_WEEKDAYS)}),
)
"""The fields of a cron line, the numbers that may stand there, and names for them."""

_INTERVAL = "^[1-9][0-9]*[smhd]$"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_schedule(given: Mapping[str, Any], where: str) -> "ScheduleTable":
    """Check a schedule that was given on a command line.

    Parameters
    ----------
    given
        Value by name, as the table has them.
    where
        What to call it in messages.

    Raises
    ------
    ConfigurationError
        With all problems at once.
    """
    return parsed(ScheduleTable, given, where, 'cron = "0 4 * * *" is every night at four, every = "6h" every six hours')


def _cron(line: str) -> str:
    fields = line.split()
    if len(fields) != len(_FIELDS):
        raise contradiction(f"{line!r} has {len(fields)} fields, expected 5: {', '.join(name for name, _, _ in _FIELDS)}")
    for field, (name, allowed, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            steps = re.fullmatch(r"(\*|\w+(?:-\w+)?)(?:/([1-9]\d*))?", part)
            ends = steps[1].split("-") if steps and steps[1] != "*" else []
            numbers = [names.get(end.upper(), int(end) if end.isdecimal() else -1) for end in ends]
            if steps is None or not set(numbers) <= set(allowed) or numbers != sorted(numbers):
                raise contradiction(
                    f"{part!r} is no {name}: numbers from {allowed[0]} to {allowed[-1]}, as in 1, 1-3, */2; * is each of them"
                )
    return " ".join(fields)


def _timezone(name: str) -> str:
    if name not in (known := available_timezones()):
        raise contradiction(f"{name!r} is no time zone, expected one as Europe/Amsterdam{did_you_mean(name, sorted(known))}")
    return name


def _every(text: str) -> str:
    if not re.fullmatch(_INTERVAL, text):
        raise contradiction(f"{text!r}, expected a number with its unit: 90s, 15m, 6h or 1d")
    return text


class ScheduleTable(Part):
    """When the data set is refreshed, by `hyperlearn serve` or a worker, and how."""

    cron: Annotated[str, AfterValidator(_cron)] | None = None
    """When, as a line of cron: minute, hour, day of the month, month, day of the week; "0 4 * * *" is every night at four."""
    every: Annotated[str, AfterValidator(_every), Field(json_schema_extra={"pattern": _INTERVAL})] | None = None
    """How often, in place of cron: "90s", "15m", "6h", "1d"; counted from a fixed midnight, so that a restart shifts nothing."""
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    """Whose clock is meant, as Europe/Amsterdam."""
    allow_removal: bool = False
    """Remove what the source no longer has even if it is more than a tenth of a table."""
    keep_stale: bool = False
    """Leave what the source no longer has."""
    tune_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60
    """How long settings of training may be chosen for, the first time; 0 takes the defaults."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise contradiction('a schedule is either cron = "0 4 * * *" or every = "6h"')
        return self

    @property
    def interval(self) -> timedelta | None:
        """How often, where it is not cron that says when."""
        return timedelta(**{_UNITS[self.every[-1]]: int(self.every[:-1])}) if self.every else None

    @property
    def in_words(self) -> str:
        """When, for people."""
        return f"every {self.every}" if self.every else f"{self.cron} ({self.timezone})"
