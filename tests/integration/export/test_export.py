from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.progress import no_progress
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import DatasetChangedError, ExportError
from pipeline.evaluate.hypergraph import hypergraph_of
from pipeline.export import reading
from pipeline.export.export import export, read_snapshot
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import IngestOptions, ingest
from tests import tiny
from tests.database import change


def test_what_was_ingested_comes_out_in_rows(client: GraphClient, tmp_path: Path) -> None:
    records = tiny.tables()
    ingest(client, records)
    export(client, "tiny", tmp_path / "snapshot")
    snapshot = Snapshot.read(tmp_path / "snapshot")
    ids = {label: table["id"].tolist() for label, table in snapshot.entities.items()}
    assert ids == {label: sorted(table["id"]) for label, table in records.entities.items()}
    for kind in records.dataset.hyperedge_types:
        edges = snapshot.hypergraph.hyperedges[kind.label]
        found = {
            (*(ids[label][row] for label, row in zip(kind.members, members, strict=True)), value)
            for members, value in zip(edges.members_EK.tolist(), edges.values_E.tolist(), strict=True)
        }
        assert found == set(records.hyperedges[kind.label].itertuples(index=False, name=None))
    weights = snapshot.hypergraph.graphs["Film", "LIKE"].toarray()
    expected = np.zeros_like(weights)
    for source, target, weight in records.relations["Film", "LIKE"].itertuples(index=False):
        i, j = ids["Film"].index(source), ids["Film"].index(target)
        expected[i, j] = expected[j, i] = weight
    np.testing.assert_array_equal(weights, expected)


def test_it_is_what_the_records_are_without_a_database(client: GraphClient, tmp_path: Path) -> None:
    tables = tiny.tables(dataset=replace(tiny.DATASET, training={"rounds": 3, "absent_popularity": None}))
    ingest(client, tables)
    found = export(client, "tiny", tmp_path / "snapshot").hypergraph
    with tables.read(no_progress) as records:
        records.check()
        expected = hypergraph_of(records)
    assert found.dataset == expected.dataset
    assert found.digest == expected.digest


def test_the_same_graph_gives_the_same_content(client: GraphClient, tmp_path: Path) -> None:
    """DGL's files hold bytes that nobody set: what is in them is compared, and its digest."""
    ingest(client, tiny.tables())
    one, two = (export(client, "tiny", tmp_path / name) for name in ("one", "two"))
    file = "entities/Film.parquet"
    assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    for label, edges in one.hypergraph.hyperedges.items():
        np.testing.assert_array_equal(edges.members_EK, two.hypergraph.hyperedges[label].members_EK)
        np.testing.assert_array_equal(edges.values_E, two.hypergraph.hyperedges[label].values_E)
    assert one.hypergraph.digest == two.hypergraph.digest


def test_a_data_set_that_is_not_there_is_named(client: GraphClient, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds no data set tiny"):
        export(client, "tiny", tmp_path / "snapshot")


@pytest.mark.parametrize("lost", ["MATCH (h:Making) WITH h LIMIT 1 DETACH DELETE h", "MATCH (f:Film {id: 'f23'}) DETACH DELETE f"])
def test_a_graph_that_lost_something_is_not_exported(client: GraphClient, tmp_path: Path, lost: str) -> None:
    ingest(client, tiny.tables())
    change(client, lost)
    with pytest.raises(ExportError, match="the database holds"):
        export(client, "tiny", tmp_path / "snapshot")
    assert not (tmp_path / "snapshot").exists()


def test_a_member_that_is_no_entity_is_named(client: GraphClient, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (m:Maker {id: 'm3'}) REMOVE m:Maker")
    with pytest.raises(ExportError, match="the Maker 'm3' came up in a relation, but not among the entities"):
        export(client, "tiny", tmp_path / "snapshot")


def test_an_ingest_that_did_not_end_is_not_exported(client: GraphClient, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (d:Dataset) REMOVE d.counts")
    with pytest.raises(ExportError, match="did not end"):
        export(client, "tiny", tmp_path / "snapshot")


class WriterBetween:
    """A progress that has somebody ingest other tables just before a table is read, as often as there are some."""

    def __init__(self, client: GraphClient, table: str, *others: tiny.Tables) -> None:
        self.client, self.table, self.others = client, table, list(others)

    @contextmanager
    def __call__(self, description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        if description == f"Reading {self.table}" and self.others:
            ingest(self.client, self.others.pop(0), IngestOptions(allow_removal=True))
        yield lambda steps: None


def renamed(number: int) -> tiny.Tables:
    """The tiny tables with one film more, and other members and names."""
    tables = tiny.tables(num_films=25 + number)
    tables.entities["Film"]["name"] += f" {number}"
    return tables


def state_of(tables: tiny.Tables) -> str:
    with tables.read(no_progress) as records:
        records.check()
        return hypergraph_of(records).digest


@pytest.mark.parametrize("table", ["Maker", "Making", "Film-LIKE"])
def test_an_ingest_that_comes_between_is_read_as_a_whole(client: GraphClient, table: str) -> None:
    ingest(client, tiny.tables())
    last = renamed(2)
    snapshot = read_snapshot(client, "tiny", WriterBetween(client, table, renamed(1), last))
    assert snapshot.hypergraph.digest == state_of(last)
    assert snapshot.entities["Film"]["name"].str.endswith(" 2").all()


def test_a_change_of_names_alone_is_read_as_a_whole(client: GraphClient) -> None:
    """No count and no member tells of it."""
    ingest(client, tiny.tables())
    tables = tiny.tables()
    for table in tables.entities.values():
        table["name"] += " anew"
    snapshot = read_snapshot(client, "tiny", WriterBetween(client, "Maker", tables))
    assert all(table["name"].str.endswith(" anew").all() for table in snapshot.entities.values())


def test_what_goes_on_changing_is_an_error_worth_another_try(client: GraphClient, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    writer = WriterBetween(client, "Maker", *map(renamed, range(5)))
    with pytest.raises(DatasetChangedError, match="changed by an ingest each time it was read") as caught:
        export(client, "tiny", tmp_path / "snapshot", writer)
    assert caught.value.retryable
    assert len(writer.others) == 2
    assert not (tmp_path / "snapshot").exists()


def test_an_ingest_that_goes_on_after_the_reading_is_noticed(client: GraphClient) -> None:
    ingest(client, tiny.tables())

    @contextmanager
    def begins(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        if description == "Reading Film-LIKE":
            change(client, "MATCH (d:Dataset) SET d.counts = null, d.fingerprint = null")
        yield lambda steps: None

    with pytest.raises(DatasetChangedError):
        read_snapshot(client, "tiny", begins)


def test_pages_give_what_one_page_gives(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(client, tiny.tables())
    whole = read_snapshot(client, "tiny")
    monkeypatch.setattr(reading, "_PAGE", 4)
    paged = read_snapshot(client, "tiny")
    assert paged.hypergraph.digest == whole.hypergraph.digest
    for label, table in whole.entities.items():
        assert paged.entities[label].equals(table)


def test_a_hyperedge_without_its_value_is_not_exported(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (h:Making) WITH h LIMIT 1 REMOVE h.value")
    with pytest.raises(ExportError, match="Making: not every row has all its values: 45 of value, 46 of content"):
        read_snapshot(client, "tiny")
