"""The stochastic update from the outside: what it learns, when it ends, and that it does so again."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError, TrainingDivergedError
from pipeline.train.fit import fit
from pipeline.train.problem import problem
from pipeline.train.problem.held_out import hold_out
from pipeline.train.problem.problem import build_problem
from tests.unit.train.hypergraphs import coupled

SMALL = TrainingParameters(embedding_dim=8, rounds=5, batch_size=64, validation=0.0)


def blocks(seed: int = 0, num_blocks: int = 6, size: int = 10) -> Hypergraph:
    """Hyperedges inside blocks only, a tenth of all that could be; and a graph that ties an entity to others of its block."""
    rng = np.random.default_rng(seed)
    count = num_blocks * size
    members = np.concatenate([block * size + rng.integers(0, size, (100, 3)) for block in range(num_blocks)])
    members = np.unique(members, axis=0)
    # The last user of every block is in no hyperedge.
    members = members[members[:, 0] % size != size - 1]
    ends = np.repeat(np.arange(count), 3), (np.repeat(np.arange(count) // size, 3) * size + rng.integers(0, size, 3 * count))
    graph = sparse.csr_array((np.ones(3 * count, np.float32), ends), shape=(count, count))
    graph = sparse.csr_array(graph + graph.T)
    graph.setdiag(0)
    graph.eliminate_zeros()
    dataset = Dataset(
        "blocks",
        (Modality("User"), Modality("Item"), Modality("Tag")),
        (HyperedgeType("Tagging", ("User", "Item", "Tag")),),
        (IntraModalGraph("User", "SIMILAR"),),
    )
    edges = HyperedgeList(("User", "Item", "Tag"), members, np.ones(len(members), np.float32))
    return Hypergraph(dataset, dict.fromkeys(dataset.labels, count), {"Tagging": edges}, {("User", "SIMILAR"): graph})


def test_members_of_a_block_are_told_from_others() -> None:
    hypergraph = blocks()
    result = fit(hypergraph, replace(SMALL, rounds=30))
    assert result.update == "stochastic"
    members = hypergraph.hyperedges["Tagging"].members_EK
    for position in range(3):
        scores = result.slot_scores("Tagging", members, position)
        inside = np.arange(60)[None] // 10 == members[:, [0]] // 10
        best = np.where(inside, scores, -np.inf).max(1) > np.where(inside, -np.inf, scores).max(1)
        assert best.mean() > 0.95


@pytest.mark.parametrize(
    ("left_out", "careful"),
    [(("Trio", "Twins", "Quad"), True), (("Trio", "Twins"), False), ((), False)],
    ids=["pairs alone", "one more", "all"],
)
def test_pairs_alone_take_smaller_steps_and_are_held_more(left_out: tuple[str, ...], careful: bool) -> None:
    hypergraph = coupled(presence=True)
    settings = replace(SMALL, type_weights=dict.fromkeys(left_out, 0.0))
    as_told = replace(settings, step_size=0.05, cubic_norm=0.03) if careful else replace(settings, step_size=0.1, cubic_norm=0.003)
    found, expected = fit(hypergraph, settings).factors, fit(hypergraph, as_told).factors
    assert all((found[label] == expected[label]).all() for label in expected)


def test_an_entity_without_hyperedges_is_placed_by_its_neighbours() -> None:
    hypergraph = blocks()
    result = fit(hypergraph, replace(SMALL, rounds=30))
    alone = np.arange(9, 60, 10)
    asked = np.zeros((6, 3), np.int64)
    asked[:, 0], asked[:, 2] = alone, alone  # a tag of its block
    scores = result.slot_scores("Tagging", asked, 1)
    assert (scores.argmax(1) // 10 == alone // 10).mean() > 0.6
    users = result.factors["User"] / np.linalg.norm(result.factors["User"], axis=1, keepdims=True)
    nearest = np.argsort(-(users[alone] @ users.T), axis=1)[:, 1:4]
    assert (nearest // 10 == alone[:, None] // 10).mean() > 0.6


def test_positions_of_one_modality_are_told_apart() -> None:
    """ "Is a" is not symmetric: who stands first for whom is learned, and not the other way round."""
    narrower = np.arange(1, 40)
    broader = (narrower - 1) // 2
    dataset = Dataset("tree", (Modality("Term"),), (HyperedgeType("IsA", ("Term", "Term")),))
    edges = HyperedgeList(("Term", "Term"), np.column_stack([narrower, broader]), np.ones(39, np.float32))
    result = fit(Hypergraph(dataset, {"Term": 40}, {"IsA": edges}, {}), replace(SMALL, embedding_dim=32, rounds=300))
    scores = result.slot_scores("IsA", edges.members_EK, 1)
    assert (scores.argmax(1) == broader).mean() > 0.9
    inner = np.unique(broader)[1:]
    forward = scores[inner - 1, broader[inner - 1]]
    children = [scores[term - 1, narrower[broader == term]].max() for term in inner]
    assert (forward > children).mean() > 0.9


def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads() -> None:
    hypergraph = coupled(2, presence=True)
    first, again, other = (fit(hypergraph, replace(SMALL, seed=seed), threads=n).factors for seed, n in ((5, 1), (5, 3), (6, 1)))
    assert all(np.array_equal(factor, again[label]) for label, factor in first.items())
    assert not np.array_equal(first["Ant"], other["Ant"])


def test_the_loss_falls_from_that_of_popularity() -> None:
    history = fit(blocks(), replace(SMALL, rounds=20)).history
    losses = [done.losses.total for done in history]
    assert losses[-1] < 0.7 * losses[0]
    assert losses[0] == pytest.approx(np.log(57), rel=0.05)  # 54 users, 60 items and tags, about equally often


def test_the_best_round_on_the_validation_part_counts() -> None:
    known, held_out = hold_out(blocks(num_blocks=3), {"Tagging": 50}, seed=0)
    parameters = replace(SMALL, rounds=200, patience=4, step_size=1.0)
    result = fit(known, parameters, held_out=held_out)
    told = [done.validation["Tagging"] for done in result.history]
    assert result.best_round == int(np.argmin(told))
    assert len(told) - 1 == min(200, result.best_round + 4)
    cut = fit(known, replace(parameters, rounds=max(1, result.best_round), patience=200), held_out=held_out)
    if result.best_round:
        assert all(np.array_equal(factor, cut.factors[label]) for label, factor in result.factors.items())


def test_what_was_kept_to_stop_by_is_learned_in_the_end_unless_it_is_somebody_elses() -> None:
    hypergraph, parameters = blocks(), replace(SMALL, validation=0.9)
    counts = {"Tagging": int(0.9 * hypergraph.hyperedges["Tagging"].num_hyperedges)}
    known, held_out = hold_out(hypergraph, counts, parameters.seed)
    learned, never = fit(hypergraph, parameters), fit(known, parameters, held_out=held_out)
    assert [done.validation for done in learned.history] == [done.validation for done in never.history]
    asked = held_out["Tagging"].members_EK
    only_there = np.setdiff1d(asked[:, 2], known.hyperedges["Tagging"].members_EK[:, 2])
    assert len(only_there)
    assert never.num_untied["Tag"] - learned.num_untied["Tag"] == len(only_there)
    true = [[result.slot_scores("Tagging", asked, 2)[np.arange(len(asked)), asked[:, 2]].mean()] for result in (learned, never)]
    assert true[0] > true[1]


def test_no_more_is_kept_than_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem, "MOST_ASKED", 160)
    (term,) = build_problem(blocks(), replace(SMALL, validation=0.4)).terms
    assert term.held_out.num_hyperedges == 160


def test_few_hyperedges_are_all_learned_for_as_many_rounds_as_serve_hidden_ones_best() -> None:
    hypergraph = blocks(num_blocks=2)
    result = fit(hypergraph, replace(SMALL, rounds=60, validation=0.05, step_size=1.0))
    assert 1 <= result.best_round == result.history[-1].number < 60
    assert not any(done.validation for done in result.history)
    whole = fit(hypergraph, replace(SMALL, rounds=result.best_round, step_size=1.0))
    assert all(np.array_equal(factor, whole.factors[label]) for label, factor in result.factors.items())
    # Where nothing is to be found out they are what they are told to be.
    assert fit(hypergraph, replace(SMALL, rounds=3, step_size=1.0)).best_round == 3


def pairs(count: int, noise: float) -> Hypergraph:
    """Pairs of 40 users and 40 items, inside one of four blocks but for a part by chance."""
    rng = np.random.default_rng(1)
    users, items = rng.integers(0, 40, (2, count))
    items = np.where(rng.random(count) < noise, items, users // 10 * 10 + items % 10)
    members = np.unique(np.column_stack([users, items]), axis=0)
    dataset = Dataset("pairs", (Modality("User"), Modality("Item")), (HyperedgeType("Likes", ("User", "Item")),))
    edges = HyperedgeList(("User", "Item"), members, np.ones(len(members), np.float32))
    return Hypergraph(dataset, {"User": 40, "Item": 40}, {"Likes": edges}, {})


@pytest.mark.parametrize("validation", [0.5, 0.05], ids=["validation part", "too few: cross-validation"])
def test_pairs_are_held_as_much_as_serves_hidden_ones_best(monkeypatch: pytest.MonkeyPatch, validation: float) -> None:
    """The better of two norms, whichever is tried first; one by which nothing is learned is none."""
    hypergraph, settings = pairs(700, 0.1), replace(SMALL, rounds=30, validation=validation)
    told: list[int] = []
    for norms in ((0.01, 1e3), (1e3, 0.01)):
        monkeypatch.setattr(problem, "_PAIRS_NORMS", norms)
        chosen, known = (
            fit(hypergraph, settings, on_round=lambda done: told.append(done.number)),
            fit(hypergraph, replace(settings, cubic_norm=0.01)),
        )
        assert chosen.cubic_norm == 0.01
        assert (chosen.best_round, len(chosen.history)) == (known.best_round, len(known.history))
        assert all(np.array_equal(factor, known.factors[label]) for label, factor in chosen.factors.items())
    assert told.count(1) == (4 if validation > 0.1 else 2)  # every training is told of


def test_the_norm_of_hyperedges_of_more_members_is_what_it_is() -> None:
    assert fit(blocks(), SMALL).cubic_norm == 0.003
    assert fit(blocks(), replace(SMALL, update="exact")).cubic_norm is None


def test_hyperedges_that_are_too_few_to_hide_any_are_learned_for_a_few_rounds() -> None:
    hypergraph = blocks()
    few = np.arange(hypergraph.hyperedges["Tagging"].num_hyperedges) < 4
    hypergraph = replace(hypergraph, hyperedges={"Tagging": hypergraph.hyperedges["Tagging"].only(few)})
    assert fit(hypergraph, replace(SMALL, rounds=60, validation=0.05, patience=5)).history[-1].number == 5


def with_values(hypergraph: Hypergraph) -> Hypergraph:
    """The same with values of pairs."""
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(5, 2)), rng.normal(size=(7, 2))
    members = hypergraph.hyperedges["Pair"].members_EK
    values = (3 + (left[members[:, 0]] * right[members[:, 1]]).sum(1)).astype(np.float32)
    return replace(hypergraph, hyperedges={**hypergraph.hyperedges, "Pair": HyperedgeList(("Cat", "Bee"), members, values)})


def test_measured_values_and_presence_learn_together() -> None:
    """Types whose values differ keep their squares beside types that are there or not."""
    mixed = with_values(coupled(3, num=60, presence=True))
    pair = mixed.hyperedges["Pair"]
    assert {term.label: term.loss for term in build_problem(mixed, SMALL).terms} == {
        "Trio": "likelihood",
        "Twins": "likelihood",
        "Pair": "squared",
        "Quad": "likelihood",
    }
    result = fit(mixed, replace(SMALL, rounds=100))
    assert np.mean((result.predict("Pair", pair) - pair.values_E) ** 2) < 0.5 * pair.values_E.var()


def test_measured_values_alone_are_solved_exactly() -> None:
    assert fit(coupled(1), replace(SMALL, rounds=2)).update == "exact"


def test_a_loss_that_an_update_cannot_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="exact update minimises squares"):
        fit(coupled(1, presence=True), replace(SMALL, update="exact", losses={"Trio": "likelihood"}))
    with pytest.raises(ConfigurationError, match="losses names Triple, which is no hyperedge type"):
        fit(coupled(1), replace(SMALL, losses={"Triple": "likelihood"}))


def test_steps_that_run_away_are_named() -> None:
    with pytest.raises(TrainingDivergedError, match="no longer finite"):
        fit(coupled(1, presence=True), replace(SMALL, step_size=1e30, rounds=10))
