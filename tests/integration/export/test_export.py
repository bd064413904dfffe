from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.progress import no_progress
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import ExportError
from pipeline.evaluate.hypergraph import hypergraph_of
from pipeline.export.export import export
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
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
