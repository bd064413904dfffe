"""The copy of the served vectors under names that stay."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.embeddings import Embeddings
from pipeline.errors import GraphSchemaError, GraphUnavailableError, LeaseLostError
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.one_writer import one_writer
from pipeline.graph.statement import Statement
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.removal.removal import remove
from pipeline.writeback import fixed_names
from pipeline.writeback.fixed_names import complete_copy, copy_served, switch_fixed_names
from pipeline.writeback.rollback import rollback
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, change, expire, num_nodes, reader, variables
from tests.integration.writeback.test_writeback import embeddings

NEAREST = """
MATCH (film:Film {id: 'f3'})
CALL db.index.vector.queryNodes('film_embedding', 10, film.embedding) YIELD node, score
RETURN count(node) AS k, max(score) AS best
"""
"""How a tool asks."""

COPY = "names/copy_page"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixed_names, "PAGE_SIZE", 5)


@pytest.fixture
def ingested(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    return client


def write(client: GraphClient, number: int, **options: Any) -> Embeddings:
    wrote = embeddings(f"run-{number}", seed=number)
    write_back(client, wrote, **options)
    return wrote


def of_another_length(run: str, dim: int) -> Embeddings:
    ids = embeddings(run).ids
    factors = {label: np.random.default_rng(dim).random((len(of), dim), dtype=np.float32) for label, of in ids.items()}
    return Embeddings(run, "tiny", dim, ids, factors, {}, {})


def copies(client: GraphClient, label: str = "Film") -> dict[str, list[float]]:
    rows = ask(client, f"MATCH (e:{label}) WHERE e.embedding IS NOT NULL RETURN e.id AS id, e.embedding AS v")
    return {row["id"]: row["v"] for row in rows}


def holds(client: GraphClient, wrote: Embeddings) -> bool:
    """Whether the copy is the run's, the data set says so, and the indexes answer with all of it."""
    for label, ids in wrote.ids.items():
        found = copies(client, label)
        if not np.array_equal(np.array([found[id_] for id_ in ids], dtype=np.float32), wrote.factors[label]):
            return False
        text = f"MATCH (e:{label} {{id: $id}}) CALL db.index.vector.queryNodes($index, 100, e.embedding) YIELD node "
        if ask(client, text + "RETURN count(node) AS n", id=ids[0], index=f"{label.lower()}_embedding") != [{"n": len(ids)}]:
            return False
    return copied_run(client) == wrote.run


def copied_run(client: GraphClient) -> str | None:
    return stored_datasets(client)["tiny"].copied_run


def indexes(client: GraphClient) -> set[str]:
    return {row["name"] for row in ask(client, "SHOW VECTOR INDEXES YIELD name RETURN name")}


def traces(client: GraphClient) -> int:
    """Nodes that have anything of the copy."""
    text = "MATCH (n) WHERE n.embedding IS NOT NULL OR n.fixedNames IS NOT NULL OR n.copiedRun IS NOT NULL RETURN count(n) AS n"
    return int(ask(client, text)[0]["n"])


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, statement: str, number: int) -> Iterator[None]:
    """The database is gone before the so many-th of these statements."""
    seen = 0

    def dying(run: Any) -> Any:
        def write(self: GraphClient, asked: Statement, **parameters: Any) -> Any:
            nonlocal seen
            seen += asked.name == statement
            if seen >= number and asked.name != "lease/release":
                raise GraphUnavailableError("gone")
            return run(self, asked, **parameters)

        return write

    with monkeypatch.context() as patch:
        for name in ("write", "write_and_return", "change_schema", "write_alone"):
            patch.setattr(GraphClient, name, dying(getattr(GraphClient, name)))
        yield
    assert seen >= number


def test_the_copy_is_made_once_asked_for_and_follows_every_run(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1)
    assert traces(ingested) == 0
    assert len(indexes(ingested)) == 3
    assert holds(ingested, write(ingested, 2, fixed_names=True))
    (found,) = ask(ingested, NEAREST)
    assert (found["k"], found["best"]) == (10, pytest.approx(1))
    assert holds(ingested, write(ingested, 3, fixed_names=True))
    rollback(ingested, "tiny", tmp_path)
    assert holds(ingested, embeddings("run-2", seed=2))


def test_only_what_differs_is_written_and_what_somebody_removed_is_there_again(ingested: GraphClient) -> None:
    wrote = write(ingested, 1, fixed_names=True)
    with one_writer(ingested, "tiny", "test") as writer:
        assert copy_served(writer, "tiny") == 0
        assert complete_copy(writer, "tiny") is None
        change(ingested, "MATCH (f:Film {id: 'f3'}) SET f.embedding = [1.0, 2, 3, 4]")
        change(ingested, "MATCH (f:Maker {id: 'm3'}) REMOVE f.embedding")
        assert complete_copy(writer, "tiny") == 2
        change(ingested, "DROP INDEX film_embedding")
        assert complete_copy(writer, "tiny") == 0
        assert complete_copy(writer, "tiny") is None
    assert holds(ingested, wrote)


def test_an_entity_that_has_no_served_vector_has_no_copy(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1)
    more = tiny.tables(num_films=26)
    ingest(ingested, more)
    ids = {label: sorted(table["id"]) for label, table in more.entities.items()}
    factors = {label: np.random.default_rng(5).random((len(of), 4), dtype=np.float32) for label, of in ids.items()}
    write_back(ingested, Embeddings("run-2", "tiny", 4, ids, factors, {}, {}), fixed_names=True)
    assert len(copies(ingested)) == 26
    assert rollback(ingested, "tiny", tmp_path).missing["Film"] == 2
    assert copies(ingested).keys() == set(embeddings("run-1").ids["Film"])
    with one_writer(ingested, "tiny", "test") as writer:
        assert complete_copy(writer, "tiny") is None


def test_vectors_of_another_length_get_another_index(ingested: GraphClient) -> None:
    write(ingested, 1, fixed_names=True)
    longer = of_another_length("run-2", 6)
    write_back(ingested, longer)
    assert holds(ingested, longer)


@pytest.mark.parametrize(
    ("statement", "number", "dim"), [("names/keep", 1, 6), (COPY, 1, 4), (COPY, 4, 6), (COPY, 8, 4), ("names/keep", 2, 6)]
)
def test_a_copy_that_is_stopped_is_completed(
    ingested: GraphClient, monkeypatch: pytest.MonkeyPatch, statement: str, number: int, dim: int
) -> None:
    write(ingested, 1, fixed_names=True)
    second = of_another_length("run-2", dim)
    with dying_at(monkeypatch, statement, number), pytest.raises(GraphUnavailableError):
        write_back(ingested, second)
    assert copied_run(ingested) == ("run-1" if (statement, number) == ("names/keep", 1) else None)
    with one_writer(ingested, "tiny", "test") as writer:
        assert complete_copy(writer, "tiny") is not None
    assert holds(ingested, second)


def test_a_first_copy_that_is_stopped_is_completed_by_the_next_run(ingested: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with dying_at(monkeypatch, COPY, 3), pytest.raises(GraphUnavailableError):
        write(ingested, 1, fixed_names=True)
    assert 0 < len(copies(ingested)) < 24
    assert holds(ingested, write(ingested, 2))


def test_who_has_lost_the_lease_copies_nothing_more(ingested: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(ingested, 1, fixed_names=True)
    second = embeddings("run-2", seed=2)
    write_back(ingested, second, copy=False)
    with one_writer(ingested, "tiny", "test") as writer:
        expire(ingested, "tiny")
        with one_writer(ingested, "tiny", "another"), pytest.raises(LeaseLostError):
            copy_served(writer, "tiny")
    assert holds(ingested, first)


def test_switched_off_nothing_of_it_stays_also_where_that_was_stopped(
    ingested: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ingested, 1, fixed_names=True)
    with dying_at(monkeypatch, "writeback/clear_slot", 2), pytest.raises(GraphUnavailableError):
        write(ingested, 2, fixed_names=False)
    assert copied_run(ingested) is None
    write(ingested, 3, fixed_names=False)
    assert traces(ingested) == 0
    assert len(indexes(ingested)) == 6
    write(ingested, 4)
    assert traces(ingested) == 0


def test_removal_leaves_nothing_of_it(client: GraphClient) -> None:
    def left() -> list[dict[str, Any]]:
        return ask(client, "SHOW INDEXES YIELD name RETURN name ORDER BY name")

    ingest(client, tiny.tables())
    write(client, 1)
    remove(client, "tiny", lambda: None)
    before = left()
    ingest(client, tiny.tables())
    write(client, 1, fixed_names=True)
    # A modality that the source has no longer: its index is ours still.
    change(client, "MATCH (d:Dataset) SET d.fixedNames = d.fixedNames + 'Place'")
    change(client, "CREATE VECTOR INDEX place_embedding FOR (p:Place) ON (p.embedding)")
    remove(client, "tiny", lambda: None)
    assert left() == before
    assert num_nodes(client) == 0


THEIRS = [
    (
        "MATCH (m:Maker {id: 'm3'}) SET m.embedding = [1.0]",
        "MATCH (m:Maker {id: 'm3'}) REMOVE m.embedding",
        "1 Maker nodes have a property embedding that hyperlearn did not write",
    ),
    (
        "CREATE VECTOR INDEX film_embedding FOR (f:Film) ON (f.plot)",
        "DROP INDEX film_embedding",
        r"the vector index film_embedding on Film\(plot\), which hyperlearn did not make",
    ),
    (
        "CREATE INDEX maker_embedding FOR (m:Maker) ON (m.name, m.id)",
        "DROP INDEX maker_embedding",
        r"the range index maker_embedding on Maker\(name, id\)",
    ),
    (
        "CREATE VECTOR INDEX plots FOR (f:Film) ON (f.embedding)",
        "DROP INDEX plots",
        r"the vector index plots on Film\(embedding\), which hyperlearn did not make: film_embedding on",
    ),
    (
        "CREATE VECTOR INDEX film_embedding FOR (f:Film) ON (f.embedding)",
        "",
        r"the vector index film_embedding on Film\(embedding\), which hyperlearn did not make",
    ),
]
"""What somebody may have made, how it goes again, and what is said of it."""


def test_what_is_somebody_elses_is_refused_before_anything_is_written(ingested: GraphClient) -> None:
    def all_there() -> list[list[dict[str, Any]]]:
        nodes = "MATCH (n) WHERE NOT n:WriteLease RETURN labels(n) AS labels, properties(n) AS properties ORDER BY elementId(n)"
        return [ask(ingested, nodes), ask(ingested, "SHOW INDEXES YIELD name RETURN name")]

    write(ingested, 1)
    for made, undone, message in THEIRS:
        change(ingested, made)
        before = all_there()
        with pytest.raises(GraphSchemaError, match=message) as refused:
            write(ingested, 2, fixed_names=True)
        assert "--fixed-names" in refused.value.hint
        assert all_there() == before
        if undone:
            change(ingested, undone)
    # Who does not ask for the copy is not concerned, nor is who says that there shall be none.
    write(ingested, 2)
    write(ingested, 3, fixed_names=False)
    remove(ingested, "tiny", lambda: None)
    assert "film_embedding" in indexes(ingested)


def test_an_index_of_somebody_elses_in_the_place_of_ours_is_refused(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1, fixed_names=True)
    write(ingested, 2)
    change(ingested, "DROP INDEX film_embedding")
    change(ingested, "CREATE INDEX film_embedding FOR (f:Film) ON (f.year)")
    for work in (lambda: write(ingested, 3), lambda: rollback(ingested, "tiny", tmp_path)):
        with pytest.raises(GraphSchemaError, match=r"the range index film_embedding on Film\(year\)"):
            work()
    assert len(ask(ingested, "MATCH (r:EmbeddingRun) RETURN r.id AS id")) == 2
    write(ingested, 3, fixed_names=False)
    assert traces(ingested) == 0
    assert ask(ingested, "SHOW INDEXES YIELD name, type WHERE name = 'film_embedding' RETURN type") == [{"type": "RANGE"}]


def with_vectors_of_its_own() -> tiny.Tables:
    modalities = (Modality("Thing", {"embedding": "floats"}), Modality("Place"))
    dataset = Dataset("tiny", modalities, (HyperedgeType("Being", ("Thing", "Place")),))
    being = pd.DataFrame({"member0": ["t0", "t1"], "member1": ["p0", "p1"], "value": 1.0})
    things = tiny.entities("Thing", 2).assign(embedding=[[1.0], [2.0]])
    return tiny.Tables(dataset, {"Thing": things, "Place": tiny.entities("Place", 2)}, {}, {"Being": being})


def test_a_source_that_has_such_a_property_keeps_it(ingested: GraphClient) -> None:
    write(ingested, 1, fixed_names=True)
    with pytest.raises(GraphSchemaError, match=r"Thing\.embedding holds the copy of the served vectors"):
        ingest(ingested, with_vectors_of_its_own(), IngestOptions(allow_removal=True))
    remove(ingested, "tiny", lambda: None)
    ingest(ingested, with_vectors_of_its_own())
    with (
        one_writer(ingested, "tiny", "test") as writer,
        pytest.raises(GraphSchemaError, match=r"Thing\.embedding: the data set has a property of that name"),
    ):
        switch_fixed_names(writer, "tiny", True)
    assert copies(ingested, "Thing") == {"t0": [1.0], "t1": [2.0]}


def test_a_reader_gets_k_answers_throughout_a_second_write_back(ingested: GraphClient, connection: Connection) -> None:
    write(ingested, 1, fixed_names=True)
    with reader(connection, lambda client: ask(client, NEAREST)[0]["k"]) as seen:
        for number in range(2, 4):
            last = write(ingested, number)
    assert set(seen) == {10}
    assert holds(ingested, last)


def test_the_commands_switch_it_and_tell_of_it(ingested: GraphClient, tmp_path: Path) -> None:
    environment = variables(ingested.connection, tmp_path)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), env=environment, catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    assert "tiny: no vectors yet; `hyperlearn refresh` with its file makes them" in run("status")
    for number, flag in ((1, "--fixed-names"), (2, "--no-fixed-names")):
        embeddings(f"run-{number}", seed=number).write(tmp_path / str(number))
        run("write-back", str(tmp_path / str(number)), flag)
        told = json.loads(run("status", "--json"))["fixedNames"]
        if number == 1:
            names = {label: f"{label.lower()}_embedding" for label in ("Film", "Maker", "Style")}
            assert told == {"tiny": {"run": "run-1", "property": "embedding", "indexes": names}}
            assert "copied to embedding, indexes film_embedding, maker_embedding, style_embedding" in " ".join(
                run("status").split()
            )
        else:
            assert told == {}
