import pytest

from pipeline.domain.dataset import HyperedgeType
from pipeline.domain.question import question
from pipeline.errors import QueryError

DIRECTION = HyperedgeType("Direction", ("Movie", "Director", "Genre"))
CITING = HyperedgeType("Citing", ("Paper", "Paper", "Year"))


@pytest.mark.parametrize(
    ("kind", "given", "ask", "expected"),
    [
        (DIRECTION, [("Genre", "Crime")], "Director", ({2: "Crime"}, 1)),
        (DIRECTION, [("Genre", "Crime"), ("Movie", "Heat")], "Director", ({2: "Crime", 0: "Heat"}, 1)),
        (DIRECTION, [("2", "Crime")], "0", ({2: "Crime"}, 0)),
        (CITING, [("Paper", "a")], "Paper", ({0: "a"}, 1)),
        (CITING, [("Paper", "a")], "0", ({1: "a"}, 0)),
        (CITING, [("1", "a")], "Paper", ({1: "a"}, 0)),
        (CITING, [("Paper", "a"), ("Paper", "b")], "Year", ({0: "a", 1: "b"}, 2)),
        (CITING, [("Paper", "a"), ("0", "b")], "Year", ({1: "a", 0: "b"}, 2)),
    ],
)
def test_places_are_found(
    kind: HyperedgeType, given: list[tuple[str, str]], ask: str, expected: tuple[dict[int, str], int]
) -> None:
    asked = question(kind, given, ask)
    assert (dict(asked.given), asked.position) == expected
    assert asked.asked == kind.members[expected[1]]


@pytest.mark.parametrize(
    ("given", "ask", "wrong"),
    [
        ([("Gerne", "Crime")], "Director", "Direction has no place for Gerne$"),
        ([("Genre", "Crime")], "Actor", "Direction has no place for Actor"),
        ([("Genre", "Crime"), ("Genre", "Drama")], "Director", "Direction has no other place for Genre$"),
        ([("Director", "Mann")], "Director", "Direction has no other place for Director$"),
        ([("3", "Crime")], "Director", "no place for 3"),
        ([], "Director", "no member is given"),
    ],
)
def test_what_cannot_be_asked_is_told(given: list[tuple[str, str]], ask: str, wrong: str) -> None:
    with pytest.raises(QueryError, match=wrong):
        question(DIRECTION, given, ask)
