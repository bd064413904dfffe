"""A data set file for a graph: which labels become modalities, and what is made of their relations."""

import tomllib
from typing import Any

from pipeline.domain.dataset import Adopted
from pipeline.domain.surveyed_graph import SurveyedGraph, SurveyedLabel, SurveyedProperty, SurveyedRelation
from pipeline.graph.adopted_nodes import given_properties
from pipeline.source.described.description_file import parse_description
from pipeline.source.sketch.graph_draft import GIVEN
from pipeline.source.sketch.graph_text import graph_text


def nodes(name: str, count: int, key: str = "key", /, **types: str) -> SurveyedLabel:
    properties = [SurveyedProperty(key, count, frozenset({"STRING"}), is_key=True)]
    properties += [SurveyedProperty(each, count - 1, frozenset({kind})) for each, kind in types.items()]
    return SurveyedLabel(name, count, {}, tuple(properties))


def relation(source: str, kind: str, target: str, relations: int, sources: int, targets: int) -> SurveyedRelation:
    return SurveyedRelation(source, kind, target, relations, sources, targets)


def written(*labels: SurveyedLabel, relations: tuple[SurveyedRelation, ...], **more: Any) -> tuple[str, dict[str, Any]]:
    text = graph_text(SurveyedGraph(labels, relations, more.get("ours", {}), datasets=more.get("datasets", ())), None)
    content = tomllib.loads(text)
    parse_description(content, "it")
    return text, content


def test_a_node_that_joins_several_is_a_hyperedge_and_what_fans_out_is_a_pair() -> None:
    labels = (nodes("Film", 100, title="STRING"), nodes("Director", 50), nodes("Country", 9), nodes("Actor", 900))
    text, content = written(
        *labels,
        relations=(
            relation("Director", "DIRECTED", "Film", 110, 50, 100),
            relation("Film", "MADE_IN", "Country", 120, 99, 9),
            relation("Actor", "ACTED_IN", "Film", 2_000, 900, 100),
        ),
    )
    kinds = {label: [member["modality"] for member in kind["members"]] for label, kind in content["hyperedges"].items()}
    assert kinds == {"FilmDirectorCountry": ["Film", "Director", "Country"], "FilmActor": ["Film", "Actor"]}
    query = content["hyperedges"]["FilmDirectorCountry"]["table"]["cypher"]
    assert query.split() == [
        "MATCH",
        "(a:Film)<-[:DIRECTED]-(b:Director)",
        "MATCH",
        "(a:Film)-[:MADE_IN]->(c:Country)",
        "RETURN",
        "a.key",
        "AS",
        "film,",
        "b.key",
        "AS",
        "director,",
        "c.key",
        "AS",
        "country",
    ]
    assert "# Film -[MADE_IN]-> Country: 120, of 99 of 100 Film nodes" in text


def test_nodes_that_have_what_entities_get_are_copied() -> None:
    person = nodes("person", 10, name="INTEGER", embeddingA="LIST<FLOAT>")
    text, content = written(person, nodes("Town", 3), relations=(relation("person", "IN", "Town", 10, 10, 3),))
    assert content["modalities"]["Person"]["table"] == {"cypher": "MATCH (n:person) RETURN n.key AS key"}
    assert "name is a property of theirs; embeddingA is a property of theirs" in text
    assert given_properties(Adopted("Book", "isbn", "title")) == GIVEN


def test_labels_of_hyperlearn_are_told_and_their_words_are_not_taken() -> None:
    relations = (relation("A", "IN", "B", 10, 10, 3),)
    ours = {"LearnedA": "graph", "Other": "graph"}
    text, content = written(nodes("A", 10), nodes("B", 3), relations=relations, ours=ours, datasets=("graph",))
    assert (content["name"], content["prefix"]) == ("graph-2", "Hyper")
    assert "# LearnedA, Other left out: data set graph of hyperlearn" in text


def test_relation_types_that_become_alike_are_told_apart() -> None:
    relations = (
        relation("A", "likes", "A", 5, 5, 5),
        relation("A", "LIKES", "A", 5, 5, 5),
        relation("A", "IN", "B", 10, 10, 3),
    )
    _, content = written(nodes("A", 10), nodes("B", 3), relations=relations)
    assert [each["type"] for each in content["relations"]] == ["LEARNED_LIKES", "LEARNED_LIKES_2"]
