import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.records import Records
from pipeline.errors import GraphSchemaError
from pipeline.graph.client import GraphClient
from pipeline.ingest import batches
from pipeline.ingest.ingest import ingest
from tests import tiny
from tests.database import ask, change, content, num_nodes, wipe


def wanted(records: Records) -> dict[str, Any]:
    """What the database should hold, straight from the tables."""
    films = records.entities["Film"]
    entities = {
        (("Entity", "Film"), f.id, f.name, None if f.year is films["year"].dtype.na_value else int(f.year), tuple(f.tags))
        for f in films.itertuples()
    }
    for label in ("Maker", "Style"):
        entities |= {(("Entity", label), e.id, e.name, None, ()) for e in records.entities[label].itertuples()}
    return {
        "entities": entities,
        "relations": {
            (kind, frozenset((row.source, row.target)), row.weight)
            for (_, kind), table in records.relations.items()
            for row in table.itertuples()
        },
        "hyperedges": {
            (kind, tuple(row[1:-1]), row[-1]) for kind, table in records.hyperedges.items() for row in table.itertuples()
        },
    }


def test_what_goes_in_is_there(client: GraphClient) -> None:
    records = tiny.records()
    report = ingest(client, records)
    assert content(client) == wanted(records)
    assert {c.table: (c.created, c.changed, c.removed, c.unchanged) for c in report} == {
        "Film": (24, 0, 0, 0),
        "Maker": (8, 0, 0, 0),
        "Style": (2, 0, 0, 0),
        "Film-LIKE": (40, 0, 0, 0),
        "Making": (46, 0, 0, 0),
        "Remake": (7, 0, 0, 0),
    }


def test_a_second_run_changes_nothing(client: GraphClient) -> None:
    ingest(client, tiny.records())
    before = content(client)
    report = ingest(client, tiny.records())
    assert content(client) == before
    assert [(c.created, c.changed, c.removed) for c in report] == [(0, 0, 0)] * 6


def test_a_changed_source_changes_the_graph_and_nothing_stale_stays(client: GraphClient) -> None:
    ingest(client, tiny.records(num_films=24))
    smaller = tiny.records(num_films=15, num_makers=6)
    smaller.entities["Film"].loc[2, "name"] = "Renamed"
    smaller.entities["Film"].loc[4, "year"] = None
    smaller.hyperedges["Remake"].loc[0, "value"] = 9.0
    smaller.relations["Film", "LIKE"].loc[0, "weight"] = 0.125
    report = {c.table: c for c in ingest(client, smaller)}
    assert content(client) == wanted(smaller)
    assert report["Film"].removed == 9
    assert report["Maker"].removed == 2
    assert report["Remake"].changed == 1
    assert report["Film-LIKE"].changed == 1


def test_a_property_that_others_set_is_left_alone(client: GraphClient) -> None:
    ingest(client, tiny.records())
    change(client, "MATCH (f:Film {id: 'f2'}) SET f.community = 7")
    renamed = tiny.records()
    renamed.entities["Film"].loc[2, "name"] = "Renamed"
    ingest(client, renamed)
    assert ask(client, "MATCH (f:Film {id: 'f2'}) RETURN f.name AS name, f.community AS c") == [{"name": "Renamed", "c": 7}]


class Killed(BaseException):
    """Stands for the end of the process."""


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kill_after=st.integers(1, 40), batch_size=st.integers(3, 12))
def test_a_run_that_is_killed_is_mended_by_the_next(
    client: GraphClient, monkeypatch: pytest.MonkeyPatch, kill_after: int, batch_size: int
) -> None:
    wipe(client)
    monkeypatch.setattr(batches, "BATCH_SIZE", batch_size)
    write = GraphClient.write
    writes = 0

    def write_until_killed(self: GraphClient, *args: Any, **parameters: Any) -> Any:
        nonlocal writes
        writes += 1
        if writes > kill_after:
            raise Killed
        return write(self, *args, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(GraphClient, "write", write_until_killed)
        with contextlib.suppress(Killed):
            ingest(client, tiny.records())
    ingest(client, tiny.records())
    assert content(client) == wanted(tiny.records())


def test_labels_of_nodes_that_are_not_ours_are_refused(client: GraphClient) -> None:
    change(client, "CREATE (:Maker {id: 'm0', name: 'Somebody else'})")
    with pytest.raises(GraphSchemaError, match="1 Maker nodes that hyperlearn did not write"):
        ingest(client, tiny.records())
    assert num_nodes(client) == 1


def test_labels_of_another_data_set_are_refused(client: GraphClient) -> None:
    ingest(client, tiny.records())
    before = content(client)
    other = Dataset("other", (Modality("Film"), Modality("Place")), (HyperedgeType("Shooting", ("Film", "Place")),))
    good = tiny.records()
    records = Records(
        other,
        {"Film": good.entities["Film"], "Place": tiny.entities("Place", 1)},
        {},
        {"Shooting": good.hyperedges["Remake"].iloc[:0]},
    )
    with pytest.raises(GraphSchemaError, match="label Film of data set other belongs to data set tiny"):
        ingest(client, records)
    assert content(client) == before


def test_what_the_description_no_longer_has_goes(client: GraphClient) -> None:
    ingest(client, tiny.records())
    good = tiny.records()
    leaner = Dataset("tiny", good.dataset.modalities[:2], good.dataset.hyperedge_types[1:])
    entities = {label: good.entities[label] for label in ("Film", "Maker")}
    records = Records(leaner, entities, {}, {"Remake": good.hyperedges["Remake"]})
    ingest(client, records)
    found = content(client)
    assert {labels for labels, *_ in found["entities"]} == {("Entity", "Film"), ("Entity", "Maker")}
    assert found["relations"] == set()
    assert {kind for kind, *_ in found["hyperedges"]} == {"Remake"}


def test_ids_are_unique_by_constraint(client: GraphClient) -> None:
    ingest(client, tiny.records())
    with pytest.raises(GraphSchemaError, match="already exists"):
        change(client, "CREATE (:Film:Entity {id: 'f0'})")
