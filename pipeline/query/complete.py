"""Who could stand at a position of a hyperedge, given other members: the model's own score, not a nearness of vectors.

Members that nobody names are taken as the average of those that stand there, weighed by how often they do: the score is linear in
each member. Shapes: D embedding_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.did_you_mean import did_you_mean
from pipeline.domain.question import Question
from pipeline.errors import QueryError, UnknownNameError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import bias_property, vector_identifiers
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.query.find import Entity
from pipeline.query.learned import learned_positions, nothing_learned, type_parameters
from pipeline.query.served import Run


@dataclass(frozen=True)
class Candidate(Entity):
    """An entity that could stand at the position.

    Attributes
    ----------
    score
        Its probability among all entities of the modality; the value that such a hyperedge would have, where values were learned.
    known
        Whether such a hyperedge is there.
    """

    score: float
    known: bool


def described_type(client: GraphClient, label: str) -> tuple[Dataset, HyperedgeType]:
    """The hyperedge type of that label, and the data set that has it.

    Raises
    ------
    QueryError
        If no data set has it.
    """
    known = [(stored.dataset, kind) for stored in stored_datasets(client).values() for kind in stored.dataset.hyperedge_types]
    for dataset, kind in known:
        if kind.label == label:
            return dataset, kind
    labels = [kind.label for _, kind in known]
    hint = f"there are {', '.join(labels) or 'none: ingest a data set first'}"
    raise QueryError(f"there is no hyperedge type {label}{did_you_mean(label, labels)}", hint=hint)


def complete(client: GraphClient, run: Run, asked: Modality, question: Question, *, k: int, new: bool = False) -> list[Candidate]:
    """The k entities that could best stand at the position, best first.

    All entities of the modality are compared, by the server.

    Parameters
    ----------
    client
        The database.
    run
        The published run.
    asked
        The modality that is asked for.
    question
        Hyperedge type, ids of the given members, and the position.
    k
        How many, at least 1.
    new
        Leave out those with which such a hyperedge is there.

    Raises
    ------
    QueryError
        If the run has learned nothing of the type, or a given member has no vector.
    """
    learned = learned_positions(client, run, question.type.label)
    if not learned:
        raise nothing_learned(run, question.type.label)
    others, biases = _others(client, run, question, learned)
    type_ = type_parameters(learned)
    known = _known_members(client, question)
    rows = client.read(
        load("query/complete").with_identifiers(**_identifiers(asked.label, run)),
        bias=learned[question.position]["bias"],
        context=type_.context(others, question.position)[0].tolist(),
        hidden=sorted(known) if new else [],
        k=k,
        properties=list(asked.distinguish_by),
    )
    if type_.loss == "likelihood":
        scores = [row["share"] for row in rows]
    else:
        besides = type_.without_context(others, question.position)[0] + sum(biases)
        scores = [row["score"] + besides for row in rows]
    return [
        Candidate(
            row["id"],
            row["name"],
            asked.label,
            dict(zip(asked.distinguish_by, row["properties"], strict=True)),
            float(score),
            row["id"] in known,
        )
        for row, score in zip(rows, scores, strict=True)
    ]


def _others(
    client: GraphClient, run: Run, question: Question, learned: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, npt.NDArray[np.float32]], list[float]]:
    """Vectors (1 × D) and biases of the members that are not asked for."""
    vectors, biases = {}, []
    for position, told in enumerate(learned):
        if position == question.position:
            continue
        vector, bias = told["average"], told["averageBias"]
        if position in question.given:
            vector, bias = _member(client, run, question.type.members[position], question.given[position], told["bias"])
        vectors[position] = np.asarray([vector], np.float32)
        biases.append(bias)
    return vectors, biases


def _member(client: GraphClient, run: Run, label: str, id_: str, bias: int) -> tuple[list[float], float]:
    rows = client.read(load("query/member").with_identifiers(**_identifiers(label, run)), id=id_, bias=bias)
    if not rows:
        raise UnknownNameError(f"no {label} with the id {id_!r} has a vector", hint="it may have come after the last refresh")
    return rows[0]["vector"], rows[0]["bias"]


def _identifiers(label: str, run: Run) -> dict[str, str]:
    return {**vector_identifiers(label, run.slot), "biases": bias_property(run.slot)}


def _known_members(client: GraphClient, question: Question) -> set[str]:
    """Who stands at the position in hyperedges that hold all that is given."""
    position, *more = question.given
    rows = client.read(
        load("query/known_members").with_identifiers(Modality=question.type.members[position], HyperedgeType=question.type.label),
        id=question.given[position],
        position=position,
        others=[{"position": other, "id": question.given[other]} for other in more],
        asked=question.position,
    )
    return {row["id"] for row in rows}
