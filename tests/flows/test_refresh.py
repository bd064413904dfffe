"""The refresh flow, run by Prefect against a real database with a small data set."""

import json
import re
import stat
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from flows.surroundings import hears_of_tries
from pipeline.domain.dataset import Modality
from pipeline.errors import ConfigurationError, ExportError, GraphUnavailableError, LeaseHeldError
from pipeline.graph.client import GraphClient
from pipeline.graph.lease import Lease
from pipeline.graph.one_writer import holder_of
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.query.served import Run, published
from pipeline.query.similar import similar
from pipeline.source import catalogue
from tests import tiny
from tests.database import num_nodes


def test_a_refresh_serves_vectors_that_tell_the_groups_apart(flow: ModuleType, client: GraphClient, tmp_path: Path) -> None:
    stages = flow.refresh(dataset="tiny", workers=1, settings={"embedding_dim": 24, "absent_weights.Remake": 0.0})
    assert [stage.stage for stage in stages] == ["ingest", "export", "tune", "train", "write-back"]
    film, run = published(client, "Film")
    assert run.id.startswith("tiny-")
    assert run.embedding_dim == 24
    for source in ("f2", "f7", "f12"):
        nearest = similar(client, run, film, source, k=3)
        same_group = [int(neighbour.id[1:]) % 2 == int(source[1:]) % 2 for neighbour in nearest]
        assert all(same_group), nearest
    (folder,) = (tmp_path / "runs" / "tiny").iterdir()
    assert folder.name == run.id
    assert {path.name for path in folder.iterdir()} == {"snapshot", "embeddings"}
    # What was learned tells of the tables: it is for its owner only.
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700


def test_prefect_s_runs_say_what_they_do_and_to_what(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_quality(client: GraphClient, label: str) -> tuple[Modality, Run]:
        modality, run = published(client, label)
        counted = {"baseline": "popularity", "baselineMrr": 0.25}
        return modality, replace(run, quality=[{"type": "Making", "slot": 0, "modality": "Film", "mrr": 0.5, **counted}])

    monkeypatch.setattr(flow, "published", with_quality)
    flow.refresh(dataset="tiny", settings={"embedding_dim": 4, "rounds": 1})
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterId
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as prefect:
        (run,) = prefect.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
        tasks = prefect.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
        left = prefect.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id])))
    _, served = published(client, "Film")
    assert re.fullmatch(r"refresh tiny \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", run.name)
    assert {task.name for task in tasks} == {
        "ingest tiny",
        "export tiny",
        f"tune {served.id}",
        f"train {served.id}",
        f"write back {served.id}",
        "report of tiny",
    }
    artifacts = {artifact.key: str(artifact.data) for artifact in left}
    assert artifacts.keys() == {"stages-of-tiny", "quality-of-tiny", "report-of-tiny"}
    assert {f"What run {served.id} learned"} <= {artifact.description for artifact in left}
    assert "| Film | 24 |" in artifacts["report-of-tiny"]
    assert json.loads(artifacts["quality-of-tiny"]) == [
        {"hidden": "Making: Film (0)", "measure": "MRR", "model": "0.500", "best of counting": "0.250 (popularity)"}
    ]


def test_a_setting_that_cannot_be_is_refused_before_anything_is_done(flow: ModuleType, client: GraphClient) -> None:
    with pytest.raises(ConfigurationError, match="rouns: is unknown"):
        flow.refresh(dataset="tiny", settings={"rouns": 3})
    assert num_nodes(client) == 0


def test_only_errors_that_may_pass_are_tried_again(flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def unavailable(path: Path | None) -> None:
        tries.append("unavailable")
        raise GraphUnavailableError("gone for a moment")

    def wrong(path: Path | None) -> None:
        tries.append("wrong")
        raise ValueError("wrong at every try")

    told: list[str] = []
    token = hears_of_tries.set(told.append)
    ingest_task = flow.ingest_task.with_options(retry_delay_seconds=0)
    for problem, error in ((unavailable, GraphUnavailableError), (wrong, ValueError)):
        monkeypatch.setitem(catalogue._BUILT_IN, "tiny", problem)
        with pytest.raises(error):
            ingest_task("tiny", None, IngestOptions(), Lease("tiny", 1))
    hears_of_tries.reset(token)
    assert tries == ["unavailable"] * 4 + ["wrong"]
    assert told == ["ingest: gone for a moment; it is tried again, 3 times in two minutes"] * 3


def test_a_refresh_holds_the_lease_from_beginning_to_end(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its stages another refresh, an ingest and a write-back are refused; and it is released when a stage fails."""
    holders = []

    def export(*args: object) -> None:
        holders.append(holder_of(client, "tiny"))
        for other in (lambda: flow.refresh(dataset="tiny"), lambda: ingest(client, tiny.tables())):
            with pytest.raises(LeaseHeldError, match="data set tiny is being written by `hyperlearn refresh`"):
                other()
        raise ExportError("stop here")

    monkeypatch.setattr(flow, "export", export)
    with pytest.raises(ExportError, match="stop here"):
        flow.refresh(dataset="tiny")
    assert [holder.command for holder in holders if holder] == ["hyperlearn refresh"]
    assert holder_of(client, "tiny") is None
    assert len(list((tmp_path / "runs" / "tiny").iterdir())) == 1  # whoever is refused leaves no folder


def test_refreshes_that_fail_do_not_fill_the_disk(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each begins with the removal of what its predecessors left, but for the newest."""

    def export(*args: object) -> None:
        raise ExportError("stop here")

    monkeypatch.setattr(flow, "export", export)
    seen = []
    for _ in range(4):
        with pytest.raises(ExportError, match="stop here"):
            flow.refresh(dataset="tiny")
        seen.append(sorted(path.name for path in (tmp_path / "runs" / "tiny").iterdir()))
    assert [len(names) for names in seen] == [1, 2, 2, 2]
    assert seen[3][0] == seen[2][1]
