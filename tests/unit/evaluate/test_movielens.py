"""The evaluation on planted ratings: what it reports, and that nothing of the answer leaks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from pipeline.evaluate import movielens
from pipeline.evaluate.movielens import GIVEN, TOGETHER, evaluate, question
from pipeline.source.movielens.split import Ratings, Split
from pipeline.train.posterior import Sampling


@pytest.fixture(scope="module")
def split() -> Split:
    """Two kinds of users and of movies, graphs that know the kinds, ratings that follow from them and some noise."""
    rng = np.random.default_rng(0)
    users, movies = np.arange(60) % 2, np.arange(80) % 2
    cells = np.argwhere(rng.random((60, 80)) < 0.3)
    alike = users[cells[:, 0]] == movies[cells[:, 1]]
    values = np.clip(np.round(np.where(alike, 4.2, 2.0) + rng.normal(0, 0.4, len(cells))), 1, 5).astype(np.float32)
    tested = rng.random(len(cells)) < 0.2
    parts = [Ratings(*cells[mask].T.astype(np.int64), values[mask]) for mask in (~tested, tested)]
    graphs = [sparse.csr_array((np.equal.outer(k, k) & ~np.eye(len(k), dtype=bool)).astype(np.float32)) for k in (users, movies)]
    return Split(60, 80, *parts, *graphs)


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movielens, "RECURRENT", replace(movielens.RECURRENT, rounds=60))
    monkeypatch.setattr(movielens, "SAMPLING", Sampling(noise=0.3, sweeps=10, burn_in=5))


@pytest.mark.parametrize("update", ["exact", "recurrent"])
def test_it_reports_the_method_beside_its_baselines(split: Split, update: movielens.UpdateName) -> None:
    found = evaluate(split, update, 2)
    assert found["update"] == update
    assert found["test_rmse"] == pytest.approx(np.mean(found["by_seed"]))
    assert len(found["by_seed"]) == 2
    assert found["seconds"] > 0
    baselines = found["baselines"]
    assert set(baselines) == {
        "global mean",
        "offsets only",
        "factorisation without graphs",
        "factorisation with graphs",
        "factorisation with shuffled graphs",
    }
    values = split.training.values_E
    assert baselines["global mean"] == pytest.approx(np.sqrt(np.mean((split.test.values_E - values.mean()) ** 2)), rel=1e-4)
    # The kinds cannot be told by offsets.
    assert baselines["offsets only"] > 0.9 * baselines["global mean"]
    assert found["test_rmse"] < 0.7 * baselines["offsets only"]
    assert baselines["factorisation with graphs"] < baselines["factorisation with shuffled graphs"]


def test_validation_is_a_part_of_the_training_ratings(split: Split) -> None:
    asked = question(split, "validation", 1)
    assert asked.asked.num_hyperedges == len(split.training.values_E) // 10
    assert asked.known.hyperedges["Rating"].num_hyperedges + asked.asked.num_hyperedges == len(split.training.values_E)
    training = set(zip(split.training.users_E.tolist(), split.training.movies_E.tolist(), strict=True))
    assert {tuple(cell) for cell in asked.asked.members_EK.tolist()} <= training


@pytest.mark.parametrize("part", ["test", "validation"])
def test_graphs_are_made_of_what_is_known_alone(split: Split, part: movielens.Part) -> None:
    asked = question(split, part, 0)
    known = np.zeros((60, 80))
    known[tuple(asked.known.hyperedges["Rating"].members_EK.T)] = 1
    together = known.T @ known
    graph = asked.known.graphs[TOGETHER[1]].toarray()
    assert (graph > 0).any()
    assert (together[graph > 0] > 0).all()


def test_shuffling_keeps_the_degrees(split: Split) -> None:
    asked = question(split, "test", 0)
    graph = asked.known.graphs[GIVEN[0]].toarray()
    shuffled = asked.hypergraph(GIVEN, shuffled=3).graphs[GIVEN[0]].toarray()
    assert not np.array_equal(graph, shuffled)
    assert sorted(graph.sum(axis=0)) == sorted(shuffled.sum(axis=0))
