"""What runs are called in Prefect: by data set, and by when they were due."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import runtime


def run_name(dataset: str, due: datetime | None) -> str:
    """What a refresh is called: "refresh books 2026-11-26 04:00 UTC"; with seconds where it was not due on the minute."""
    due = (due or datetime.now(UTC)).astimezone(UTC)
    return f"refresh {dataset} {due:%Y-%m-%d %H:%M}{f':{due:%S}' if due.second else ''} UTC"


def this_run_name() -> str:
    """What the refresh is called that is being run."""
    named = runtime.deployment.name or Path(runtime.flow_run.parameters["dataset"]).stem
    return run_name(named, runtime.flow_run.scheduled_start_time)


def this_ingest_name() -> str:
    """What the ingest is called that is being run, where a data set file is a path."""
    return f"ingest {Path(runtime.task_run.parameters['dataset']).stem}"
