"""What is hidden in each round of an evaluation."""

from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate import evaluation
from pipeline.train.fit import Fit, fit
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.stochastic.test_joined_types import relations


def known_in(trainings: list[Mapping[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note how many hyperedges of each type each training has."""

    def spy(hypergraph: Any, *args: Any, **named: Any) -> Fit:
        trainings.append({label: edges.num_hyperedges for label, edges in hypergraph.hyperedges.items()})
        return fit(hypergraph, *args, **named)

    monkeypatch.setattr(evaluation, "fit", spy)


def test_types_that_are_learned_together_are_hidden_together(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, trainings = relations(), list[Mapping[str, int]]()
    known_in(trainings, monkeypatch)
    selection = dict.fromkeys(whole.hyperedges, (0, 1))
    found = evaluation.evaluate(whole, TrainingParameters(embedding_dim=4, ensemble=1, rounds=1), selection, 2)
    assert trainings == [dict.fromkeys(whole.hyperedges, 135)] * 2  # two seeds
    assert [(each["type"], each["slot"], each["asked"]) for each in found["questions"]] == [
        (label, position, 30) for label in whole.hyperedges for position in (0, 1)
    ]


def test_others_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, trainings = coupled(presence=True).with_graphs({}), list[Mapping[str, int]]()
    known_in(trainings, monkeypatch)
    evaluation.evaluate(whole, TrainingParameters(embedding_dim=4, ensemble=1, rounds=1), dict.fromkeys(whole.hyperedges, (0,)), 1)
    counts = {label: edges.num_hyperedges for label, edges in whole.hyperedges.items()}
    assert trainings == [{**counts, label: counts[label] - counts[label] // 10} for label in counts]


def test_over_all_answers_each_counts_as_much() -> None:
    def question(asked: int, own: float, **baselines: float) -> dict[str, Any]:
        others = {name.replace("_", " "): {"mrr": figure} for name, figure in baselines.items()}
        return {"asked": asked, "mrr": own, "hits@1": own / 2, "hits@10": 1.0, "baselines": others}

    two = [question(10, 0.5, popularity=0.1, votes=0.3), question(30, 0.9, popularity=0.7, model_without_graphs=0.95)]
    value = {"asked": 50, "rmse": 1.0, "baselines": {"global mean": {"rmse": 1.1}}}
    assert evaluation.overall([*two, value]) == pytest.approx(
        {"asked": 40, "mrr": 0.8, "hits@1": 0.4, "hits@10": 1.0, "best_baseline": 0.6}
    )
    assert evaluation.overall([two[0], value]) is None
