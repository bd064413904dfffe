"""Types that join the same modalities, learned as one."""

import numpy as np
import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters, shifts_of
from pipeline.evaluate.hidden import hide_together
from pipeline.train.fit import fit
from pipeline.train.problem.problem import build_problem
from pipeline.train.stochastic.joined_types import JoinedTypes, Kind, join_types, learned_together
from pipeline.train.stochastic.validation import Validation
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.workers import fit_on_threads

MEETS, KNOWS = ("Person", "Place", "Person"), ("Person", "Person")
NUM, NUM_CLASSES, NUM_RELATIONS = 40, 5, 12


def relations(seed: int = 0) -> Hypergraph:
    """Each relation joins each class of persons with another class: who is near whom, all relations told together, says nothing."""
    rng = np.random.default_rng(seed)
    class_N = np.arange(NUM) % NUM_CLASSES
    edges = {}
    for number in range(NUM_RELATIONS):
        to = np.roll(np.arange(NUM_CLASSES), number) if number % 2 else rng.permutation(NUM_CLASSES)
        cells = np.argwhere(to[class_N][:, None] == class_N)
        members = cells[np.sort(rng.choice(len(cells), 150, replace=False))]
        edges[f"Relation{number}"] = HyperedgeList(KNOWS, members, np.ones(len(members), np.float32))
    dataset = Dataset("relations", (Modality("Person"),), tuple(HyperedgeType(label, KNOWS) for label in edges))
    return Hypergraph(dataset, {"Person": NUM}, edges, {})


@pytest.mark.parametrize("modalities", [KNOWS, MEETS])
def test_apart_each_scores_as_the_joined_one_does(modalities: tuple[str, ...]) -> None:
    rng, dim, num_types, counts = np.random.default_rng(1), 6, 3, {"Person": 7, "Place": 4, "which": 3}

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(size=shape).astype(np.float32)

    stands = (*modalities, "which")
    biases = tuple(draw(counts[label]) for label in stands)
    joined = TypeParameters(stands, "likelihood", 0.0, draw(dim), draw(len(stands), dim), biases, shifts_of(stands, dim))
    vectors = {label: draw(count, dim) for label, count in counts.items()}
    names = ("A", "B", "C")
    factors, types = JoinedTypes(build_problem(relations(), TrainingParameters()), {"all": names}).apart((vectors, {"all": joined}))
    assert set(factors) == {"Person", "Place"}
    assert tuple(types) == names
    members = rng.integers(0, 4, (20, len(modalities)))
    for number in range(num_types):
        whole = np.column_stack([members, np.full(len(members), number)])
        apart = types[names[number]]
        np.testing.assert_allclose(apart.values(factors, members), joined.values(vectors, whole), rtol=1e-3, atol=1e-3)
        for position in range(len(modalities)):
            # Up to a constant per question.
            scores, expected = (each.slot_scores(vectors, of, position) for each, of in ((apart, members), (joined, whole)))
            np.testing.assert_allclose(scores - scores[:, :1], expected - expected[:, :1], rtol=1e-3, atol=1e-3)


def test_together_is_what_tells_what_is_there_of_the_same_with_the_same_weight() -> None:
    kinds = {
        "Likes": Kind(("User", "Film"), 1.0, "likelihood"),
        "Rates": Kind(("User", "Film"), 1.0, "squared"),
        "Sees": Kind(("User", "Film"), 1.0, "likelihood"),
        "Owns": Kind(("User", "Film"), 2.0, "likelihood"),
        "Made": Kind(("Film", "User"), 1.0, "likelihood"),
        "Grades": Kind(("User", "Film"), 1.0, "squared"),
    }
    assert learned_together(kinds) == [["Likes", "Sees"], ["Rates"], ["Owns"], ["Made"], ["Grades"]]


def test_the_joined_type_has_the_hyperedges_of_all_and_says_whose_they_are() -> None:
    problem = build_problem(relations(), TrainingParameters(validation=0.2))
    joined = join_types(problem)
    (term,), (names,) = joined.problem.terms, joined.groups.values()
    assert names == tuple(each.label for each in problem.terms)
    assert joined.problem.num_entities[term.modalities[-1]] == NUM_RELATIONS
    assert problem.num_held_out == joined.problem.num_held_out > 0
    for part in ("hyperedges", "held_out"):
        together = getattr(term, part).members_EK
        for number, each in enumerate(problem.terms):
            own, expected = together[together[:, -1] == number], getattr(each, part).members_EK
            assert sorted(map(tuple, own[:, :-1].tolist())) == sorted(map(tuple, expected.tolist()))
    # Only the first are asked for, so they are of all types.
    assert len(set(term.held_out.members_EK[:100, -1])) == NUM_RELATIONS


def test_types_of_other_modalities_stay_as_they_are() -> None:
    problem = build_problem(coupled(presence=True), TrainingParameters(validation=0.0))
    joined = join_types(problem)
    assert joined.groups == {}
    assert joined.problem.terms == problem.terms


def test_relations_are_told_apart() -> None:
    """Learned one by one, each with a scale of its own, such relations differ in little more than how often who stands where."""
    whole = relations()
    hidden = hide_together(whole, list(whole.hyperedges), None, "test", 5)
    parameters = TrainingParameters(embedding_dim=64)
    found = fit(hidden.known, parameters)
    assert set(found.factors) == {"Person"}
    assert set(found.types) == set(whole.hyperedges)
    terms = build_problem(hidden.known, parameters, hidden.asked).terms
    missed = [Validation(term).loss(found.factors, found.types[term.label]) for term in terms]
    # Eight are of the class that is asked for, and half of those that are true are known: at random among them is .5 and more.
    assert 1 - np.mean([loss for loss in missed if loss is not None]) > 0.4


def test_workers_learn_them_together_as_well() -> None:
    parameters = TrainingParameters(embedding_dim=8, ensemble=1, rounds=3)
    fits = fit_on_threads(relations(), parameters, [["Person"], ["Person"]])
    for each in fits:
        assert set(each.factors) == {"Person"}
        assert set(each.types) == set(relations().hyperedges)
    for label, factor in fits[0].factors.items():
        np.testing.assert_array_equal(fits[1].factors[label], factor)
