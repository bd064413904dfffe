"""Settings as text: what reads as a value becomes one, and what does not is told all at once."""

from dataclasses import fields
from typing import Any

import pytest

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.source.described.training_table import TrainingTable, parse_settings


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
    assert parse_settings({"ridge": "auto"}, "--set") == {"ridge": "auto"}


def test_entries_of_a_table_have_names_of_their_own() -> None:
    given = {"absent_weights.Casting": "0.5", "absent_weights.Film": 1}
    assert parse_settings(given, "--set") == {"absent_weights": {"Casting": 0.5, "Film": 1.0}}
    assert refused({"absent_weights": "1", "absent_weights.Film": "1"})[1:] == [
        "absent_weights.Film: absent_weights is given as a whole as well"
    ]


def test_what_cannot_be_a_value_is_told_at_once() -> None:
    first, *problems, unknown = refused(
        {
            "rouns": "5",
            "rounds": "few",
            "patience": "0",
            "seed": 2.5,
            "ridge": "nan",
            "offsets": "maybe",
            "absent_weights.Film": "2",
        }
    )
    assert first == "--set has 7 problems"
    assert problems == [
        "rounds: 'few', expected a whole number",
        "patience: 0, at least 1 is needed",
        "seed: 2.5, expected a whole number",
        "absent_weights: Film has 2.0, a number from 0 to 1 is needed",
        "ridge: nan, a finite number from 0 on or auto is needed",
        "offsets: 'maybe', expected true or false",
    ]
    assert unknown.startswith("rouns: is unknown, expected one of update, embedding_dim, rounds, ")
    assert unknown.endswith("; did you mean rounds?")
    assert refused({"absent_weights": "0.5"})[1:] == ["absent_weights: '0.5', expected a table"]


def test_the_table_is_that_of_the_parameters() -> None:
    settings = {field.name: getattr(TrainingParameters(), field.name) for field in fields(TrainingParameters)}
    assert TrainingTable().model_dump() == settings
    assert parse_settings(settings, "settings") == settings
    assert all(field.description for field in TrainingTable.model_fields.values())
