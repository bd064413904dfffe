"""What the evaluation on films hides is hidden, and what it compares with is what it says."""

from functools import partial

import numpy as np
import pytest

from pipeline.evaluate import films as films_evaluation
from pipeline.evaluate.films import Films, by_model, by_popularity, evaluate, hyperedges, question
from pipeline.evaluate.in_rows import shuffled
from pipeline.evaluate.ranking import ranking
from pipeline.source.movies.source import DATASET
from pipeline.train.problem.parameters import TrainingParameters


@pytest.fixture(scope="module")
def films() -> Films:
    return Films()


def test_it_hides_what_it_asks_for(films: Films) -> None:
    test, validation = question(films, "Genre", 0, "test"), question(films, "Genre", 0, "validation")
    assert len(test.rows_Q) == 1_702
    assert test.true_QC.any(axis=1).all()
    assert not set(test.rows_Q) & set(validation.rows_Q)
    for asked, hidden in [(test, test.rows_Q), (validation, np.concatenate([test.rows_Q, validation.rows_Q]))]:
        lists = films.hypergraph(asked.known, films.graphs).hyperedges
        assert not set(hidden) & set(lists["Production"].members_EK[:, 0])
        assert not set(hidden) & set(lists["Direction"].members_EK[:, 0])
        assert set(hidden) & set(lists["Screenplay"].members_EK[:, 0])


def test_shuffling_keeps_degrees(films: Films) -> None:
    for key, matrix in shuffled(films.graphs, 3).items():
        original = films.graphs[key]
        assert matrix.nnz == original.nnz
        assert sorted(np.diff(matrix.indptr)) == sorted(np.diff(original.indptr))
        assert len(original.indptr) < 100 or (matrix != original).nnz > 0


def test_the_model_beats_popularity_on_hidden_genres(films: Films) -> None:
    asked = question(films, "Genre", 0, "validation")
    popularity = ranking(by_popularity(films, asked), asked.true_QC)
    model = ranking(by_model(films, asked, films.graphs, TrainingParameters(rounds=6)), asked.true_QC)
    assert model.mean_reciprocal_rank > popularity.mean_reciprocal_rank + 0.03


def test_it_reports_the_model_beside_its_baselines(films: Films, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films_evaluation, "TrainingParameters", partial(TrainingParameters, embedding_dim=4, rounds=1))
    monkeypatch.setattr(films_evaluation, "SLOTS", ("Genre",))
    found = evaluate(films, 1)
    genres = found["Genre"]
    assert genres["num_pairs"] == question(films, "Genre", 0, "test").true_QC.sum()
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


@pytest.mark.parametrize("slot", ["Genre", "Director"])
def test_hiding_a_slot_leaves_no_hyperedge_that_tells_it(films: Films, slot: str) -> None:
    table = films.table
    hidden = set(table.links(slot)["movie"].drop_duplicates().iloc[::10])
    known = table.without(slot, hidden)
    for kind in DATASET.hyperedge_types:
        whole, left = hyperedges(table, kind), hyperedges(known, kind)
        if slot in kind.members:
            assert not hidden & set(left["member0"])
            assert len(left) == (~whole["member0"].isin(hidden)).sum()
        else:
            assert left.equals(whole)
    # a film keeps its rest
    kept = {label for kind in DATASET.hyperedge_types if slot not in kind.members for label in kind.members}
    assert kept >= {"Movie", "Actor", "Decade"} | ({"Genre", "Country"} if slot == "Director" else {"Director", "Writer"})
