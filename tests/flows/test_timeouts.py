"""Stages that hang are ended, so that they do not block every later night."""

import json
import socket
from types import ModuleType

import pytest
from prefect import Task

from pipeline.errors import StageTimeoutError
from pipeline.graph.client import GraphClient
from pipeline.graph.one_writer import holder_of


def test_every_stage_has_a_timeout(flow: ModuleType) -> None:
    timeouts = {name: task.timeout_seconds for name, task in vars(flow).items() if isinstance(task, Task)}
    assert len(timeouts) == 8
    assert all(timeouts.values()), timeouts


def test_a_stage_that_waits_for_ever_is_ended_and_says_so(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads from a socket to which nobody writes."""
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(flow, "ingest", lambda *_: ours.recv(1))
    monkeypatch.setattr(flow, "ingest_task", flow.ingest_task.with_options(timeout_seconds=1))
    with ours, theirs, pytest.raises(StageTimeoutError, match="ingest has not ended within 1 s, and was ended") as caught:
        flow.refresh(dataset="tiny")
    assert "hyperlearn status" in caught.value.hint
    assert holder_of(client, "tiny") is None

    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    with get_client(sync_client=True) as prefect:
        (left,) = prefect.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["stages-of-tiny"])), sort="CREATED_DESC", limit=1
        )
    (row,) = json.loads(str(left.data))
    assert row["stage"] == "failed"
    assert row["did"].startswith("ingest has not ended within 1 s, and was ended; see that the database answers")


def test_the_time_of_training_can_be_set(flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(flow, "train", lambda *_, **__: ours.recv(1))
    with ours, theirs, pytest.raises(StageTimeoutError, match="train has not ended within 2 s"):
        flow.refresh(dataset="tiny", settings={"embedding_dim": 4}, tune_seconds=0, train_seconds=2)
