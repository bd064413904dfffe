import json
import logging
import subprocess
import sys

import pytest

from pipeline.errors import ConfigurationError
from pipeline.report.json_log import JsonFormatter, error_line
from pipeline.settings import Settings


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("prefect.task_runs", logging.INFO, "file.py", 1, "train: %d\nrounds \x1b[1m", (3,), None)
    made.__dict__.update(extra)
    return made


def test_an_event_is_one_line_and_says_of_which_run_it_is() -> None:
    line = JsonFormatter("default").format(
        record(flow_run_name="refresh books 2026-11-26 04:00 UTC", task_run_name="train books-1")
    )
    assert line.isprintable()
    event = json.loads(line)
    assert event.pop("time").endswith("+00:00")
    assert event == {
        "level": "INFO",
        "message": "train: 3\nrounds \x1b[1m",
        "logger": "prefect.task_runs",
        "dataset": "books",
        "run": "refresh books 2026-11-26 04:00 UTC",
        "stage": "train books-1",
    }
    assert json.loads(JsonFormatter().format(record())).keys() == {"time", "level", "message", "logger"}


def test_what_was_raised_is_told() -> None:
    try:
        int("x")
    except ValueError:
        event = json.loads(JsonFormatter().format(record(exc_info=sys.exc_info())))
    assert event["traceback"].endswith("invalid literal for int() with base 10: 'x'")


def test_an_error_that_ends_a_command_is_a_line() -> None:
    command = [sys.executable, "-m", "pipeline", "check", "nowhere.toml"]
    told = subprocess.run(command, env={"HYPERLEARN_LOG": "json"}, capture_output=True, text=True, check=False, timeout=120)
    (line,) = told.stderr.splitlines()
    event = json.loads(line)
    assert (told.returncode, event["level"]) == (2, "ERROR")
    assert "nowhere.toml" in event["message"]
    assert "hint" not in json.loads(error_line("gone", ""))


def test_another_kind_of_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLEARN_LOG", "xml")
    with pytest.raises(ConfigurationError, match="HYPERLEARN_LOG is 'xml', which is neither text nor json"):
        Settings.load()
