import json
from dataclasses import replace

import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from tests.tiny import DATASET


def test_a_description_survives_json() -> None:
    assert Dataset.from_json(DATASET.to_json()) == DATASET


@pytest.mark.parametrize("label", ["movie", "Mo vie", "Movie`) DETACH DELETE (n", "", "Entity", "Hyperedge", "É"])
def test_a_label_that_could_not_stand_in_cypher_is_refused(label: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the label"):
        Modality(label)
    with pytest.raises(ConfigurationError, match="cannot be the label"):
        HyperedgeType(label, ("Movie", "Actor"))


@pytest.mark.parametrize("relation_type", ["similar", "MEMBER", "A B", ""])
def test_a_relation_type_that_could_not_stand_in_cypher_is_refused(relation_type: str) -> None:
    with pytest.raises(ConfigurationError, match="relation type"):
        IntraModalGraph("Movie", relation_type)


@pytest.mark.parametrize(
    "name", ["id", "name", "embeddingA", "embeddingb", "ID", "place", "Row", "a b", "_a", "1a", "é", "a`b", "a" * 65]
)
def test_a_property_that_is_ours_or_malformed_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a property"):
        Modality("Movie", {name: "string"})


@pytest.mark.parametrize("name", ["num_pages", "Year", "YEAR", "pages2", "nth", "first_row", "content"])
def test_a_property_may_be_called_as_the_column_is(name: str) -> None:
    assert Modality("Movie", {name: "string"}).properties == {name: "string"}


def test_properties_that_differ_by_capitals_alone_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="year and Year are one property"):
        Modality("Movie", {"year": "integer", "Year": "integer"})


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_is_a_number_from_0_on(weight: float) -> None:
    with pytest.raises(ConfigurationError, match="no finite number from 0 on"):
        HyperedgeType("Film", ("Movie", "Actor"), weight)
    with pytest.raises(ConfigurationError, match="no finite number from 0 on"):
        IntraModalGraph("Movie", weight=weight)


def test_settings_of_training_are_part_of_the_description() -> None:
    dataset = replace(DATASET, training={"rounds": 3, "absent_weights": {"Making": 0.5}, "absent_popularity": None})
    stored = json.loads(json.dumps(dataset.to_json()))
    assert Dataset.from_json(stored) == dataset
    assert Dataset.from_json(stored).training_parameters() == TrainingParameters(
        rounds=3, absent_weights={"Making": 0.5}, absent_popularity=None
    )


def test_a_description_that_was_stored_before_there_were_settings_is_read() -> None:
    stored = DATASET.to_json()
    assert "training" not in stored, "digests of snapshots that are there would change"
    assert Dataset.from_json(stored).training_parameters() == TrainingParameters()


def test_settings_that_are_given_win_over_those_of_the_data_set() -> None:
    dataset = replace(DATASET, training={"rounds": 3, "ridge": 0.5, "absent_weights": {"Making": 0.5, "Remake": 0.25}})
    found = dataset.training_parameters({"rounds": 7, "absent_weights": {"Making": 1.0}})
    assert found == TrainingParameters(rounds=7, ridge=0.5, absent_weights={"Making": 1.0, "Remake": 0.25})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"embeding_dim": 3}, "embeding_dim is no training setting"),
        ({"rounds": 0}, "rounds is 0, at least 1 is needed"),
        ({"rounds": "many"}, "of the wrong type"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        replace(DATASET, training=settings)
    with pytest.raises(ConfigurationError, match=told):
        DATASET.training_parameters(settings)


def test_a_hyperedge_joins_two_at_least() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        HyperedgeType("Film", ("Movie",))


def test_a_label_stands_once() -> None:
    with pytest.raises(ConfigurationError, match="Movie is used twice"):
        Dataset("films", (Modality("Movie"),), (HyperedgeType("Movie", ("Movie", "Movie")),))


def test_members_are_described() -> None:
    with pytest.raises(ConfigurationError, match="names modality Actor"):
        Dataset("films", (Modality("Movie"),), (HyperedgeType("Film", ("Movie", "Actor")),))
