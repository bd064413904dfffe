"""Logs for machines: one JSON object a line."""

import json
import logging
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """A record as a line of JSON: ``time``, ``level``, ``message``; ``dataset``, ``run`` and ``stage`` where a run tells them.

    Runs are called as `flows.names` calls them, by the flow, the data set, and when they were due. What is given to the constructor
    is taken no notice of: Prefect's configuration gives its own formatter's.
    """

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        run = getattr(record, "flow_run_name", None)
        dataset = run.split()[1:2] if isinstance(run, str) else []
        event = {
            "dataset": dataset[0] if dataset else None,
            "run": run,
            "stage": getattr(record, "task_run_name", None),
            "traceback": self.formatException(record.exc_info) if record.exc_info else None,
        }
        told = {name: value for name, value in event.items() if value is not None}
        return json.dumps({**_head(record.levelname, record.getMessage(), record.created), "logger": record.name, **told})


def error_line(message: str, hint: str) -> str:
    """An error that ended a command, as such a line."""
    return json.dumps({**_head("ERROR", message, datetime.now(UTC).timestamp()), **({"hint": hint} if hint else {})})


def _head(level: str, message: str, time: float) -> dict[str, str]:
    return {"time": datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds"), "level": level, "message": message}
