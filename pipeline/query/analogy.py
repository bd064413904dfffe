"""Who is to an entity as another one is to a third: which film is to this director what *Psycho* is to Hitchcock.

What two entities differ by is added to another one: the nearest to b − a + c, of vectors brought to length 1 (Mikolov, Yih, Zweig
2013, of words). a and c are of one modality; b, and the answers, may be of another, since all modalities lie in one space.
"""

from pipeline.domain.dataset import Modality
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import vector_property
from pipeline.graph.statement import load
from pipeline.query.find import Entity
from pipeline.query.served import Run
from pipeline.query.similar import Neighbour, nearest
from pipeline.query.unit_vector import unit_vector


def analogy(client: GraphClient, run: Run, entities: tuple[Entity, Entity, Entity], target: Modality, *, k: int) -> list[Neighbour]:
    """The k entities that are to the third as the second is to the first, best first; none of the three is among them.

    Parameters
    ----------
    client
        The database.
    run
        The published run, whose vectors are compared.
    entities
        a, b and c.
    target
        Modality of b, and so of the answers.
    k
        How many, at least 1.

    Raises
    ------
    UnknownNameError
        If one of the three has no vector.
    """
    one, its, other = (unit_vector(client, run, entity) for entity in entities)
    statement = load("query/analogy").with_identifiers(embedding=vector_property(run.slot))
    asked_with = [entity.id for entity in entities if entity.label == target.label]
    return nearest(client, statement, run, target, k, vector=(its - one + other).tolist(), known=asked_with)
