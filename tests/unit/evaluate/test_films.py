"""The evaluation on films, all of them."""

from dataclasses import replace

import pytest

from pipeline.domain.hypergraph import Hypergraph
from pipeline.evaluate import films as films_evaluation
from pipeline.evaluate.baselines import by_popularity
from pipeline.evaluate.films import TASKS, evaluate
from pipeline.evaluate.model import by_model
from pipeline.evaluate.question import question
from pipeline.evaluate.ranking import ranking


def test_the_model_beats_popularity_on_hidden_genres(films: Hypergraph) -> None:
    asked = question(films, TASKS["Genre"], "validation", 0)
    popularity = ranking(by_popularity(asked), asked.true_QC)
    model = ranking(by_model(asked, films.graphs, films.dataset.training_parameters({"rounds": 6})), asked.true_QC)
    assert model.mean_reciprocal_rank > popularity.mean_reciprocal_rank + 0.03


def test_it_reports_the_model_beside_its_baselines(films: Hypergraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films_evaluation, "TASKS", {"Genre": TASKS["Genre"]})
    small = {**films.dataset.training, "embedding_dim": 4, "rounds": 1}
    found = evaluate(replace(films, dataset=replace(films.dataset, training=small)), 1)
    assert (found["update"], found["part"], found["seeds"]) == ("auto", "test", 1)
    genres = found["Genre"]
    assert genres["num_pairs"] == question(films, TASKS["Genre"], "test", 0).true_QC.sum()
    assert {"mrr", "hits@1", "hits@10", "seconds", "deviations"} <= genres.keys()
    assert set(genres["baselines"]) == {
        "popularity",
        "popularity given the country",
        "vote of the nearest films",
        "model without graphs",
        "model with shuffled graphs",
    }
    # Most films are dramas: whoever names the most frequent genres first is right about half of the time.
    assert 0.4 < genres["baselines"]["popularity"]["mrr"] < 0.6 < genres["baselines"]["vote of the nearest films"]["mrr"]
