"""A data set file for a graph that is in the database already, with what was seen as comments."""

import re
from collections.abc import Iterator

from pipeline.domain.dataset import Dataset
from pipeline.domain.quotable import quoted
from pipeline.domain.surveyed_graph import SurveyedGraph, SurveyedRelation
from pipeline.errors import ConfigurationError
from pipeline.source.sketch.graph_draft import GraphDraft, GraphEnd, GraphHyperedges, GraphModality, graph_draft
from pipeline.source.sketch.toml_text import comments, nearest, toml_string

_PREFIXES = ("Learned", "Hyper", "Embedded", "Hyperlearn")
_VARIABLES = "abcdefgh"


def graph_text(graph: SurveyedGraph, name: str | None) -> str:
    """The text of a data set file for a graph.

    Parameters
    ----------
    graph
        What was seen of it.
    name
        Of the data set; ``graph`` by default.

    Raises
    ------
    ConfigurationError
        If there is nothing in the graph that a data set can be made of.
    """
    name = name or next(each for each in ("graph", *(f"graph-{number}" for number in range(2, 1000))) if each not in graph.datasets)
    Dataset(name, (), ())  # refuses what cannot be one
    draft = graph_draft(graph)
    if not draft.hyperedges:
        raise ConfigurationError(
            "there is nothing in the database that a data set can be made of: no relations between nodes that have a key"
            + "".join(f"\n  {line}" for line in draft.told),
            hint="a key is a property that all nodes of a label have, each another; docs/datasets.md says how to ask by Cypher",
        )
    prefix = _prefix(graph, draft)
    lines = [
        "# A guess from the graph in Neo4j, by `hyperlearn init --from-neo4j`: look through it, rename and delete what you like,",
        "# and try it with `hyperlearn check`. docs/datasets.md explains every field, and what is added to nodes that are adopted.",
        "",
        f"name = {toml_string(name)}",
        f"prefix = {toml_string(prefix)}  # before every label that hyperlearn gives: {prefix}{next(_labels(draft))}, and so on",
        *comments(draft.told),
    ]
    for modality in draft.modalities.values():
        lines += ["", *_modality(modality)]
    for relation in draft.relations:
        lines += ["", *_relation(draft, relation, prefix)]
    for hyperedges in draft.hyperedges:
        lines += ["", *_hyperedges(draft, hyperedges)]
    return "\n".join(lines) + "\n"


def _labels(draft: GraphDraft) -> Iterator[str]:
    yield from (each.label for each in draft.modalities.values())
    yield from (each.label for each in draft.hyperedges)


def _prefix(graph: SurveyedGraph, draft: GraphDraft) -> str:
    """A word that makes no label that is there already; names of indexes tell no capitals apart."""
    there = {each.name.lower() for each in graph.labels} | {name.lower() for name in graph.ours}
    numbered = (f"{_PREFIXES[0]}{number}" for number in range(2, 1000))
    return next(
        prefix for prefix in (*_PREFIXES, *numbered) if not any(f"{prefix}{name}".lower() in there for name in _labels(draft))
    )


def _modality(modality: GraphModality) -> Iterator[str]:
    nodes = modality.nodes
    keys = f"; so are {', '.join(modality.other_keys)}" if modality.other_keys else ""
    yield f"[modalities.{modality.label}]"
    yield from comments([f"{nodes.num_nodes:,} nodes; {modality.key} is there in each, in each another{keys}"])
    if modality.obstacles:
        yield from comments([f"not adopted, but copied into nodes of hyperlearn's own: {'; '.join(modality.obstacles)}"])
        columns = dict.fromkeys([modality.key, modality.name, *modality.properties])
        returned = ", ".join(f"n.{quoted(column)} AS {quoted(column)}" for column in columns)
        yield f"table = {{ cypher = {toml_string(f'MATCH (n:{quoted(nodes.name)}) RETURN {returned}')} }}"
    else:
        yield f"table = {{ nodes = {toml_string(nodes.name)} }}"
    yield f"key = {toml_string(modality.key)}"
    if modality.name != modality.key:
        yield f"name = {toml_string(modality.name)}"
    if modality.properties:
        yield ""
        yield f"[modalities.{modality.label}.properties]"
        for name, kind in modality.properties.items():
            found = nodes.property(name)
            gaps = nodes.num_nodes - found.num_nodes if found is not None else 0
            yield f"{name} = {toml_string(kind)}" + (f"  # missing in {gaps:,} of {nodes.num_nodes:,}" if gaps else "")
    yield from _features(modality)


def _features(modality: GraphModality) -> Iterator[str]:
    """Features to make neighbours of, as comments: whether they say what is alike, only a person knows."""
    lines = [
        f'{name} = {{ kind = "number", column = {toml_string(name)} }}'
        for name, kind in modality.properties.items()
        if kind in {"integer", "float"}
    ]
    if not modality.obstacles:
        for position, name in enumerate(modality.vectors, start=1):
            lines.append(f'vector{position} = {{ kind = "vector", column = {toml_string(name)} }}')
    yield from nearest(modality.label, lines)


def _relation(draft: GraphDraft, relation: SurveyedRelation, prefix: str) -> Iterator[str]:
    modality = draft.modalities[relation.source]
    own, key = quoted(relation.source), quoted(modality.key)
    yield "[[relations]]"
    yield from comments([f"{relation.num_relations:,} {relation.type}; those that hyperlearn writes have a type of their own"])
    yield f"modality = {toml_string(modality.label)}"
    yield f"type = {toml_string(_relation_type(draft, relation, prefix))}"
    query = f"MATCH (a:{own})-[:{quoted(relation.type)}]->(b:{own}) WHERE a <> b RETURN a.{key} AS one, b.{key} AS other"
    yield f"table = {{ cypher = {toml_string(query)} }}"
    yield 'source = "one"'
    yield 'target = "other"'


def _relation_type(draft: GraphDraft, relation: SurveyedRelation, prefix: str) -> str:
    """A type that no relation of the user's has; types of one label that become alike are numbered."""

    def upper(each: SurveyedRelation) -> str:
        return re.sub(r"[^A-Z0-9]+", "_", each.type.upper()).strip("_")[:40] or "RELATED"

    alike = [each for each in draft.relations if each.source == relation.source and upper(each) == upper(relation)]
    number = alike.index(relation)
    return f"{prefix.upper()}_{upper(relation)}" + (f"_{number + 1}" if number else "")


def _hyperedges(draft: GraphDraft, hyperedges: GraphHyperedges) -> Iterator[str]:
    own = draft.modalities[hyperedges.own]
    members = [("a", own)] + [
        (variable, draft.modalities[end.other]) for variable, end in zip(_VARIABLES[1:], hyperedges.ends, strict=False)
    ]
    columns = _columns([modality.label for _, modality in members])
    yield f"[hyperedges.{hyperedges.label}]"
    yield from comments(_seen(end, own) for end in hyperedges.ends)
    returned = ", ".join(
        f"{variable}.{quoted(modality.key)} AS {column}" for (variable, modality), column in zip(members, columns, strict=True)
    )
    yield 'table = { cypher = """'
    for variable, end in zip(_VARIABLES[1:], hyperedges.ends, strict=False):
        left, right = ("-", "->") if end.goes_out else ("<-", "-")
        other = f"({variable}:{quoted(end.other)})"
        yield _in_string(f"    MATCH (a:{quoted(end.own)}){left}[:{quoted(end.relation.type)}]{right}{other}")
    yield f'{_in_string(f"    RETURN {returned}")}""" }}'
    yield "members = ["
    for (_, modality), column in zip(members, columns, strict=True):
        yield f"    {{ modality = {toml_string(modality.label)}, column = {toml_string(column)} }},"
    yield "]"


def _columns(labels: list[str]) -> list[str]:
    """A column per member, called as its modality; those of one modality are numbered."""
    plain = [f"{name[:1].lower()}{name[1:]}" for name in labels]
    return [name if plain.count(name) == 1 else f"{name}{plain[: position + 1].count(name)}" for position, name in enumerate(plain)]


def _seen(end: GraphEnd, own: GraphModality) -> str:
    relation = end.relation
    arrow = f"-[{relation.type}]->" if end.goes_out else f"<-[{relation.type}]-"
    return (
        f"{end.own} {arrow} {end.other}: {relation.num_relations:,}, of {end.num_own:,} of {own.nodes.num_nodes:,} {end.own} nodes"
    )


def _in_string(text: str) -> str:
    """A line inside a text of several lines, as TOML spells it."""
    return toml_string(text)[1:-1]
