"""Who completes a hyperedge: as the model that was trained scores it, whatever the database computes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.question import Question
from pipeline.domain.type_parameters import TypeParameters, shifts_of
from pipeline.errors import QueryError, UnknownNameError
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.query.complete import Candidate, complete, described_type
from pipeline.query.served import published
from pipeline.removal.removal import remove
from pipeline.writeback.rollback import rollback
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask
from tests.integration.writeback.test_writeback import DIM, embeddings


def with_types(run: str, seed: int = 0, loss: str = "likelihood") -> Embeddings:
    """Vectors at random, and what types add to them likewise."""
    vectors, random = embeddings(run, seed), np.random.default_rng(seed)
    types = {}
    for kind in tiny.DATASET.hyperedge_types:
        scale, centres = random.standard_normal(DIM), random.standard_normal((len(kind.members), DIM))
        types[kind.label] = TypeParameters(
            kind.members,
            loss,  # type: ignore[arg-type]
            0.25,
            scale.astype(np.float32),
            centres.astype(np.float32),
            tuple(random.standard_normal(len(vectors.ids[label])).astype(np.float32) for label in kind.members),
            shifts_of(kind.members, DIM),
        )
    return replace(vectors, types=types)


def rows_of(wrote: Embeddings, question: Question) -> np.ndarray:
    """A hyperedge of the given members (1 × K)."""
    members = enumerate(question.type.members)
    return np.array([[wrote.ids[label].index(question.given[k]) if k in question.given else 0 for k, label in members]])


def answers(client: GraphClient, question: Question, k: int = 1000, *, new: bool = False) -> list[Candidate]:
    modality, run = published(client, question.asked)
    return complete(client, run, modality, question, k=k, new=new)


@pytest.fixture
def ingested(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    return client


MAKING, REMAKE = tiny.DATASET.hyperedge_types


@pytest.mark.parametrize(
    "question",
    [
        Question(MAKING, {0: "f4", 2: "s0"}, 1),
        Question(MAKING, {1: "m3", 2: "s1"}, 0),
        Question(REMAKE, {0: "f3"}, 1),  # whose positions are told apart
        Question(REMAKE, {1: "f3"}, 0),
    ],
)
def test_probabilities_are_those_of_the_model(ingested: GraphClient, question: Question) -> None:
    write_back(ingested, embeddings("former"))
    wrote = with_types("run-1")
    write_back(ingested, wrote)
    scores = wrote.types[question.type.label].slot_scores(wrote.factors, rows_of(wrote, question), question.position)[0]
    expected = dict(zip(wrote.ids[question.asked], softmax(scores.astype(float)), strict=True))
    found = answers(ingested, question)
    assert {c.id: c.score for c in found} == pytest.approx(expected, rel=1e-4)
    assert [c.id for c in found] == sorted(expected, key=lambda id_: -expected[id_])
    assert [c.id for c in answers(ingested, question, 3)] == [c.id for c in found[:3]]


@pytest.mark.parametrize("question", [Question(MAKING, {0: "f4", 1: "m2"}, 2), Question(REMAKE, {0: "f2"}, 1)])
def test_values_are_those_of_the_model(ingested: GraphClient, question: Question) -> None:
    wrote = with_types("run-1", loss="squared")
    write_back(ingested, wrote)
    members = np.repeat(rows_of(wrote, question), len(wrote.ids[question.asked]), axis=0)
    members[:, question.position] = np.arange(len(members))
    expected = wrote.types[question.type.label].values(wrote.factors, members)
    found = {c.id: c.score for c in answers(ingested, question)}
    assert found == pytest.approx(dict(zip(wrote.ids[question.asked], expected, strict=True)), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("loss", ["likelihood", "squared"])
def test_who_is_not_given_is_the_average_of_those_that_stand_there(ingested: GraphClient, loss: str) -> None:
    wrote = with_types("run-1", loss=loss)
    write_back(ingested, wrote)
    making, films = wrote.types["Making"], wrote.factors["Film"]
    often = softmax(making.biases[0].astype(float)) if loss == "likelihood" else np.full(len(films), 1 / len(films))
    members = np.array([[film, 0, maker] for maker in range(2) for film in range(len(films))])
    members[:, [1, 2]] = members[:, [2, 1]]
    members[:, 2] = wrote.ids["Style"].index("s1")
    scores = making.values(wrote.factors, members).reshape(2, len(films)) @ often
    found = {c.id: c.score for c in answers(ingested, Question(MAKING, {2: "s1"}, 1))}
    if loss == "likelihood":
        assert np.log(found["m1"] / found["m0"]) == pytest.approx(scores[1] - scores[0], rel=1e-4)
    else:
        assert [found["m0"], found["m1"]] == pytest.approx(scores, rel=1e-4)


def test_what_is_known_is_told_and_can_be_left_out(ingested: GraphClient) -> None:
    write_back(ingested, with_types("run-1"))
    # f4 was made by m4 and m6, in the style s0.
    found = answers(ingested, Question(MAKING, {0: "f4", 2: "s0"}, 1))
    assert {c.id for c in found if c.known} == {"m4", "m6"}
    assert not any(c.known for c in answers(ingested, Question(MAKING, {0: "f4", 2: "s1"}, 1)))
    left = answers(ingested, Question(MAKING, {0: "f4", 2: "s0"}, 1), new=True)
    assert left == [c for c in found if not c.known]


def test_the_run_that_is_served_answers_also_after_a_rollback(ingested: GraphClient, tmp_path: Path) -> None:
    question = Question(MAKING, {0: "f4"}, 1)
    first, second = with_types("run-1", 1), with_types("run-2", 2)
    write_back(ingested, first)
    before = answers(ingested, question)
    write_back(ingested, second)
    assert answers(ingested, question) != before
    rollback(ingested, "tiny", tmp_path)
    assert answers(ingested, question) == before


def test_nothing_is_left_of_runs_that_are_gone(ingested: GraphClient) -> None:
    for number in range(3):
        write_back(ingested, with_types(f"run-{number}", number))
    learned = ask(ingested, "MATCH (p:LearnedPosition)<-[:LEARNED]-(run) RETURN run.id AS run, count(p) AS positions ORDER BY run")
    assert learned == [{"run": "run-1", "positions": 5}, {"run": "run-2", "positions": 5}]
    remove(ingested, "tiny", lambda: None)
    assert ask(ingested, "MATCH (p:LearnedPosition) RETURN p") == []


def test_what_cannot_be_answered_is_told(ingested: GraphClient) -> None:
    with pytest.raises(QueryError, match=r"there is no hyperedge type Makign; did you mean Making\?") as unknown:
        described_type(ingested, "Makign")
    assert "Making, Remake" in unknown.value.hint
    write_back(ingested, embeddings("run-1"))
    with pytest.raises(QueryError, match="run run-1 has learned nothing of Making"):
        answers(ingested, Question(MAKING, {0: "f4"}, 1))
    write_back(ingested, with_types("run-2"))
    with pytest.raises(UnknownNameError, match="no Film with the id 'f99' has a vector"):
        answers(ingested, Question(MAKING, {0: "f99"}, 1))
