from typing import Any

import pytest

from pipeline.source.tate.artworks import decade_of, media_of, subjects_of, year_of


@pytest.mark.parametrize(
    ("medium", "expected"),
    [
        ("Oil paint and graphite on 2 canvases", ["oil", "graphite", "canvas"]),
        ("Photograph, gelatine silver print on paper. Verso: graphite on paper", ["photograph", "gelatin", "paper", "graphite"]),
        ("Wooden cardboard, open inkstand", []),
        ("65 wood engravings", ["wood", "engraving"]),
        (None, []),
    ],
)
def test_media_are_keywords_as_whole_words(medium: str | None, expected: list[str]) -> None:
    assert media_of({"medium": medium}) == expected


@pytest.mark.parametrize(("year", "expected"), [(1839, 1839), ("2006", 2006), ("c.1997-9", 1997), ("no date", None), (None, None)])
def test_a_year_may_be_a_text(year: Any, expected: int | None) -> None:
    assert year_of({"dateRange": {"startYear": year}}) == expected
    assert year_of({"dateRange": None}) is None


def test_decades_and_subjects_by_hand() -> None:
    animals = {"id": 67, "name": "animals", "children": [{"id": 5, "name": "dog"}, {"id": 6, "name": "cat"}]}
    nature = {"id": 60, "name": "nature", "children": [animals]}
    assert decade_of(2000) == "2000s"
    assert [(s.id, s.level, s.broader) for s in subjects_of({"subjects": {"id": 1, "name": "subject", "children": [nature]}})] == [
        ("60", 1, None),
        ("67", 2, "60"),
        ("5", 3, "67"),
        ("6", 3, "67"),
    ]
    assert subjects_of({}) == []
