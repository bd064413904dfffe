"""The flow that chooses settings, run by Prefect."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.errors import ConfigurationError
from pipeline.tune.choice import read_choice
from tests import library

AGES = 1e9
"""Seconds that never pass: the number of trials ends the choice."""


def test_what_was_chosen_is_kept_for_later_runs(flow: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
    from prefect.client.schemas.sorting import FlowRunSort

    from flows.tune import tune

    monkeypatch.setenv("HYPERLEARN_HOME", str(tmp_path / "home"))
    rows = "".join(f"b{row % 40},r{row // 20},{row % 5}\n" for row in range(800))
    description = str(library.write(tmp_path, rows))
    told = tune(dataset=description, seconds=AGES, trials=1, settings={"embedding_dim": 4, "rounds": 1})
    assert told.startswith("1 trials, ")
    choice = read_choice(tmp_path / "home" / "tuned", "library")
    assert choice is not None and choice.trials == 1 and choice.questions
    with get_client(sync_client=True) as prefect:
        (run,) = prefect.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
        (left,) = prefect.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id])))
    assert run.name.startswith("tune library 20")
    assert left.key == "quality-of-library" and len(json.loads(str(left.data))) == len(choice.questions)


def test_what_was_kept_stays_where_there_is_too_little_to_choose_by(
    flow: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.tune import tune

    monkeypatch.setenv("HYPERLEARN_HOME", str(tmp_path / "home"))
    with pytest.raises(ConfigurationError, match="too few hyperedges"):
        tune(dataset=str(library.write(tmp_path, "b0,r0,1\n")))
    assert not (tmp_path / "home" / "tuned").exists()
