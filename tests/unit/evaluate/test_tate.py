"""The evaluation on a small collection: what is trained on, what is measured apart, what is reported."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.command.evaluate import app
from pipeline.domain.hypergraph import Hypergraph
from pipeline.evaluate import tate
from pipeline.evaluate.question import question
from pipeline.evaluate.tate import TASK, evaluate, not_by_the_most_frequent, weighed


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIKELIHOOD", "EXACT", "RECURRENT"):
        monkeypatch.setattr(tate, name, replace(getattr(tate, name), embedding_dim=6, rounds=8))
    for update in tate.WITHOUT_GRAPHS:
        monkeypatch.setitem(tate.WITHOUT_GRAPHS, update, replace(tate.WITHOUT_GRAPHS[update], embedding_dim=6, rounds=8))


def test_what_has_a_weight_is_trained_on_with_it(collection: Hypergraph) -> None:
    data = weighed(collection)
    assert {kind.label: kind.weight for kind in data.dataset.hyperedge_types} == tate.TYPE_WEIGHTS
    assert {graph.key: graph.weight for graph in data.dataset.graphs} == tate.GRAPH_WEIGHTS
    assert {label: data.hyperedges[label] is collection.hyperedges[label] for label in data.hyperedges} == {"Making": True}
    assert set(data.graphs) == set(tate.GRAPH_WEIGHTS)


def test_works_of_the_most_frequent_artist_are_measured_apart(collection: Hypergraph) -> None:
    asked = question(collection, TASK, "test", 0)
    others = not_by_the_most_frequent(asked)
    assert np.array_equal(others[:, 1:], asked.true_QC[:, 1:])
    assert not others[:, 0].any()


@pytest.mark.parametrize("update", ["stochastic", "exact", "recurrent"])
def test_it_reports_the_model_beside_its_baselines(collection: Hypergraph, update: tate.UpdateName) -> None:
    found = evaluate(collection, update, 2)
    assert (found["update"], found["part"], found["seeds"]) == (update, "test", 2)
    assert found["mrr"] == pytest.approx(np.mean(found["by_seed"]))
    assert found["seconds"] > 0
    assert found["num_pairs"] == 13
    assert set(found["baselines"]) == {
        "popularity",
        "popularity given medium and decade",
        "vote of the nearest works",
        "model without graphs",
        "model with shuffled graphs",
    }
    for measured in (found, *found["baselines"].values()):
        for part in (measured, measured["without_turner"]):
            assert 0 <= part["hits@1"] <= part["mrr"] <= 1
            assert part["hits@1"] <= part["hits@10"] == 1
    # Each artist has a medium of their own.
    assert found["baselines"]["popularity given medium and decade"]["mrr"] > 0.9
    assert found["baselines"]["popularity"]["hits@1"] < 0.8
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("update", ["stochastic", "exact"])
def test_it_learns_who_works_how(collection: Hypergraph, update: tate.UpdateName) -> None:
    found = evaluate(collection, update, 2)
    assert found["mrr"] > found["baselines"]["popularity"]["mrr"] + 0.1


@pytest.mark.parametrize("options", [["--json"], []])
def test_the_command_prints_what_was_found(folder: Path, options: list[str]) -> None:
    result = CliRunner().invoke(app, ["tate", "--from", str(folder), "--seeds", "1", *options])
    assert result.exit_code == 0
    if options:
        found = json.loads(result.stdout)
        assert {"mrr", "hits@1", "hits@10", "update", "seconds", "baselines", "without_turner"} <= found.keys()
    else:
        assert "vote of the nearest works" in result.stdout
