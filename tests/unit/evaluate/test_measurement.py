"""The measurement on a data set that is none of those it was first made for."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.hypergraph import hypergraph_of
from pipeline.evaluate.measurement import Model, measure
from pipeline.evaluate.question import Task
from tests import tiny

FEW = TrainingParameters(embedding_dim=4, rounds=4)
MODEL = Model("ours", FEW, with_shuffled_graphs=FEW, without_graphs=replace(FEW, embedding_dim=2))


@pytest.fixture(scope="module")
def hypergraph() -> Hypergraph:
    with tiny.tables(num_films=64).read(no_progress) as records:
        records.check()
        return hypergraph_of(records)


def test_every_task_is_measured_beside_its_baselines(hypergraph: Hypergraph) -> None:
    tasks = {
        "style": Task("Film", "Style", "films"),
        "maker": Task("Film", "Maker", "films", given={"the style": ("Style",)}, least=2),
    }
    found = measure(hypergraph, tasks, MODEL, 2, "validation", parts=lambda asked: {"all": asked.true_QC})
    assert (found["update"], found["part"], found["seeds"]) == ("exact", "validation", 2)
    counted = {"popularity", "vote of the nearest films", "model without graphs", "model with shuffled graphs"}
    assert set(found["style"]["baselines"]) == counted
    assert set(found["maker"]["baselines"]) == counted | {"popularity given the style"}
    for task in tasks:
        own = found[task]
        assert own["mrr"] == pytest.approx(np.mean(own["by_seed"]))
        assert own["all"] == {measure: own[measure] for measure in own["all"]}
    # Neighbours are of one style, and makers work in one.
    assert found["style"]["baselines"]["vote of the nearest films"]["mrr"] == 1
    assert found["maker"]["baselines"]["popularity given the style"]["mrr"] > found["maker"]["baselines"]["popularity"]["mrr"]


def test_a_data_set_without_graphs_is_measured_as_well(hypergraph: Hypergraph) -> None:
    found = measure(hypergraph.with_graphs({}), {"style": Task("Film", "Style", "films")}, MODEL, 1)
    baselines = found["style"]["baselines"]
    assert baselines["vote of the nearest films"]["mrr"] == baselines["popularity"]["mrr"]
