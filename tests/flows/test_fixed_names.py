"""The copy of the served vectors under fixed names, as a refresh makes and completes it."""

from types import ModuleType
from typing import Any

import pytest

from pipeline.errors import GraphSchemaError, GraphUnavailableError
from pipeline.graph.client import GraphClient
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.query.served import published
from pipeline.writeback.fixed_names import complete_copy
from tests.database import ask, change
from tests.flows.test_fold_in import SETTINGS, refresh, with_new_films
from tests.flows.test_unchanged import SKIPPED, forbid


def is_copied(client: GraphClient) -> bool:
    """Whether every entity's copy is its served vector, and the data set says of which run that is."""
    run = published(client, "Film")[1]
    text = "MATCH (e:Entity) WHERE e.embedding <> e['embedding' + $slot] OR e.embedding IS NULL RETURN e.id AS id"
    return not ask(client, text, slot=run.slot) and stored_datasets(client)["tiny"].copied_run == run.id


def test_on_an_unchanged_data_set_only_the_copy_is_made(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "fixed names" not in refresh(flow)
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export", "settle", "train", "write_back")
        did = refresh(flow, fixed_names=True)
        assert did["train"] == SKIPPED
        assert did["fixed names"] == "34 vectors copied"
        assert is_copied(client)
        assert refresh(flow)["fixed names"] == "skipped: the copy is whole"
        assert flow.up_to_date("tiny", None, SETTINGS)[-1].did == "skipped: the copy is whole"
        change(client, "DROP INDEX film_embedding")
        assert flow.up_to_date("tiny", None, SETTINGS) is None
    assert refresh(flow, force=True)["fixed names"] == "34 vectors copied"
    assert is_copied(client)
    assert "fixed names" not in refresh(flow, fixed_names=False)
    assert ask(client, "MATCH (e) WHERE e.embedding IS NOT NULL RETURN e") == []


def test_a_copy_that_failed_is_completed_without_writing_the_run_again(
    flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def unavailable_once(*args: Any) -> int | None:
        tries.append(args)
        if len(tries) == 1:
            raise GraphUnavailableError("gone for a moment")
        return complete_copy(*args)

    with monkeypatch.context() as patch:
        patch.setattr(flow, "fixed_names_task", flow.fixed_names_task.with_options(retry_delay_seconds=0))
        patch.setattr(flow, "complete_copy", unavailable_once)
        assert refresh(flow, fixed_names=True)["fixed names"] == "34 vectors copied"
    assert is_copied(client)
    with monkeypatch.context() as patch:
        patch.setattr(flow, "complete_copy", lambda *args: refuse())
        with pytest.raises(GraphSchemaError, match="stop here"):
            refresh(flow, force=True)
    assert not is_copied(client)
    with monkeypatch.context() as patch:
        forbid(patch, flow, "export", "train", "write_back")
        assert refresh(flow)["fixed names"] == "34 vectors copied"
    assert is_copied(client)


def refuse() -> None:
    raise GraphSchemaError("stop here")


def test_what_is_in_the_way_is_told_before_training(flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    change(client, "CREATE VECTOR INDEX film_embedding FOR (f:Film) ON (f.plot)")
    forbid(monkeypatch, flow, "export", "settle", "train", "write_back")
    with pytest.raises(GraphSchemaError, match=r"the vector index film_embedding on Film\(plot\)"):
        refresh(flow, fixed_names=True)


def test_what_is_folded_in_is_copied_as_well(flow: ModuleType, client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh(flow, fixed_names=True)
    did = refresh(flow, with_new_films(50, 51), fold_in=True)
    assert list(did) == ["ingest", "export", "fold in", "fixed names"]
    assert did["fixed names"] == "2 vectors copied"
    assert is_copied(client)
    # From the first vector that changes the copy counts as not whole.
    with monkeypatch.context() as patch:
        patch.setattr(flow, "complete_copy", lambda *args: refuse())
        with pytest.raises(GraphSchemaError, match="stop here"):
            refresh(flow, with_new_films(50, 51, 52), fold_in=True)
    assert stored_datasets(client)["tiny"].copied_run is None
    assert "copied" in refresh(flow, with_new_films(50, 51, 52), fold_in=True)["fixed names"]
    assert is_copied(client)
