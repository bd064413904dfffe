"""Why two entities are near: what joins them in the graph, and which components carry the cosine of their vectors.

Shapes: N entities, R length of a vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.graph.client import GraphClient, Row
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.query.find import Entity
from pipeline.query.landmarks import landmarks
from pipeline.query.served import Run
from pipeline.query.unit_vector import unit_vector

_LANDMARKS = 2_000
"""Among how many of the best-connected entities those are looked for that a component is named after."""


@dataclass(frozen=True)
class Shared:
    """An entity that hyperedges join with both.

    Attributes
    ----------
    id, name, label
        What it is.
    hyperedges
        How many hyperedges join it with the one, and with the other.
    degree
        How many join it with anybody: a shared member tells the more the fewer there are.
    """

    id: str
    name: str
    label: str
    hyperedges: tuple[int, int]
    degree: int


@dataclass(frozen=True)
class Component:
    """A component that both have much of.

    Attributes
    ----------
    number
        Which one, from 0.
    share
        How much of the cosine it is: components that speak against it are below 0, and all together are the cosine.
    names
        Well-connected entities of the first one's modality that have most of it.
    """

    number: int
    share: float
    names: list[str]


@dataclass(frozen=True)
class Explanation:
    """Why two entities are near, or not.

    Attributes
    ----------
    score
        (1 + cosine) / 2.
    together
        Number of hyperedges that join the two.
    relations
        Types and weights of their intra-modal relations.
    shared
        Members that they share, those that tell most first.
    components
        Those that carry most of the cosine, the strongest first.
    """

    score: float
    together: int
    relations: list[tuple[str, float]]
    shared: list[Shared]
    components: list[Component]


def explain(
    client: GraphClient, run: Run, entities: tuple[Entity, Entity], *, num_shared: int = 10, num_components: int = 3
) -> Explanation:
    """Look for what two entities have in common.

    Parameters
    ----------
    client
        The database.
    run
        The published run, whose vectors are compared.
    entities
        The two, of one modality or of two.
    num_shared, num_components
        How many are told at most.

    Raises
    ------
    UnknownNameError
        If one of them has no vector.
    """
    one, other = entities
    dataset = next(each.dataset for each in stored_datasets(client).values() if one.label in each.dataset.labels)
    units = [unit_vector(client, run, entity) for entity in entities]
    around = [_neighbourhood(client, entity, dataset.labels) for entity in entities]
    joined = around[0].get((other.label, other.id))
    shared = [
        Shared(id_, row["name"], label, (row["together"], around[1][label, id_]["together"]), row["degree"])
        for (label, id_), row in around[0].items()
        if (label, id_) in around[1]
    ]
    relations = []
    if one.label == other.label:
        statement = load("query/relations_between").with_identifiers(Modality=one.label)
        types = [graph.relation_type for graph in dataset.graphs if graph.modality == one.label]
        relations = [(row["type"], row["weight"]) for row in client.read(statement, id=one.id, other=other.id, types=types)]
    known = landmarks(client, run, one.label, _LANDMARKS)
    return Explanation(
        float((1 + units[0] @ units[1]) / 2),
        joined["together"] if joined else 0,
        relations,
        sorted(shared, key=lambda each: (each.degree, each.id))[:num_shared],
        _components(units, known.names, known.matrix_NR, {one.name, other.name}, num_components),
    )


def _neighbourhood(client: GraphClient, entity: Entity, labels: Sequence[str]) -> dict[tuple[str, str], Row]:
    """Whom hyperedges join with an entity, by label and id."""
    rows = client.read(load("query/neighbourhood").with_identifiers(Modality=entity.label), id=entity.id, labels=labels)
    return {(row["label"], row["id"]): row for row in rows}


def _components(
    units: Sequence[npt.NDArray[np.float64]],
    names: Sequence[str],
    matrix_NR: npt.NDArray[np.float32],
    themselves: set[str],
    count: int,
) -> list[Component]:
    shares_R = units[0] * units[1]
    found = []
    for number in np.argsort(-shares_R, kind="stable")[:count]:
        if shares_R[number] <= 0:
            break
        has_N = matrix_NR[:, number] * np.sign(units[0][number])
        tops = [names[row] for row in np.argsort(-has_N, kind="stable") if names[row] not in themselves]
        found.append(Component(int(number), float(shares_R[number]), tops[:3]))
    return found
