"""What runs are called in Prefect: by data set, and by when they were due."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import runtime


def run_name(dataset: str, due: datetime | None, flow: str = "refresh") -> str:
    """What a run is called: "refresh books 2026-11-26 04:00 UTC"; with seconds where it was not due on the minute."""
    due = (due or datetime.now(UTC)).astimezone(UTC)
    return f"{flow} {dataset} {due:%Y-%m-%d %H:%M}{f':{due:%S}' if due.second else ''} UTC"


def this_run_name() -> str:
    """What the flow is called that is being run."""
    named = runtime.deployment.name or Path(runtime.flow_run.parameters["dataset"]).stem
    return run_name(named, runtime.flow_run.scheduled_start_time, runtime.flow_run.flow_name)


def this_ingest_name() -> str:
    """What the ingest is called that is being run, where a data set file is a path."""
    return f"ingest {Path(runtime.task_run.parameters['dataset']).stem}"


def this_choice_name() -> str:
    """What the choice of settings is called that is being made."""
    return f"choose settings of {Path(runtime.task_run.parameters['dataset']).stem}"
