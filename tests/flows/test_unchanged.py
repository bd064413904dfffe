"""What a refresh does not do again: nothing where nothing is new, and no stage that an earlier one had finished."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.command import refresh as command
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import TrainingDivergedError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.graph.stored_runs import stored_runs
from pipeline.query.served import published
from pipeline.query.status import status
from pipeline.source import catalogue
from pipeline.tune.choice import Choice
from pipeline.writeback.rollback import rollback
from tests import library, tiny
from tests.database import change, expire, variables

SKIPPED = "skipped: nothing has changed"
SETTINGS = {"embedding_dim": 4, "rounds": 2, "validation": 0.0}


def refresh(flow: ModuleType, **parameters: Any) -> dict[str, str]:
    """What each stage says that it did, but how near the vectors are to those of the run before."""
    stages = flow.refresh(**{"dataset": "tiny", "settings": SETTINGS, **parameters})
    assert [stage.stage for stage in stages] == ["ingest", "export", "tune", "train", "write-back"]
    return {stage.stage: stage.did.partition("; cosine")[0] for stage in stages}


def served(client: GraphClient) -> str:
    return published(client, "Film")[1].id


def forbid(patch: pytest.MonkeyPatch, flow: ModuleType, *work: str) -> None:
    """Let these pieces of work fail the test if they are done."""

    def refuse(*args: object, **parameters: object) -> None:
        raise AssertionError("this should not have been done")

    for name in work:
        patch.setattr(flow, name, refuse)


def refresh_that_fails(monkeypatch: pytest.MonkeyPatch, flow: ModuleType, work: str, error: Exception, *forbidden: str) -> None:
    """A refresh in which a piece of work raises an error, and others may not be done."""

    def fail(*args: object, **parameters: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        forbid(patch, flow, *forbidden)
        patch.setattr(flow, work, fail)
        with pytest.raises(type(error)):
            refresh(flow)


def test_where_nothing_has_changed_nothing_is_done_unless_forced(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(flow)
    run, before = served(client), status(client)
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export", "settle", "train", "write_back")
        did = refresh(flow)
        # Settings that say what was in force, and another number of workers, are no change.
        assert refresh(flow, settings={**SETTINGS, "seed": 0}, workers=2) == did
    assert [did[stage] for stage in ("export", "tune", "train")] == [SKIPPED] * 3
    assert did["write-back"] == f"skipped: run {run} stays served"
    assert status(client) == before
    assert [folder.name for folder in (tmp_path / "runs" / "tiny").iterdir()] == [run]

    did = refresh(flow, force=True)
    assert did["ingest"] == "127 rows: 0 created, 0 changed, 0 removed"
    assert did["train"].startswith("2 rounds, 4 dimensions, 1 worker(s) on ")
    assert served(client) != run
    assert refresh(flow)["train"] == SKIPPED


def test_the_command_sees_that_nothing_has_changed_without_prefect(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"path": None, "settings": SETTINGS}
    assert flow.up_to_date("tiny", **given) is None
    refresh(flow)
    with monkeypatch.context() as patch:
        forbid(patch, flow, "refresh")
        stages = command._run("tiny", None, **given)
    assert {stage.stage: stage.did for stage in stages} == refresh(flow)
    assert flow.up_to_date("tiny", None, {**SETTINGS, "rounds": 3}) is None
    change(client, f"MATCH (maker:Maker {{id: 'm3'}}) REMOVE maker.embedding{published(client, 'Film')[1].slot}")
    assert flow.up_to_date("tiny", **given) is None
    refresh(flow)
    changed = tiny.tables()
    changed.hyperedges["Making"]["value"] = 2.0
    monkeypatch.setitem(catalogue._BUILT_IN, "tiny", lambda path: changed)
    assert flow.up_to_date("tiny", **given) is None


def test_a_run_that_was_rolled_back_is_not_made_anew_until_something_changes(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(flow)
    first = served(client)
    other = {**SETTINGS, "rounds": 3}
    refresh(flow, settings=other)
    second = served(client)
    rollback(client, "tiny", tmp_path / "runs")
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export", "settle", "train", "write_back")
        did = refresh(flow, settings=other)
        assert flow.up_to_date("tiny", None, other) is not None
    assert did["write-back"] == f"skipped: run {first} stays served, since {second} was rolled back; --force trains anew"
    assert served(client) == first

    assert [run.id for run in stored_runs(client, "tiny") if run.rolled_back] == [second]
    # Whoever goes on to the newer one takes that back, and has not rolled the older one back.
    rollback(client, "tiny", tmp_path / "runs", to=second)
    assert not any(run.rolled_back for run in stored_runs(client, "tiny"))
    assert not refresh(flow)["write-back"].startswith("skipped")


def test_another_host_recognises_what_one_has_done(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the settings that one has chosen, which lie in its home folder."""
    chosen = Choice("tiny", {"embedding_dim": 6, "rounds": 3, "validation": 0.0}, 0.5, [], 3, 1.0, {"Film": 24})
    for home in ("one", "other"):
        (tmp_path / home).mkdir()
    monkeypatch.setenv("HYPERLEARN_HOME", str(tmp_path / "one"))
    chosen.write(tmp_path / "one" / "tuned")
    assert refresh(flow, settings={}, tune_seconds=0)["train"].startswith("3 rounds, 6 dimensions, 1 worker(s) on ")
    run = served(client)

    monkeypatch.setenv("HYPERLEARN_HOME", str(tmp_path / "other"))
    assert refresh(flow, settings={}, tune_seconds=0)["write-back"] == f"skipped: run {run} stays served"
    assert not list((tmp_path / "other").iterdir())
    changed = tiny.tables()
    changed.hyperedges["Making"]["value"] = 2.0
    monkeypatch.setitem(catalogue._BUILT_IN, "tiny", lambda path: changed)
    assert refresh(flow, settings={}, tune_seconds=0)["train"].startswith("3 rounds, 6 dimensions, 1 worker(s) on ")
    assert stored_datasets(client)["tiny"].choice == json.loads((tmp_path / "one" / "tuned" / "tiny.json").read_text())


def test_what_was_not_tuned_is_not_tuned_for_nothing_else(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(flow, settings={}, tune_seconds=0)
    with monkeypatch.context() as patch:
        forbid(patch, flow, "settle")
        assert refresh(flow, settings={}, tune_seconds=60)["tune"] == SKIPPED
    asked = []

    def settle(*args: object, **parameters: object) -> tuple[None, str]:
        asked.append(args[3])
        return None, "asked"

    monkeypatch.setattr(flow, "settle", settle)
    assert refresh(flow, settings={}, tune_seconds=60, force=True)["tune"] == "asked"
    assert asked == [60]


def test_another_graph_or_description_does_everything_and_other_settings_need_no_export(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(flow)
    runs = [served(client)]
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export")
        did = refresh(flow, settings={**SETTINGS, "rounds": 3})
    assert did["export"] == f"resumed: the snapshot of run {runs[0]}"
    assert did["train"].startswith("3 rounds, 4 dimensions, 1 worker(s) on ")
    runs.append(served(client))

    changed = tiny.tables()
    changed.hyperedges["Making"]["value"] = 2.0
    weighed = replace(changed, dataset=replace(tiny.DATASET, graphs=(replace(tiny.DATASET.graphs[0], weight=0.5),)))
    for source in (changed, weighed):
        monkeypatch.setitem(catalogue._BUILT_IN, "tiny", lambda path, source=source: source)
        did = refresh(flow)
        assert did["export"] == "34 entities, 40 relations, 53 hyperedges"
        assert did["train"].startswith("2 rounds, 4 dimensions, 1 worker(s) on ")
        runs.append(served(client))
    assert len(set(runs)) == 4


@pytest.mark.parametrize("lost", ["vector", "index"])
def test_a_run_that_is_no_longer_whole_is_replaced_without_training(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    refresh(flow)
    run = served(client)
    slot = published(client, "Film")[1].slot
    vector = f"MATCH (maker:Maker {{id: 'm3'}}) REMOVE maker.embedding{slot}"
    change(client, vector if lost == "vector" else f"DROP INDEX maker_embedding_{slot.lower()}")
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export", "train")
        did = refresh(flow)
    assert did["train"] == f"resumed: the embeddings of run {run}"
    assert did["write-back"] == "34 vectors, 3 indexes, recall@10 1.000 at least"
    assert served(client) != run
    assert refresh(flow)["train"] == SKIPPED


def test_a_refresh_that_failed_is_gone_on_with(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh_that_fails(monkeypatch, flow, "train", TrainingDivergedError("stop here"))
    (first,) = (tmp_path / "runs" / "tiny").iterdir()
    exported = Snapshot.read(first / "snapshot").origin
    refresh_that_fails(monkeypatch, flow, "write_back", WriteBackError("stop here"), "export")
    (second,) = {*(tmp_path / "runs" / "tiny").iterdir()} - {first}
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export", "train")
        did = refresh(flow)
    assert did["export"] == f"resumed: the snapshot of run {second.name}"
    assert did["train"] == f"resumed: the embeddings of run {second.name}"
    # The run is one of its own, with all that belongs to it.
    folder = tmp_path / "runs" / "tiny" / served(client)
    assert folder not in {first, second}
    assert Embeddings.read(folder / "embeddings").run == folder.name
    assert Snapshot.read(folder / "snapshot").origin == exported
    assert refresh(flow)["train"] == SKIPPED


def test_what_is_damaged_is_made_anew(
    flow: ModuleType, client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh_that_fails(monkeypatch, flow, "write_back", WriteBackError("stop here"))
    (left,) = (tmp_path / "runs" / "tiny").iterdir()
    for damaged in ("snapshot/hypergraph.dgl", "embeddings/Film.npy"):
        (left / damaged).write_bytes(b"no longer what it was")
    did = refresh(flow)
    assert did["export"] == "34 entities, 40 relations, 53 hyperedges"
    assert did["train"].startswith("2 rounds, 4 dimensions, 1 worker(s) on ")


def test_a_refresh_that_was_killed_while_it_trained_is_gone_on_with(
    flow: ModuleType, client: GraphClient, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL

    rows = "".join(f"b{row % 20},r{row // 10},{row % 5}\n" for row in range(400))
    description = str(library.write(tmp_path, rows))
    # It trains until it is killed.
    endless = [f"--set={name}={value}" for name, value in {"rounds": 10**9, "tolerance": 0, "patience": 10**9}.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "refresh", description, "--tune-seconds=0", *endless],
        # The server of the tests: one of its own would outlive it.
        env=variables(connection, tmp_path) | {"PREFECT_API_URL": str(PREFECT_API_URL.value())},
        stderr=subprocess.DEVNULL,
    )
    runs = tmp_path / "runs" / "library"
    while process.poll() is None and not list(runs.glob("*/snapshot")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (left,) = runs.iterdir()
    shutil.copytree(left / "snapshot", left / ".snapshot-half", ignore=shutil.ignore_patterns("manifest.json"))
    expire(client, "library")
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export")
        did = refresh(flow, dataset=description)
    assert did["export"] == f"resumed: the snapshot of run {left.name}"
    assert did["train"].startswith("2 rounds, 4 dimensions, 1 worker(s) on ")
    assert {path.name for path in (runs / published(client, "Book")[1].id).iterdir()} == {"embeddings", "snapshot"}
