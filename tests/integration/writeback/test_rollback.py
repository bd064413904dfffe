from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.run_folder import embeddings_folder
from pipeline.errors import ArtifactError, LeaseHeldError, QueryError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.one_writer import one_writer
from pipeline.graph.stored_runs import stored_runs
from pipeline.ingest.ingest import ingest
from pipeline.writeback.rollback import rollback
from pipeline.writeback.runs import kept_runs
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, change
from tests.integration.writeback.test_writeback import embeddings, served_vectors


@pytest.fixture
def ingested(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    return client


def write(client: GraphClient, *numbers: int, runs: Path | None = None) -> None:
    for number in numbers:
        wrote = embeddings(f"run-{number}", seed=number)
        if runs is not None:
            wrote.write(embeddings_folder(runs, "tiny", wrote.run))
        write_back(client, wrote)


def statuses(client: GraphClient) -> dict[str, str]:
    return {run.id: run.status for run in stored_runs(client, "tiny")}


def serves(client: GraphClient, number: int) -> bool:
    run, vectors = served_vectors(client, "Film")
    wrote = embeddings(f"run-{number}", seed=number)
    found = np.array([vectors[id_] for id_ in wrote.ids["Film"]], dtype=np.float32)
    # The query of the README: it takes from ServedVectors where the vectors are.
    rows = ask(
        client,
        "MATCH (film:Film {id: 'f4'}) MATCH (served:ServedVectors {label: 'Film'}) "
        "CALL db.index.vector.queryNodes(served.index, 100, film[served.property]) YIELD node "
        "RETURN DISTINCT served.run AS run, served.dimension AS dimension, count(node) AS n",
    )
    by_name = rows == [{"run": wrote.run, "dimension": 4, "n": 24}]
    return run == wrote.run and by_name and np.array_equal(found, wrote.factors["Film"])


def test_the_former_run_is_served_from_its_slot_and_the_later_one_again(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1, 2)
    done = rollback(ingested, "tiny", tmp_path)
    assert (done.run, done.former, done.written) == ("run-1", "run-2", False)
    assert done.counts == {"Film": 24, "Maker": 8, "Style": 2}
    assert serves(ingested, 1)
    assert statuses(ingested) == {"run-2": "superseded", "run-1": "published"}
    with pytest.raises(WriteBackError, match="tiny has no former run"):
        rollback(ingested, "tiny", tmp_path)
    assert not rollback(ingested, "tiny", tmp_path, to="run-2").written
    assert serves(ingested, 2)
    # The next one takes the slot that is not served.
    rollback(ingested, "tiny", tmp_path)
    write(ingested, 3)
    assert serves(ingested, 3)
    assert not rollback(ingested, "tiny", tmp_path, to="run-1").written


def test_one_whose_slot_is_taken_comes_from_its_folder(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1, runs=tmp_path)
    write(ingested, 2, 3)
    assert not rollback(ingested, "tiny", tmp_path).written  # run-2
    done = rollback(ingested, "tiny", tmp_path)
    assert (done.run, done.former, done.written) == ("run-1", "run-2", True)
    assert serves(ingested, 1)
    assert list(statuses(ingested)) == ["run-3", "run-2", "run-1"]  # by age, whatever was served since
    with pytest.raises(WriteBackError, match=r"run-3 are no longer in the database, and .*run-3/embeddings is not there"):
        rollback(ingested, "tiny", tmp_path, to="run-3")
    assert serves(ingested, 1)


def test_a_damaged_folder_and_an_unknown_run_change_nothing(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1, runs=tmp_path)
    write(ingested, 2, 3)
    (embeddings_folder(tmp_path, "tiny", "run-1") / "Film.npy").write_bytes(b"something")
    with pytest.raises(ArtifactError, match=r"Film\.npy is not what its manifest says"):
        rollback(ingested, "tiny", tmp_path, to="run-1")
    with pytest.raises(QueryError, match="tiny has no run run-9") as unknown:
        rollback(ingested, "tiny", tmp_path, to="run-9")
    assert unknown.value.hint == "there are run-3, run-2, run-1"
    with pytest.raises(QueryError, match="run-3 is being served already"):
        rollback(ingested, "tiny", tmp_path, to="run-3")
    with pytest.raises(QueryError, match="holds no data set other"):
        rollback(ingested, "other", tmp_path)
    with one_writer(ingested, "tiny", "hyperlearn refresh"), pytest.raises(LeaseHeldError):
        rollback(ingested, "tiny", tmp_path)
    assert serves(ingested, 3)


@pytest.mark.parametrize("written", [False, True])
def test_entities_that_came_or_went_since_do_not_hinder(ingested: GraphClient, tmp_path: Path, written: bool) -> None:
    write(ingested, 1, runs=tmp_path)
    write(ingested, *((2, 3) if written else (2,)))
    change(ingested, "MATCH (m:Maker {id: 'm0'}) DETACH DELETE m CREATE (:Entity:Maker {id: 'm8'}), (:Entity:Maker {id: 'm9'})")
    done = rollback(ingested, "tiny", tmp_path, to="run-1")
    assert (done.written, done.counts["Maker"], done.missing) == (written, 7, {"Film": 0, "Maker": 2, "Style": 0})
    assert serves(ingested, 1)


@pytest.mark.parametrize("written", [False, True])
def test_a_run_of_other_modalities_is_refused(ingested: GraphClient, tmp_path: Path, written: bool) -> None:
    write(ingested, 1, runs=tmp_path)
    write(ingested, *((2, 3) if written else (2,)))
    style = '{"label": "Style", "properties": {}, "distinguish_by": []}'
    text = "MATCH (d:Dataset {name: 'tiny'}) SET d.description = replace(d.description, $style, $more)"
    change(ingested, "CREATE (:Entity:Place {id: 'p'})")
    change(ingested, text, style=style, more=f"{style}, {style.replace('Style', 'Place')}")
    with pytest.raises(WriteBackError, match="run run-1 has no vectors of Place"):
        rollback(ingested, "tiny", tmp_path, to="run-1")
    assert statuses(ingested)["run-1"] == "superseded"
    assert ask(ingested, "SHOW VECTOR INDEXES YIELD name WHERE name STARTS WITH 'place' RETURN name") == []


def test_an_index_that_somebody_dropped_is_made_again(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1, 2)
    change(ingested, "DROP INDEX film_embedding_a")
    rollback(ingested, "tiny", tmp_path)
    assert serves(ingested, 1)


def test_runs_keep_their_order_where_the_clock_was_set_back(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, 1, 2, 3)
    day_ahead = "SET run.startedAt = run.startedAt + duration({days: 1}), run.publishedAt = run.publishedAt + duration({days: 1})"
    change(ingested, f"MATCH (run:EmbeddingRun) {day_ahead}")
    write(ingested, 4, 5)
    assert list(statuses(ingested)) == ["run-5", "run-4", "run-3", "run-2"]
    assert rollback(ingested, "tiny", tmp_path).run == "run-4"
    assert kept_runs(ingested, "tiny") == {"run-5", "run-4", "run-3"}
    served = sorted(stored_runs(ingested, "tiny"), key=lambda run: run.published_ms or 0)
    assert [run.id for run in served] == ["run-2", "run-3", "run-5", "run-4"]
    write(ingested, 6)
    assert list(statuses(ingested)) == ["run-6", "run-5", "run-4", "run-3"]
    assert serves(ingested, 6)


def test_when_a_run_begins_old_ones_go(ingested: GraphClient, tmp_path: Path) -> None:
    write(ingested, *range(1, 6))
    # The three served last, when the fifth began, and the fifth.
    assert list(statuses(ingested)) == ["run-5", "run-4", "run-3", "run-2"]
    bad = dict(embeddings("run-6").ids) | {"Film": ["f0"]}
    factors = dict(embeddings("run-6").factors) | {"Film": np.ones((1, 4), dtype=np.float32)}
    for number in (6, 7):
        with pytest.raises(WriteBackError, match="entities have none"):
            write_back(ingested, embeddings(f"run-{number}", ids=bad, factors=factors))
    # Of those that failed the newest stays, and being newer does not push out what can be gone back to.
    assert statuses(ingested) == {
        "run-7": "staging",
        "run-6": "abandoned",
        "run-5": "published",
        "run-4": "superseded",
        "run-3": "superseded",
    }
    assert kept_runs(ingested, "tiny") == {"run-7", "run-5", "run-4", "run-3"}
    assert serves(ingested, 5)
