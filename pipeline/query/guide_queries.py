"""Queries for a person who looks around in Neo4j Browser, about the best-connected entities of the data at hand.

Each is complete, without parameters, and has found something before it is told.
"""

from collections.abc import Iterator

from pipeline.domain.dataset import Dataset, Modality
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement, load
from pipeline.query.find import Entity
from pipeline.query.landmarks import landmarks
from pipeline.query.served import Run
from pipeline.query.similar import similar

_TRIED = 10
"""Neighbours of which one is looked for that shares a member."""

_Asked = tuple[str, str]
"""What is asked, in words and in Cypher."""


def modality_queries(client: GraphClient, run: Run, dataset: Dataset, modality: Modality) -> dict[str, str]:
    """Cypher by what it asks, about the entity of a modality that most hyperedges join.

    Parameters
    ----------
    client
        The database.
    run
        The published run.
    dataset
        The data set, which tells the intra-modal relations.
    modality
        Where the entity is from.
    """
    known = landmarks(client, run, modality.label, 1)
    if not known.ids:
        return {}
    entity = Entity(known.ids[0], known.names[0], modality.label, {})
    return dict(_about(client, run, dataset, modality, entity))


def _about(client: GraphClient, run: Run, dataset: Dataset, modality: Modality, entity: Entity) -> Iterator[_Asked]:
    label, name = modality.label, entity.name
    key, who = _key(client, entity)
    its = {"Modality": label, "key": key}
    yield from _answered(client, f"The ten {label} nodes that most hyperedges join", _text("best_connected", {"Modality": label}))
    yield from _answered(client, f"{name} in the middle of its hyperedges", _text("around", its, who=who))
    for graph in dataset.graphs:
        if graph.modality == label:
            relations = _text("relations", {**its, "RELATION_TYPE": graph.relation_type}, who=who)
            yield from _answered(client, f"{name} and those tied to it by {graph.relation_type}", relations)
    yield from _answered(client, f"The {label} nodes nearest to {name}", _text("nearest", its, who=who, label=label))
    drawn = _text("nearest_drawn", its, who=who, label=label)
    yield from _answered(client, f"{name}, the five nearest, and what each shares with it", drawn)
    for other in similar(client, run, modality, entity.id, k=_TRIED):
        other_key, other_who = _key(client, other)
        pair = {"Modality": label, "oneKey": key, "otherKey": other_key}
        why = list(_answered(client, f"Why {name} and {other.name} are near", _text("why", pair, one=who, other=other_who)))
        if why:
            yield from why
            components = _text("components", pair, one=who, other=other_who, label=label)
            yield from _answered(client, "The same by their vectors: the components that carry the cosine", components)
            return


def general_queries(client: GraphClient, dataset: Dataset) -> dict[str, str]:
    """Cypher by what it asks, about hyperedge types and runs of a data set."""
    asked: list[_Asked] = []
    for kind in dataset.hyperedge_types:
        asked += _answered(client, f"Some hyperedges of the type {kind.label}", _text("hyperedges", {"HyperedgeType": kind.label}))
    asked += _answered(client, "What was trained and when, and which run is served", _text("runs", {}, dataset=dataset.name))
    return dict(asked)


def _key(client: GraphClient, entity: Entity) -> tuple[str, str]:
    """By which property a person names an entity, and its value: the name, where no other has it."""
    named = client.read(load("query/find_by_name").with_identifiers(Modality=entity.label), name=entity.name, properties=[])
    return ("name", entity.name) if len(named) == 1 else ("id", entity.id)


def _text(name: str, identifiers: dict[str, str], **values: str) -> str:
    """A statement as a person gets it: complete, without the comment at its head, which the words beside it are.

    Nor has it back-quotes: the names are plain, and none stands where Cypher would take it for a word of its own.
    """
    statement = load(f"guide/{name}").with_identifiers(**identifiers)
    _, _, text = statement.text.replace("`", "").partition("\n")
    return Statement(statement.name, text).with_values(**values).text.strip()


def _answered(client: GraphClient, asked: str, text: str) -> Iterator[_Asked]:
    """What is asked, if the data have an answer."""
    if client.read(Statement("guide", text)):
        yield asked, text
