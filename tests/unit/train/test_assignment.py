import pytest

from pipeline.train.assignment import deal, plan
from pipeline.train.launch.launch import WORKER_START_COST, choose_workers
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
    work = plan(problem, cg_iterations=2)
    # Updates, at 4 a hyperedge: Ant has 120 of them (Trio, Twins twice, Quad), Bee 114, Cat 84, Dog 30. Then the lines, dearest
    # first: Quad (30 × 16) to Dog, Trio (30 × 9) to Cat, Twins (30 × 9) to Bee, Pair (24 × 4) to Cat.
    assert dict(work.homes) == {"Quad": 2, "Trio": 2, "Twins": 0, "Pair": 0}
    assert dict(work.costs) == {"Ant": 481, "Bee": 457 + 270, "Cat": 337 + 270 + 96, "Dog": 121 + 480}


@pytest.mark.parametrize(
    ("costs", "rounds", "cores", "gpus", "expected"),
    [
        ([1000, 1000], 10, 2, 0, 0),  # small: this process does it
        ([1000, 1000], 10, 16, 8, 2),  # one per GPU, one per modality at most
        ([1000, 1000], 10, 1, 1, 0),  # in this process, on the only GPU
        ([1000] * 7, 10, 16, 4, 4),
        ([WORKER_START_COST] * 7, 100, 16, 0, 7),
        ([WORKER_START_COST] * 7, 100, 4, 0, 4),
        ([WORKER_START_COST] * 7, 100, 1, 0, 0),
    ],
)
def test_workers_are_started_where_they_pay(costs: list[int], rounds: int, cores: int, gpus: int, expected: int) -> None:
    assert choose_workers(costs, rounds, cores, gpus) == expected
