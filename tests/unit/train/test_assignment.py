from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.domain.hypergraph import num_memberships
from pipeline.train.assignment import Sizes, assign, cut_rows, deal, in_words, parts_of
from pipeline.train.problem.problem import build_problem
from tests.unit.train.hypergraphs import coupled, least_squares

FILMS = {"Movie": 50, "Actor": 30, "Director": 20, "Writer": 10, "Country": 5, "Genre": 5, "Decade": 1}


@pytest.mark.parametrize(
    ("costs", "num_hands", "expected"),
    [
        (FILMS, 1, [["Movie", "Actor", "Director", "Writer", "Country", "Genre", "Decade"]]),
        (FILMS, 2, [["Movie", "Writer", "Decade"], ["Actor", "Director", "Country", "Genre"]]),
        (FILMS, 3, [["Movie"], ["Actor", "Country", "Decade"], ["Director", "Writer", "Genre"]]),
        (FILMS, 7, [["Movie"], ["Actor"], ["Director"], ["Writer"], ["Country"], ["Genre"], ["Decade"]]),
        ({"A": 1, "B": 1, "C": 1, "D": 1}, 2, [["A", "C"], ["B", "D"]]),
        ({"A": 1, "B": 9}, 1, [["B", "A"]]),
        # More than modalities: the dearest are cut, the others may share a worker.
        ({"A": 1, "B": 9}, 3, [["B"], ["B"], ["A"]]),
        ({"A": 1, "B": 1, "C": 8}, 4, [["C"], ["C"], ["C"], ["A", "B"]]),
        ({"A": 6, "B": 6}, 4, [["A"], ["A"], ["B"], ["B"]]),
        ({"A": 5}, 3, [["A"], ["A"], ["A"]]),
        (
            FILMS,
            8,
            [["Movie"], ["Movie"], ["Movie"], ["Actor"], ["Actor"], ["Director"], ["Writer", "Decade"], ["Country", "Genre"]],
        ),
    ],
)
def test_modalities_are_dealt_out_by_cost(costs: dict[str, int], num_hands: int, expected: list[list[str]]) -> None:
    assert deal(costs, num_hands) == expected


def test_every_type_has_a_home_among_its_members_where_there_is_least_to_do() -> None:
    problem = build_problem(coupled(num=30), least_squares(graph_weight=0))
    work = assign(Sizes.of(problem), cg_iterations=2)
    # Updates, at 4 a hyperedge and 40 an entity: Ant has 120 of the former (Trio, Twins twice, Quad), Bee 114, Cat 84, Dog 30. Then
    # lines, dearest first, at half the square of the members and 10 an entity: Quad (240 + 240) to Dog, Twins (135 + 250) to Bee,
    # Trio (135 + 210) to Cat, Pair (48 + 120) to Cat.
    assert dict(work.homes) == {"Quad": 2, "Trio": 2, "Twins": 0, "Pair": 0}
    assert dict(work.costs) == {"Ant": 481 + 360, "Bee": 457 + 280 + 385, "Cat": 337 + 200 + 345 + 168, "Dog": 121 + 120 + 480}


@pytest.mark.parametrize("workers", [8, 16, 64])
def test_a_cut_leaves_the_busiest_little_more_than_the_mean(workers: int) -> None:
    hands = deal(FILMS, workers)
    assert len(hands) == workers
    assert {label for hand in hands for label in hand} == set(FILMS)
    loads = [sum(FILMS[label] / len(parts_of(hands, label)) for label in hand) for hand in hands]
    assert sum(loads) == pytest.approx(sum(FILMS.values()))
    assert max(loads) * workers / sum(loads) <= 1.35


def test_what_a_worker_has_is_told_in_words() -> None:
    owned = [["Movie"], ["Actor", "Genre"], ["Movie"], []]
    assert [in_words(owned, rank) for rank in range(4)] == ["Movie, part 1 of 2", "Actor, Genre", "Movie, part 2 of 2", ""]
    assert [in_words([["Movie", "Actor"]] * 2, rank) for rank in range(2)] == ["all, part 1 of 2", "all, part 2 of 2"]


def test_rows_are_cut_by_what_they_have_to_do() -> None:
    problem = build_problem(coupled(num=400), least_squares())
    cuts = cut_rows(problem, "Ant", 3)
    work_N = 10 + num_memberships([term.hyperedges for term in problem.terms], "Ant", problem.num_entities["Ant"])
    assert cuts[0] == 0
    assert cuts[-1] == problem.num_entities["Ant"]
    parts = [work_N[begin:end].sum() for begin, end in pairwise(cuts)]
    assert max(parts) - min(parts) <= 2 * work_N.max()
    assert cut_rows(problem, "Ant", 1) == (0, problem.num_entities["Ant"])


def test_a_row_that_has_nearly_all_leaves_others_nothing() -> None:
    hypergraph = coupled(num=100)
    for edges in hypergraph.hyperedges.values():
        edges.members_EK[:] = 0
    problem = build_problem(hypergraph, replace(least_squares(), graph_weight=0))
    cuts = cut_rows(problem, "Ant", 4)
    assert list(np.diff(cuts)[:3]).count(0) >= 2
    assert sum(np.diff(cuts)) == problem.num_entities["Ant"]
