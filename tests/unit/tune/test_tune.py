"""Choosing settings: what is tried, what is kept, and that a run that was killed goes on."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from scipy import sparse

from pipeline.domain import keys
from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.tune.choice import Choice, choice_in_force, chosen_settings, counts_of, read_choice
from pipeline.tune.space import final
from pipeline.tune.tune import Trial, best_trial, settle, tune
from tests.unit.train.stochastic.test_epochs import blocks

AGES = 1e9
"""Seconds that never pass: the number of trials ends the choice."""


def described(hypergraph: Hypergraph, **training: object) -> Hypergraph:
    return replace(hypergraph, dataset=replace(hypergraph.dataset, training=training))


def test_the_defaults_are_tried_first_and_the_best_is_kept() -> None:
    told: list[Trial] = []
    choice = tune(blocks(), seconds=AGES, trials=6, on_trial=told.append)
    assert told[0].settings["update"] == "stochastic"
    assert told[0].settings["graph_weights"] == {"User-SIMILAR": 1.0}
    assert told[1].settings["graph_weights"] == {"User-SIMILAR": 0.0}
    assert {"exact", "stochastic"} == {trial.settings["update"] for trial in told}
    reached = [trial.score for trial in told if trial.score is not None]
    assert max(reached) == told[-1].best
    assert choice.score in reached
    assert [question["slot"] for question in choice.questions] == [0, 1, 2]
    for question in choice.questions:
        assert 0 < question["mrr"] <= 1
        assert 0 < question["baselineMrr"] <= 1
        assert question["baseline"]


def test_a_graph_that_misleads_is_left_out() -> None:
    """Neighbours of a graph whose entities changed places tell nothing of whom they stand in for, and disturb the others."""
    hypergraph = blocks()
    rng = np.random.default_rng(5)
    ends = rng.integers(0, 60, (2, 600))
    noise = sparse.csr_array((np.ones(600, np.float32), (ends[0], ends[1])), shape=(60, 60))
    noise = sparse.csr_array(noise + noise.T)
    told: list[Trial] = []
    tune(hypergraph.with_graphs({("User", "SIMILAR"): noise}), seconds=AGES, trials=2, on_trial=told.append)
    with_noise, without = (trial.score or 0 for trial in told)
    told.clear()
    tune(hypergraph, seconds=AGES, trials=2, on_trial=told.append)
    with_graph, again = (trial.score or 0 for trial in told)
    assert with_graph - again > with_noise - without


def test_the_same_seed_and_number_of_trials_give_the_same_choice() -> None:
    first, second = (tune(blocks(), seconds=AGES, trials=7, seed=3) for _ in range(2))
    assert (first.settings, first.score) == (second.settings, second.score)


def test_what_was_stopped_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "blocks.trials"

    def stop(trial: Trial) -> None:
        if trial.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(blocks(), seconds=AGES, trials=7, seed=3, journal=journal, on_trial=stop)
    told: list[Trial] = []
    resumed = tune(blocks(), seconds=AGES, trials=7, seed=3, journal=journal, on_trial=told.append)
    assert len(told) == 4
    whole = tune(blocks(), seconds=AGES, trials=7, seed=3)
    assert (resumed.settings, resumed.score) == (whole.settings, whole.score)


def test_trials_of_another_way_of_training_are_not_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Trial] = []

    def tried() -> int:
        tune(blocks(), seconds=AGES, trials=1, journal=tmp_path / "blocks.trials", on_trial=told.append)
        return len(told)

    assert [tried(), tried()] == [1, 1]
    monkeypatch.setattr(keys, "TRAINING", keys.TRAINING + 1)
    assert tried() == 2


def test_the_norm_that_was_better_is_kept_with_pairs() -> None:
    """Where auto is chosen, what it came to is kept: a later run has nothing hidden to find it by."""
    assert final({"cubic_norm": "auto", "step_size": 0.2}, 7, 0.3) == {
        "cubic_norm": 0.3,
        "step_size": 0.2,
        "rounds": 7,
        "validation": 0.0,
    }
    assert final({"cubic_norm": 0.1}, 0, 0.1) == {"cubic_norm": 0.1, "rounds": 1, "validation": 0.0}
    assert "cubic_norm" not in final({"update": "exact"}, 7, None)


def test_without_time_there_is_no_choice(tmp_path: Path) -> None:
    choice = tune(blocks(), seconds=0, settings={"rounds": 4})
    assert (choice.settings, choice.questions, choice.trials) == ({"rounds": 4}, (), 0)
    _, told = settle(blocks(), tmp_path, {}, 1e-9)
    assert told.startswith("no trial was finished")


def test_what_is_given_is_not_chosen() -> None:
    hypergraph = described(blocks(), embedding_dim=16, update="stochastic")
    told: list[Trial] = []
    choice = tune(hypergraph, seconds=AGES, trials=5, settings={"centre": 0.5}, on_trial=told.append)
    for trial in told:
        assert not {"embedding_dim", "update", "centre"} & trial.settings.keys()
    assert choice.settings["centre"] == 0.5


def test_measured_values_are_chosen_by_their_error() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    members = np.argwhere(rng.random((40, 40)) < 0.5)
    values = (3 + (left[members[:, 0]] * right[members[:, 1]]).sum(1)).astype(np.float32)
    dataset = Dataset("ratings", (Modality("User"), Modality("Item")), (HyperedgeType("Rating", ("User", "Item")),))
    edges = HyperedgeList(("User", "Item"), members, values)
    choice = tune(Hypergraph(dataset, {"User": 40, "Item": 40}, {"Rating": edges}, {}), seconds=AGES, trials=4)
    (question,) = choice.questions
    assert question["slot"] is None
    assert question["rmse"] < question["baselineRmse"]
    assert not {"rounds", "validation"} & choice.settings.keys()  # which training finds by itself
    assert choice.score == pytest.approx(1 - (question["rmse"] / values.std()) ** 2, abs=0.02)


@pytest.mark.parametrize(("lead", "is_ahead"), [(0.1, True), (0.01, False), (-0.1, False)])
def test_the_defaults_stand_unless_another_trial_is_ahead_by_more_than_chance(lead: float, is_ahead: bool) -> None:
    """Of 100 hyperedges the standard error of a difference that varies by .2 is .02."""
    figures = np.random.default_rng(0).random(100)
    others = figures + lead + np.tile([-0.2, 0.2], 50)
    defaults, other = (
        optuna.trial.create_trial(
            value=float(reached.mean()),
            params={"embedding_dim": dim},
            distributions={"embedding_dim": optuna.distributions.CategoricalDistribution([64, 128])},
            user_attrs={"figures": {"Tagging": reached.tolist()}, "settings": {"embedding_dim": dim, "rounds": 7}},
        )
        for dim, reached in ((64, figures), (128, others))
    )
    chosen = best_trial([other, defaults], {"embedding_dim": 64})
    assert chosen == ((other, {"embedding_dim": 128, "rounds": 7}) if is_ahead else (defaults, {}))
    assert best_trial([other], {"embedding_dim": 64}) == (other, {"embedding_dim": 128, "rounds": 7})
    assert best_trial([], {"embedding_dim": 64}) == (None, {})


def test_too_few_hyperedges_are_said() -> None:
    hypergraph = blocks()
    few = hypergraph.hyperedges["Tagging"].only(np.arange(hypergraph.hyperedges["Tagging"].num_hyperedges) < 20)
    with pytest.raises(ConfigurationError, match="too few hyperedges"):
        tune(replace(hypergraph.with_graphs({}), hyperedges={"Tagging": few}), seconds=AGES)


def test_a_choice_is_kept_and_read(tmp_path: Path) -> None:
    assert read_choice(tmp_path, "blocks") is None
    assert chosen_settings(tmp_path, "blocks", {"rounds": 3}) == {"rounds": 3}
    choice = Choice("blocks", {"embedding_dim": 8, "rounds": 5}, 0.5, (), 3, 1.0, {"User": 10})
    choice.write(tmp_path)
    assert read_choice(tmp_path, "blocks") == Choice("blocks", {"embedding_dim": 8, "rounds": 5}, 0.5, [], 3, 1.0, {"User": 10})
    assert chosen_settings(tmp_path, "blocks", {"rounds": 3}) == {"embedding_dim": 8, "rounds": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["blocks.json"]
    (tmp_path / "blocks.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds no choice of settings"):
        read_choice(tmp_path, "blocks")


def test_the_choice_of_the_database_counts_where_none_is_kept(tmp_path: Path) -> None:
    elsewhere = Choice("blocks", {"rounds": 5}, 0.5, [], 3, 1.0, counts_of(blocks()))
    stored = json.loads(json.dumps(asdict(elsewhere)))
    assert choice_in_force(tmp_path, "blocks", None) is None
    assert choice_in_force(tmp_path, "blocks", stored) == elsewhere
    assert settle(blocks(), tmp_path, {}, 60, stored=stored)[0] == elsewhere
    assert not list(tmp_path.iterdir())
    own = replace(elsewhere, settings={"rounds": 6})
    own.write(tmp_path)
    assert choice_in_force(tmp_path, "blocks", stored) == own
    with pytest.raises(ConfigurationError, match="the database's data set other holds no choice of settings"):
        choice_in_force(tmp_path, "other", {"settings": {}})


def test_a_refresh_settles_once_and_again_when_the_data_have_grown(tmp_path: Path) -> None:
    hypergraph = blocks()
    choice, _ = settle(hypergraph, tmp_path, {}, 3)
    assert choice is not None
    kept, told = settle(hypergraph, tmp_path, {}, 3)
    assert kept == Choice(**json.loads((tmp_path / "blocks.json").read_text(encoding="utf-8")))
    assert "chosen in" in told
    grown = blocks(num_blocks=12)
    assert not choice.fits(grown)
    again, _ = settle(grown, tmp_path, {}, 3)
    assert again is not None
    assert again.counts["User"] == 120


def test_settings_of_the_data_sets_own_are_left_alone(tmp_path: Path) -> None:
    assert settle(described(blocks(), rounds=3), tmp_path, {}, 60) == (None, "the data set's own settings")
    assert settle(blocks(), tmp_path, {}, 0) == (None, "not tuned")
    assert not list(tmp_path.iterdir())
