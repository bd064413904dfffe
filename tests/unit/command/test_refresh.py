"""What a refresh by hand tells while it waits."""

import pytest
from typer.testing import CliRunner

from flows import refresh as flow
from flows import temporary_server
from flows.surroundings import hears_of_tries
from pipeline.__main__ import app


def test_who_waits_hears_that_a_stage_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refresh(**_: object) -> list[object]:
        tell = hears_of_tries.get()
        assert tell is not None
        tell("ingest: the database is \x1b[1mgone; it is tried again")
        return []

    for name in ("PREFECT_LOGGING_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL"):
        monkeypatch.setenv(name, "CRITICAL")  # as it would be, and then no longer
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.setenv("NEO4J_PASSWORD", "canary")
    monkeypatch.setattr(flow, "refresh", refresh)
    monkeypatch.setattr(temporary_server, "end_with_this_process", lambda: None)
    result = CliRunner().invoke(app, ["refresh", "planted", "--force"])
    assert result.exit_code == 0, result.output
    assert r"ingest: the database is \x1b[1mgone; it is tried again" in result.stderr
