import pytest

from pipeline.train.assignment import Sizes, assign, deal
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
    ],
)
def test_modalities_are_dealt_out_by_cost(costs: dict[str, int], num_hands: int, expected: list[list[str]]) -> None:
    assert deal(costs, num_hands) == expected


def test_every_type_has_a_home_among_its_members_where_there_is_least_to_do() -> None:
    problem = build_problem(coupled(num=30), least_squares(graph_weight=0))
    work = assign(Sizes.of(problem), cg_iterations=2)
    # Updates, at 4 a hyperedge: Ant has 120 of them (Trio, Twins twice, Quad), Bee 114, Cat 84, Dog 30. Then the lines, dearest
    # first: Quad (30 × 16) to Dog, Trio (30 × 9) to Cat, Twins (30 × 9) to Bee, Pair (24 × 4) to Cat.
    assert dict(work.homes) == {"Quad": 2, "Trio": 2, "Twins": 0, "Pair": 0}
    assert dict(work.costs) == {"Ant": 481, "Bee": 457 + 270, "Cat": 337 + 270 + 96, "Dog": 121 + 480}
