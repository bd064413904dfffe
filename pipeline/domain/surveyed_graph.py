"""What was seen of a graph that somebody else wrote: labels, properties, relations, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SurveyedProperty:
    """A property of the nodes of a label.

    Attributes
    ----------
    name
        Its name.
    num_nodes
        How many nodes have it.
    types
        What its values are, as Cypher calls it, without ``NOT NULL``: ``STRING``, ``LIST<INTEGER>``.
    is_key
        Whether all nodes have it, and each another; only asked where it may be a key.
    """

    name: str
    num_nodes: int
    types: frozenset[str]
    is_key: bool = False


@dataclass(frozen=True)
class SurveyedLabel:
    """A label with its nodes.

    Attributes
    ----------
    name
        The label.
    num_nodes
        How many nodes have it.
    beside
        Which other labels they have, with how many do.
    properties
        Their properties.
    """

    name: str
    num_nodes: int
    beside: Mapping[str, int]
    properties: tuple[SurveyedProperty, ...] = ()

    def property(self, name: str) -> SurveyedProperty | None:
        """The property of that name, or None."""
        return next((each for each in self.properties if each.name == name), None)


@dataclass(frozen=True)
class SurveyedRelation:
    """Relations of a type from the nodes of a label to those of a label.

    Attributes
    ----------
    source, type, target
        The label they go out from, their type, the label they go to.
    num_relations, num_sources, num_targets
        How many there are, and how many nodes have one going out, or coming in.
    """

    source: str
    type: str
    target: str
    num_relations: int
    num_sources: int
    num_targets: int


@dataclass(frozen=True)
class SurveyedGraph:
    """A graph.

    Attributes
    ----------
    labels, relations
        What is in it.
    ours
        Labels that hyperlearn wrote, with the data set that has them.
    unspeakable
        Labels, properties and types whose names cannot be quoted in Cypher, as messages show them.
    datasets
        Names of the data sets of the database.
    """

    labels: tuple[SurveyedLabel, ...]
    relations: tuple[SurveyedRelation, ...]
    ours: Mapping[str, str]
    unspeakable: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
