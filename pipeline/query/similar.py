"""Nearest entities by the published vectors."""

from dataclasses import dataclass

from pipeline.domain.dataset import Modality
from pipeline.domain.shrinkage import DOUBT
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import CANDIDATES, INDEX_LIMIT, vector_index, vector_property
from pipeline.graph.statement import Statement, load
from pipeline.query.find import Entity
from pipeline.query.served import Run

_CANDIDATES_PER_NEIGHBOUR = 10


@dataclass(frozen=True)
class Neighbour(Entity):
    """An entity near another one.

    Attributes
    ----------
    score
        (1 + cosine) / 2 of the two vectors, the cosine shrunk where few hyperedges tell of this one
        (`pipeline.domain.shrinkage`): 1 is the same direction, 0.5 a right angle.
    """

    score: float


def similar(
    client: GraphClient, run: Run, source: Modality, entity_id: str, *, k: int, to: Modality | None = None
) -> list[Neighbour]:
    """The k entities nearest to one, best first.

    The vector index answers approximately, and knows nothing of hyperedges; so it is asked for many more than k, and the scores
    decide.

    Parameters
    ----------
    client
        The database.
    run
        The published run, whose vectors are compared.
    source
        Modality of the entity.
    entity_id
        Id of the entity.
    k
        How many, at least 1.
    to
        Modality of the neighbours; that of the entity by default.
    """
    target = to or source
    statement = load("query/similar").with_identifiers(Modality=source.label, embedding=vector_property(run.slot))
    return nearest(client, statement, run, target, k, id=entity_id)


def nearest(client: GraphClient, statement: Statement, run: Run, target: Modality, k: int, **parameters: object) -> list[Neighbour]:
    """The k entities that score best by a statement that asks the vector index of a modality and orders what that gives.

    Parameters
    ----------
    client
        The database.
    statement
        It takes ``index``, ``candidates``, ``doubt``, ``k`` and ``properties``.
    run
        The published run, whose vectors are compared.
    target
        The modality.
    k
        How many, at least 1.
    **parameters
        What else the statement takes.
    """
    rows = client.read(
        statement,
        index=vector_index(target.label, run.slot),
        k=k,
        doubt=DOUBT,
        candidates=min(INDEX_LIMIT, max(CANDIDATES, _CANDIDATES_PER_NEIGHBOUR * k)),
        properties=list(target.distinguish_by),
        **parameters,
    )
    return [
        Neighbour(
            row["id"], row["name"], target.label, dict(zip(target.distinguish_by, row["properties"], strict=True)), row["score"]
        )
        for row in rows
    ]
