"""Which data set is refreshed when: from its file, from the command line, or both. Prefect is not asked here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigurationError
from pipeline.source import catalogue
from pipeline.source.described.schedule_table import ScheduleTable, parse_schedule
from pipeline.source.described.source import DescribedSource


@dataclass(frozen=True)
class Scheduled:
    """A data set that is refreshed on a schedule.

    Attributes
    ----------
    name
        Its name.
    dataset, path
        What `pipeline.source.catalogue.find` takes to find it, from whatever folder.
    schedule
        When, and how.
    """

    name: str
    dataset: str
    path: Path | None
    schedule: ScheduleTable


def scheduled(dataset: str, path: Path | None, given: Mapping[str, Any]) -> Scheduled:
    """A data set with its schedule.

    Parameters
    ----------
    dataset, path
        As the command line names them.
    given
        Of the schedule's fields those that win over the ones in the data set file.

    Raises
    ------
    ConfigurationError
        If there is no such data set, or no schedule, or one that cannot be.
    """
    source = catalogue.find(dataset, path)
    stated = source.description.schedule if isinstance(source, DescribedSource) else None
    fields = stated.model_dump(exclude_unset=True) if stated else {}
    if "cron" in given or "every" in given:
        fields = {name: value for name, value in fields.items() if name not in {"cron", "every"}}
    fields = {**fields, **given}
    if "cron" not in fields and "every" not in fields:
        raise ConfigurationError(
            f"data set {source.name} has no schedule",
            hint='--cron "0 4 * * *" is every night at four, --every 6h every six hours; its file may say it in a table [schedule]',
        )
    schedule = parse_schedule(fields, f"the schedule of {source.name}")
    absolute = str(Path(dataset).resolve()) if dataset.endswith(".toml") else dataset
    return Scheduled(source.name, absolute, path.resolve() if path else None, schedule)
