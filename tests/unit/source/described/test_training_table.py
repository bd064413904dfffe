"""Settings as text: what reads as a value becomes one, and what does not is told all at once."""

from dataclasses import fields
from typing import Any

import pytest

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.source.described.training_table import TrainingTable, parse_settings, senseless


def refused(given: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(given, "--set")
    assert caught.value.hint == "docs/parameters.md explains every setting"
    return [line.removeprefix("  ") for line in str(caught.value).splitlines()]


def test_texts_become_values() -> None:
    given = {"rounds": "5", "ridge": "1e-4", "offsets": "false", "update": "recurrent", "absent_popularity": "none"}
    expected = {"rounds": 5, "ridge": 1e-4, "offsets": False, "update": "recurrent", "absent_popularity": None}
    assert parse_settings(given, "--set") == expected
    assert parse_settings(expected, "settings") == expected, "values that are typed already stay as they are"


def test_entries_of_a_table_have_names_of_their_own() -> None:
    given = {"absent_weights.Casting": "0.5", "absent_weights.Film": 1}
    assert parse_settings(given, "--set") == {"absent_weights": {"Casting": 0.5, "Film": 1.0}}
    assert refused({"absent_weights": "1", "absent_weights.Film": "1"})[1:] == [
        "absent_weights.Film: absent_weights is given as a whole as well"
    ]


def test_what_does_not_read_as_a_value_is_told_at_once() -> None:
    first, *problems, unknown = refused(
        {"rouns": "5", "rounds": "few", "seed": 2.5, "ridge": "low", "offsets": "maybe", "absent_weights": "0.5"}
    )
    assert first == "--set has 6 problems"
    assert problems == [
        "rounds: 'few', expected a whole number",
        "seed: 2.5, expected a whole number",
        "absent_weights: '0.5', expected a table",
        "ridge: 'low', expected a number",
        "offsets: 'maybe', expected true or false",
    ]
    assert unknown.startswith("rouns: is unknown, expected one of update, embedding_dim, rounds, ")
    assert unknown.endswith("; did you mean rounds?")


def test_values_that_make_no_sense_are_told_at_once() -> None:
    assert refused({"rounds": "0", "absent_weights.Film": "2", "ridge": "nan"}) == [
        "--set has 3 problems",
        "rounds is 0, at least 1 is needed",
        "absent_weights: Film has 2.0, a number from 0 to 1 is needed",
        "ridge is nan, a finite number from 0 on is needed",
    ]


def test_the_table_is_that_of_the_parameters() -> None:
    settings = {field.name: getattr(TrainingParameters(), field.name) for field in fields(TrainingParameters)}
    assert TrainingTable().model_dump() == settings
    assert list(senseless(settings)) == []
    assert all(field.description for field in TrainingTable.model_fields.values())
