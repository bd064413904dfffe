import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
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


@pytest.mark.parametrize("name", ["id", "name", "embeddingA", "embeddingB", "Year", "a b"])
def test_a_property_that_is_ours_or_malformed_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a property"):
        Modality("Movie", {name: "string"})


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_is_a_positive_number(weight: float) -> None:
    with pytest.raises(ConfigurationError, match="positive"):
        HyperedgeType("Film", ("Movie", "Actor"), weight)


def test_a_hyperedge_joins_two_at_least() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        HyperedgeType("Film", ("Movie",))


def test_a_label_stands_once() -> None:
    with pytest.raises(ConfigurationError, match="Movie is used twice"):
        Dataset("films", (Modality("Movie"),), (HyperedgeType("Movie", ("Movie", "Movie")),))


def test_members_are_described() -> None:
    with pytest.raises(ConfigurationError, match="names modality Actor"):
        Dataset("films", (Modality("Movie"),), (HyperedgeType("Film", ("Movie", "Actor")),))
