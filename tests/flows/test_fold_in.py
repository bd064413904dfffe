"""New entities without training: few by themselves, any number on demand, and nobody else's vector moves."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from pipeline.domain.question import Question
from pipeline.errors import ConfigurationError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.stored_runs import StoredRun, stored_runs
from pipeline.query.complete import complete
from pipeline.query.served import published
from pipeline.query.similar import similar
from pipeline.query.vectors import read_vectors
from pipeline.source import catalogue
from pipeline.writeback import fold_in
from tests import tiny
from tests.tiny import Tables

SETTINGS = {"embedding_dim": 4, "rounds": 2, "validation": 0.0}


def refresh(flow: ModuleType, tables: Tables | None = None, **parameters: object) -> dict[str, str]:
    """Refresh from these tables; what each stage says that it did."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalogue._BUILT_IN, "tiny", lambda path: tables or tiny.tables())
        stages = flow.refresh(**{"dataset": "tiny", "settings": SETTINGS, **parameters})
    return {stage.stage: stage.did for stage in stages}


def with_new_films(*numbers: int) -> Tables:
    """Films that come later, each like the even ones."""
    tables = tiny.tables()
    films, making = tables.entities["Film"], tables.hyperedges["Making"]
    new = pd.DataFrame({"id": [f"f{n}" for n in numbers], "name": [f"Film {n}" for n in numbers]})
    new["year"], new["tags"] = pd.array([2020] * len(new), dtype="Int64"), [["film"]] * len(new)
    tables.entities["Film"] = pd.concat([films, new], ignore_index=True)
    rows = [(f"f{n}", f"m{maker}", "s0", 1.0) for n in numbers for maker in (0, 2, 4)]
    tables.hyperedges["Making"] = pd.concat([making, pd.DataFrame(rows, columns=making.columns)], ignore_index=True)
    return tables


def vectors(client: GraphClient) -> Mapping[str, np.ndarray]:
    """All films' vectors that are served, by id."""
    found = read_vectors(client, "tiny", "Film")
    return dict(zip(found.ids, found.matrix_NR, strict=True))


def the_run(client: GraphClient) -> StoredRun:
    (run,) = (run for run in stored_runs(client, "tiny") if run.is_served)
    return run


@pytest.fixture
def many_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so small a data set a hundredth is nothing."""
    monkeypatch.setattr(fold_in, "FEW", 0.5)


@pytest.mark.usefixtures("many_are_few")
def test_few_new_entities_are_folded_in_and_count_as_served(flow: ModuleType, client: GraphClient) -> None:
    refresh(flow)
    run, before = the_run(client), vectors(client)
    did = refresh(flow, with_new_films(50, 51))
    assert list(did) == ["ingest", "export", "fold in"]
    assert did["fold in"] == f"2 Film added to run {run.id}"
    after = vectors(client)
    assert after.keys() - before.keys() == {"f50", "f51"}
    assert all(np.array_equal(after[id_], vector) for id_, vector in before.items())
    assert (the_run(client).id, the_run(client).num_entities, the_run(client).num_folded_in) == (run.id, 36, 2)
    modality, served = published(client, "Film")
    assert len(similar(client, served, modality, "f50", k=25)) == 25
    making = tiny.DATASET.hyperedge_types[0]
    made = complete(client, served, modality, Question(making, {1: "m0", 2: "s0"}, 0), k=100)
    assert {candidate.id for candidate in made} == after.keys()
    assert next(candidate.known for candidate in made if candidate.id == "f50")

    # What was folded in is up to date; what comes later is counted from the training on, and all of it learned together.
    assert refresh(flow, with_new_films(50, 51))["write-back"] == f"skipped: run {run.id} stays served"
    assert refresh(flow, with_new_films(50, 51, 52))["fold in"] == f"3 Film added to run {run.id}"
    assert the_run(client).num_folded_in == 3
    did = refresh(flow, with_new_films(50, 51, 52), fold_in=False, force=True)
    assert re.match(r"2 rounds, 4 dimensions, 1 worker\(s\) on .+; cosine ", did["train"])
    assert (the_run(client).num_entities, the_run(client).num_folded_in) == (37, 0)
    assert set(the_run(client).report["similarityToFormer"]) == {"Film", "Maker", "Style"}


@pytest.mark.usefixtures("many_are_few")
def test_what_the_run_cannot_be_extended_by_is_trained(flow: ModuleType, client: GraphClient, tmp_path: Path) -> None:
    refresh(flow)
    runs = [the_run(client).id]

    def trains(*numbers: int, **parameters: object) -> None:
        did = refresh(flow, with_new_films(*numbers), **parameters)
        assert "rounds" in did["train"]
        runs.append(the_run(client).id)

    trains(50, fold_in=False)
    trains(50, 51, settings={**SETTINGS, "rounds": 3})
    shutil.rmtree(tmp_path / "runs")  # as on another host
    trains(50, 51, 52, settings={**SETTINGS, "rounds": 3})
    assert len(set(runs)) == 4


def test_any_number_is_folded_in_on_demand_and_trained_with_afterwards(flow: ModuleType, client: GraphClient) -> None:
    with pytest.raises(ConfigurationError, match="no run is served"):
        refresh(flow, fold_in=True)
    refresh(flow)
    run, many = the_run(client), with_new_films(*range(50, 60))
    assert refresh(flow, many, fold_in=True)["fold in"] == f"10 Film added to run {run.id}"
    assert len(vectors(client)) == 34
    with pytest.raises(ConfigurationError, match="trained with other settings"):
        refresh(flow, many, fold_in=True, settings={**SETTINGS, "rounds": 3})
    assert "rounds" in refresh(flow, many, settings={**SETTINGS, "update": "exact"})["train"]
    assert the_run(client).id != run.id
    with pytest.raises(ConfigurationError, match="trained by least squares"):
        refresh(flow, with_new_films(90), fold_in=True, settings={**SETTINGS, "update": "exact"}, allow_removal=True)


@pytest.mark.usefixtures("many_are_few")
def test_a_fold_in_that_was_stopped_is_completed(flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh(flow)
    run = the_run(client)

    def stop(*args: object) -> int:
        raise WriteBackError("stop here")

    with monkeypatch.context() as patch:
        patch.setattr(fold_in, "num_missing", stop)
        with pytest.raises(WriteBackError, match="stop here"):
            refresh(flow, with_new_films(50))
    assert (the_run(client).key, the_run(client).num_folded_in) == (run.key, 0)
    assert refresh(flow, with_new_films(50))["fold in"] == f"1 Film added to run {run.id}"
    assert the_run(client).key != run.key
