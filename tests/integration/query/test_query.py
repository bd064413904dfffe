import numpy as np
import pytest

from pipeline.domain.dataset import Modality
from pipeline.domain.embeddings import Embeddings
from pipeline.errors import AmbiguousNameError, GraphStatementError, QueryError, UnknownNameError, WriteBackError
from pipeline.graph.client import GraphClient, Row
from pipeline.graph.statement import Statement
from pipeline.ingest.ingest import ingest
from pipeline.query.analogy import analogy
from pipeline.query.find import find
from pipeline.query.served import Run, ask_published, published
from pipeline.query.similar import similar
from pipeline.query.status import status
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.integration.writeback.test_writeback import embeddings


@pytest.fixture
def wrote(client: GraphClient) -> Embeddings:
    ingest(client, tiny.tables())
    vectors = embeddings("run-1")
    write_back(client, vectors)
    return vectors


def expected_neighbours(wrote: Embeddings, id_: str, to: str, k: int) -> list[tuple[str, float]]:
    """Nearest by numpy, greatest first."""
    unit = {label: factor / np.linalg.norm(factor, axis=1, keepdims=True) for label, factor in wrote.factors.items()}
    known = 1 + np.array([tiny.degrees(tiny.tables(), to)[other] for other in wrote.ids[to]])
    score = (1 + unit[to] @ unit["Film"][wrote.ids["Film"].index(id_)] * known / (known + 3)) / 2
    order = [row for row in np.argsort(-score) if wrote.ids[to][row] != id_]
    return [(wrote.ids[to][row], float(score[row])) for row in order[:k]]


@pytest.mark.parametrize(("to", "k"), [("Film", 5), ("Maker", 3), ("Film", 100)])
def test_neighbours_are_those_of_a_full_comparison(client: GraphClient, wrote: Embeddings, to: str, k: int) -> None:
    film, run = published(client, "Film")
    found = similar(client, run, film, "f4", k=k, to=published(client, to)[0])
    expected = expected_neighbours(wrote, "f4", to, k)
    assert [neighbour.id for neighbour in found] == [id_ for id_, _ in expected]
    assert [neighbour.score for neighbour in found] == pytest.approx([score for _, score in expected], abs=1e-6)
    assert {neighbour.label for neighbour in found} == {to}


@pytest.mark.parametrize(("its", "to"), [("m1", "Maker"), ("f9", "Film")])
def test_an_analogy_is_what_differs_added_to_another(client: GraphClient, wrote: Embeddings, its: str, to: str) -> None:
    """None of the three is among the answers."""
    film, run = published(client, "Film")
    target = published(client, to)[0]
    entities = find(client, film, "f4"), find(client, target, its), find(client, film, "f5")
    found = analogy(client, run, entities, target, k=100)
    units = {label: factor / np.linalg.norm(factor, axis=1, keepdims=True) for label, factor in wrote.factors.items()}
    one, other = (units["Film"][wrote.ids["Film"].index(id_)] for id_ in ("f4", "f5"))
    sought = units[to][wrote.ids[to].index(its)] - one + other
    known = 1 + np.array([tiny.degrees(tiny.tables(), to)[id_] for id_ in wrote.ids[to]])
    scores = (1 + units[to] @ sought / np.linalg.norm(sought) * known / (known + 3)) / 2
    expected = {id_: score for id_, score in zip(wrote.ids[to], scores, strict=True) if id_ not in {its, "f4", "f5"}}
    assert {each.id: each.score for each in found} == pytest.approx(expected, abs=1e-6)
    assert (np.diff([each.score for each in found]) <= 0).all()


def test_an_entity_is_found_by_name_or_id(client: GraphClient, wrote: Embeddings) -> None:
    film, _ = published(client, "Film")
    assert find(client, film, "Film 4").id == "f4"
    assert find(client, film, "f4").name == "Film 4"
    assert find(client, film, "f1", by_id=True).properties == {"year": 2001}


def test_an_unknown_name_gets_the_closest_spellings(client: GraphClient, wrote: Embeddings) -> None:
    film, _ = published(client, "Film")
    with pytest.raises(UnknownNameError, match="no Film is named 'Flim 14'") as error:
        find(client, film, "Flim 14")
    assert "Film 14" in error.value.hint
    with pytest.raises(UnknownNameError, match="has the id 'Film 4'"):
        find(client, film, "Film 4", by_id=True)


def test_a_name_of_several_gets_their_ids_and_what_tells_them_apart(client: GraphClient, wrote: Embeddings) -> None:
    film, _ = published(client, "Film")
    with pytest.raises(AmbiguousNameError) as error:
        find(client, film, "Film 1")
    assert "f1  Film 1  (year 2001)" in str(error.value)
    assert "f3  Film 1  (year 2003)" in str(error.value)
    assert "--id f1" in error.value.hint


def test_an_unknown_modality_is_told_the_known_ones(client: GraphClient, wrote: Embeddings) -> None:
    with pytest.raises(QueryError, match=r"no modality Movie$") as error:
        published(client, "Movie")
    assert error.value.hint == "there are Film, Maker, Style"
    with pytest.raises(QueryError, match=r"no modality film; did you mean Film\?"):
        published(client, "film")


def test_before_the_first_run_there_is_nothing_to_ask(client: GraphClient) -> None:
    with pytest.raises(QueryError, match="holds no data set"):
        published(client, "Film")
    ingest(client, tiny.tables())
    with pytest.raises(QueryError, match="has no vectors yet") as error:
        published(client, "Film")
    assert error.value.hint == "run `hyperlearn refresh` first, with the file that describes tiny"


def test_who_finds_no_run_in_the_moment_of_publishing_looks_again(
    client: GraphClient, wrote: Embeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def read(self: GraphClient, statement: Statement, **parameters: object) -> list[Row]:
        rows = plain(self, statement, **parameters)
        if statement.name != "query/served":
            return rows
        asked.append(statement.name)
        return rows if len(asked) > 1 else []

    plain = GraphClient.read
    monkeypatch.setattr(GraphClient, "read", read)
    assert published(client, "Film")[1].id == "run-1"


def test_status_counts_what_is_there(client: GraphClient, wrote: Embeddings) -> None:
    found = status(client)
    assert found.entities == {"Film": 24, "Maker": 8, "Style": 2}
    assert found.hyperedges == {"Making": 46, "Remake": 7}
    assert [(entry.dataset.name, entry.run and entry.run.id) for entry in found.datasets] == [("tiny", "run-1")]
    assert found.version.count(".") >= 1


def test_a_question_during_which_other_runs_are_published_is_asked_again(client: GraphClient, wrote: Embeddings) -> None:
    asked = []

    def slow(modality: Modality, run: Run) -> list[str]:
        asked.append(run.id)
        if len(asked) == 1:  # one is published, and the next one takes the slot of the run that was asked about
            write_back(client, embeddings("run-2", seed=2))
            with pytest.raises(WriteBackError):
                write_back(client, embeddings("run-3", ids={"Film": ["f0"]}, factors={"Film": np.ones((1, 4), dtype=np.float32)}))
        return [neighbour.id for neighbour in similar(client, run, modality, "f4", k=5)]

    expected = [id_ for id_, _ in expected_neighbours(embeddings("run-2", seed=2), "f4", "Film", 5)]
    assert ask_published(client, "Film", slow) == expected
    assert asked == ["run-1", "run-2"]
    # An error that is not for want of the run's vectors is told.
    with pytest.raises(GraphStatementError):
        ask_published(client, "Film", lambda modality, run: client.read(Statement("test", "RETURN nothing")))
