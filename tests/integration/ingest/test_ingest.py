import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.errors import GraphSchemaError, IngestRefusedError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.ingest import batches, hyperedges, present
from pipeline.ingest import ingest as ingest_module
from pipeline.ingest.batches import send
from pipeline.ingest.ingest import IngestOptions, IngestReport, ingest
from pipeline.ingest.ownership import claim
from pipeline.records.problems import SourceProblems
from pipeline.removal.removal import remove
from pipeline.source.described.frames import source
from tests import tiny
from tests.database import ask, change, content, expire, num_nodes, wipe


def wanted(tables: tiny.Tables) -> dict[str, Any]:
    """What the database should hold, straight from the tables."""
    films = tables.entities["Film"]
    entities = {
        (("Entity", "Film"), f.id, f.name, None if f.year is films["year"].dtype.na_value else int(f.year), tuple(f.tags))
        for f in films.itertuples()
    }
    for label in ("Maker", "Style"):
        entities |= {(("Entity", label), e.id, e.name, None, ()) for e in tables.entities[label].itertuples()}
    return {
        "entities": entities,
        "relations": {
            (kind, frozenset((row.source, row.target)), row.weight)
            for (_, kind), table in tables.relations.items()
            for row in table.itertuples()
        },
        "hyperedges": {
            (kind, tuple(row[1:-1]), row[-1]) for kind, table in tables.hyperedges.items() for row in table.itertuples()
        },
    }


def counted(report: IngestReport) -> dict[str, tuple[int, int, int, int]]:
    return {c.table: (c.created, c.changed, c.removed, c.unchanged) for c in report.tables}


def stamps(client: GraphClient) -> dict[str, int]:
    """How many entities and hyperedges each ingest wrote last."""
    rows = ask(client, "MATCH (n:Entity|Hyperedge) RETURN n.ingest AS ingest, count(*) AS n")
    rows += ask(client, "MATCH (:Entity)-[r:LIKE]->(:Entity) RETURN r.ingest AS ingest, count(*) AS n")
    return {number: sum(row["n"] for row in rows if row["ingest"] == number) for number in {row["ingest"] for row in rows}}


def test_what_goes_in_is_there(client: GraphClient) -> None:
    tables = tiny.tables()
    report = ingest(client, tables)
    assert content(client) == wanted(tables)
    assert counted(report) == {
        "Film": (24, 0, 0, 0),
        "Maker": (8, 0, 0, 0),
        "Style": (2, 0, 0, 0),
        "Film-LIKE": (40, 0, 0, 0),
        "Making": (46, 0, 0, 0),
        "Remake": (7, 0, 0, 0),
    }
    assert stamps(client) == {1: 127}


def test_the_order_of_rows_and_columns_does_not_matter(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    shuffled = tiny.tables()
    for tables in (shuffled.entities, shuffled.relations, shuffled.hyperedges):
        for key, frame in tables.items():
            tables[key] = frame.sample(frac=1, random_state=3)[frame.columns[::-1]]
    likes = shuffled.relations["Film", "LIKE"]
    shuffled.relations["Film", "LIKE"] = likes.rename(columns={"source": "target", "target": "source"})
    report = ingest(client, shuffled)
    assert shuffled.num_reads == 1
    assert {c.written for c in report.tables} == {0}
    assert content(client) == wanted(tiny.tables())


def test_a_source_that_has_not_changed_is_not_read_again(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    before = content(client)
    again = tiny.tables()
    report = ingest(client, again)
    assert content(client) == before
    assert (again.num_reads, report.recognised) == (0, True)
    assert [(c.created, c.changed, c.removed) for c in report.tables] == [(0, 0, 0)] * 6
    assert sum(c.unchanged for c in report.tables) == 127


def test_a_source_that_has_not_changed_is_read_where_the_database_lost_rows(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (h:Remake) WITH h LIMIT 3 DETACH DELETE h")
    report = ingest(client, tiny.tables())
    assert counted(report)["Remake"] == (3, 0, 0, 4)
    assert content(client) == wanted(tiny.tables())


def test_what_hung_on_an_entity_that_somebody_removed_comes_back(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (f:Film {id: 'f2'}) DETACH DELETE f")
    assert content(client) != wanted(tiny.tables())
    ingest(client, tiny.tables())
    assert content(client) == wanted(tiny.tables())


def test_only_what_changed_is_written(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    renamed = tiny.tables()
    renamed.entities["Film"].loc[2, "name"] = "Renamed"
    renamed.hyperedges["Making"] = renamed.hyperedges["Making"].iloc[1:]
    report = ingest(client, renamed)
    assert {table: counts for table, counts in counted(report).items() if sum(counts[:3])} == {
        "Film": (0, 1, 0, 23),
        "Making": (0, 0, 1, 45),
    }
    assert stamps(client) == {1: 125, 2: 1}
    assert content(client) == wanted(renamed)


def test_a_changed_source_changes_the_graph_and_nothing_stale_stays(client: GraphClient) -> None:
    ingest(client, tiny.tables(num_films=24))
    smaller = tiny.tables(num_films=23)
    smaller.entities["Film"].loc[2, "name"] = "Renamed"
    smaller.entities["Film"].loc[4, "year"] = None
    smaller.hyperedges["Remake"].loc[0, "value"] = 9.0
    smaller.relations["Film", "LIKE"].loc[0, "weight"] = 0.125
    report = {c.table: c for c in ingest(client, smaller).tables}
    assert content(client) == wanted(smaller)
    assert report["Film"].removed == 1
    assert report["Remake"].changed == 1
    assert report["Film-LIKE"].changed == 1


def test_more_than_a_tenth_goes_only_when_told_to(client: GraphClient) -> None:
    ingest(client, tiny.tables(num_films=24))
    before = content(client)
    smaller = tiny.tables(num_films=15, num_makers=6)
    with pytest.raises(IngestRefusedError, match=r"9 of 24 Film, 2 of 8 Maker, .* would be removed, which is more than a tenth"):
        ingest(client, smaller)
    assert content(client) == before
    assert stored_datasets(client)["tiny"].counts is not None
    ingest(client, smaller, IngestOptions(allow_removal=True))
    assert content(client) == wanted(smaller)


def test_stale_rows_stay_when_told_to_and_go_when_not(client: GraphClient) -> None:
    ingest(client, tiny.tables(num_films=24))
    before = content(client)
    smaller = tiny.tables(num_films=23)
    report = {c.table: c for c in ingest(client, smaller, IngestOptions(keep_stale=True)).tables}
    assert (report["Film"].stale, report["Film"].removed, report["Film"].total) == (1, 0, 24)
    assert content(client)["entities"] == before["entities"]
    assert content(client)["hyperedges"] >= wanted(smaller)["hyperedges"]
    assert smaller.num_reads == 1
    ingest(client, smaller)
    assert smaller.num_reads == 2
    assert content(client) == wanted(smaller)


def parts_of(client: GraphClient, key: str) -> list[int | None]:
    """How many rows each part of a table's digests says have changed; None for a part of all rows."""
    text = "MATCH (:IngestedTable {key: $key})-[:HAS_PART]->(p) RETURN p.number AS number, p.changed AS changed ORDER BY number"
    rows = ask(client, text, key=key)
    assert [row["number"] for row in rows] == list(range(len(rows)))
    return [row["changed"] for row in rows]


def test_digests_of_what_changed_are_added_until_they_are_too_many(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    @contextlib.contextmanager
    def progress(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        lines.append(description)
        yield lambda steps: None

    def stars(*values: float) -> tiny.Tables:
        tables = tiny.tables()
        tables.hyperedges["Making"].loc[: len(values) - 1, "value"] = values
        return tables

    ingest(client, tiny.tables())
    # As the former version left them: no part tells of changes.
    (part,) = ask(client, "MATCH (:IngestedTable {key: 'Making'})-[:HAS_PART]->(p) RETURN keys(p) AS keys")
    assert sorted(part["keys"]) == ["digests", "number"]
    for values, expected in (((7.0, 8.0), [None, 2]), ((7.0, 9.0), [None, 2, 1]), ((1.0, 2.0, 3.0), [None])):
        ingest(client, stars(*values), progress=progress)
        assert parts_of(client, "Making") == expected
        assert content(client) == wanted(stars(*values))
    # What goes is a change as well, and what stays though it should go is none.
    fewer = stars(1.0, 2.0, 3.0)
    fewer.hyperedges["Making"] = fewer.hyperedges["Making"].iloc[2:]
    ingest(client, fewer, IngestOptions(keep_stale=True), progress=progress)
    assert parts_of(client, "Making") == [None]
    ingest(client, fewer, progress=progress)
    assert parts_of(client, "Making") == [None, 2]
    ingest(client, stars(1.0, 5.0, 3.0), progress=progress)
    assert parts_of(client, "Making") == [None, 2, 2]
    assert content(client) == wanted(stars(1.0, 5.0, 3.0))
    monkeypatch.setattr(present, "MOST_CHANGES", 2)
    ingest(client, stars(1.0, 5.0, 4.0), progress=progress)
    assert parts_of(client, "Making") == [None]
    assert not [line for line in lines if line.startswith("Reading back")]
    verified = ingest(client, stars(1.0, 5.0, 4.0), IngestOptions(verify=True), progress)
    assert not any(table.written for table in verified.tables)
    assert [line for line in lines if line.startswith("Reading back")]


def test_a_dry_run_tells_and_writes_nothing(client: GraphClient) -> None:
    dry = ingest(client, tiny.tables(), IngestOptions(dry_run=True))
    assert num_nodes(client) == 0
    assert counted(dry) == counted(ingest(client, tiny.tables()))
    before = content(client)
    smaller = tiny.tables(num_films=23)
    dry = ingest(client, smaller, IngestOptions(dry_run=True))
    assert content(client) == before
    assert counted(dry) == counted(ingest(client, smaller))


def test_what_others_changed_is_found_when_asked_to_verify(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (f:Film {id: 'f2'}) SET f.year = 'not a year', f.name = 'Somebody was here'")
    change(client, "MATCH (:Making {id: $id})-[m:MEMBER {position: 1}]->() DELETE m", id=some_making(client))
    assert ingest(client, tiny.tables()).recognised
    assert content(client) != wanted(tiny.tables())
    report = ingest(client, tiny.tables(), IngestOptions(verify=True))
    assert {table: counts for table, counts in counted(report).items() if sum(counts[:3])} == {
        "Film": (0, 1, 0, 23),
        "Making": (0, 1, 0, 45),
    }
    assert content(client) == wanted(tiny.tables())


def test_members_are_looked_at_only_where_hyperedges_were_read_back(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def listen(*args: Any, **parameters: Any) -> None:
        if parameters["total"]:
            sent.append(args[3].name)
        send(*args, **parameters)

    monkeypatch.setattr(hyperedges, "send", listen)
    ingest(client, tiny.tables())
    changed = tiny.tables()
    changed.hyperedges["Making"]["value"] = 0.5
    ingest(client, changed)
    assert sent[-1] == "ingest/change_hyperedges"
    change(client, "MATCH (:Making {id: $id})-[m:MEMBER {position: 1}]->() DELETE m", id=some_making(client))
    ingest(client, changed, IngestOptions(verify=True))
    assert sent[-1] == "ingest/restore_hyperedges"
    assert content(client) == wanted(changed)


def test_a_schema_that_is_there_is_not_created_again(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(client, tiny.tables())
    with monkeypatch.context() as patch:
        patch.setattr(GraphClient, "change_schema", None)
        ingest(client, tiny.tables(num_films=25))
    change(client, "DROP INDEX film_name")
    ingest(client, tiny.tables(num_films=26))
    assert "film_name" in {row["name"] for row in ask(client, "SHOW INDEXES")}


def some_making(client: GraphClient) -> str:
    return str(ask(client, "MATCH (h:Making) RETURN min(h.id) AS id")[0]["id"])


def test_a_property_that_others_set_is_left_alone(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (f:Film {id: 'f2'}) SET f.community = 7")
    renamed = tiny.tables()
    renamed.entities["Film"].loc[2, "name"] = "Renamed"
    ingest(client, renamed)
    assert ask(client, "MATCH (f:Film {id: 'f2'}) RETURN f.name AS name, f.community AS c") == [{"name": "Renamed", "c": 7}]


def test_a_property_that_the_description_no_longer_has_goes(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    good = tiny.tables()
    leaner = replace(
        good.dataset, modalities=(Modality("Film", {"tags": "strings", "stars": "integer"}), *good.dataset.modalities[1:])
    )
    films = good.entities["Film"].drop(columns="year").assign(stars=[*range(23), None])
    tables = replace(good, dataset=leaner, entities=good.entities | {"Film": films})
    report = ingest(client, tables)
    # A film that had no year and has no star is as it was.
    assert counted(report)["Film"] == (0, 24, 0, 0)
    assert ask(client, "MATCH (f:Film) RETURN count(f.year) AS years, count(f.stars) AS stars") == [{"years": 0, "stars": 23}]


def test_properties_of_every_type_and_times_come_back_as_they_were(client: GraphClient) -> None:
    dataset = Dataset(
        "typed",
        (
            Modality(
                "Thing",
                {"on": "date", "at": "datetime", "ok": "boolean", "share": "float", "sizes": "floats", "counts": "integers"},
            ),
            Modality("Owner"),
        ),
        (HyperedgeType("Sale", ("Thing", "Owner"), time="datetime"),),
    )
    things = pd.DataFrame(
        {
            "id": ["a", "b"],
            "name": ["A", None],
            "on": [date(2020, 2, 29), None],
            "at": pd.to_datetime(["2020-02-29T12:30:00.000001", None]),
            "ok": [True, None],
            "share": [0.1, None],
            "sizes": [[1.5, 2.0], None],
            "counts": [[1, 2], []],
        }
    )
    sales = pd.DataFrame({"member0": ["a"], "member1": ["o"], "value": [1.0], "time": pd.to_datetime(["2021-01-01T00:00:01"])})
    tables = tiny.Tables(dataset, {"Thing": things, "Owner": pd.DataFrame({"id": ["o"], "name": ["O"]})}, {}, {"Sale": sales})
    ingest(client, tables)
    (thing,) = ask(
        client, "MATCH (t:Thing {id: 'a'}) RETURN t.on AS on, t.at AS at, t.ok AS ok, t.share AS share, t.sizes AS sizes"
    )
    assert (thing["on"].iso_format(), thing["at"].iso_format()) == ("2020-02-29", "2020-02-29T12:30:00.000001000")
    assert (thing["ok"], thing["share"], thing["sizes"]) == (True, 0.1, [1.5, 2.0])
    assert ask(client, "MATCH (t:Thing {id: 'b'}) RETURN t.name AS name, t.on AS on") == [{"name": "b", "on": None}]
    assert str(ask(client, "MATCH (s:Sale) RETURN toString(s.time) AS time")[0]["time"]) == "2021-01-01T00:00:01"
    verified = ingest(client, tables, IngestOptions(verify=True))
    assert {c.written for c in verified.tables} == {0}
    later = replace(tables, hyperedges={"Sale": sales.assign(time=pd.to_datetime(["2022-01-01"]))})
    assert counted(ingest(client, later))["Sale"] == (0, 1, 0, 0)


class Killed(BaseException):
    """Stands for the end of the process."""


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kills=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    batch_size=st.integers(3, 12),
    first=st.sampled_from([None, 20, 24]),
    greatest_changes=st.sampled_from([0.0, 10.0]),
)
def test_runs_that_are_killed_end_as_if_they_had_not_been(
    client: GraphClient,
    monkeypatch: pytest.MonkeyPatch,
    kills: list[int],
    batch_size: int,
    first: int | None,
    greatest_changes: float,
) -> None:
    """Killed at any write, at a first load or at a change, once or several times."""
    wipe(client)
    monkeypatch.setattr(present, "GREATEST_CHANGES", greatest_changes)
    options = IngestOptions(allow_removal=True)
    if first is not None:
        ingest(client, tiny.tables(num_films=first), options)
    for module in ("entities", "relations", "hyperedges"):
        monkeypatch.setattr(f"pipeline.ingest.{module}.BATCH_SIZE", batch_size)
    write = GraphClient.write
    for kill_after in kills:
        writes = 0

        def write_until_killed(self: GraphClient, *args: Any, after: int = kill_after, **parameters: Any) -> Any:
            nonlocal writes
            writes += 1
            if writes > after:
                raise Killed
            return write(self, *args, **parameters)

        with monkeypatch.context() as patch:
            patch.setattr(GraphClient, "write", write_until_killed)
            with contextlib.suppress(Killed):
                ingest(client, tiny.tables(num_films=22), options)
        expire(client, "tiny")
    ingest(client, tiny.tables(num_films=22), options)
    assert content(client) == wanted(tiny.tables(num_films=22))
    assert set(stamps(client)) <= {1, 2}
    # The digests are true as well: reading everything back finds no difference.
    verified = ingest(client, tiny.tables(num_films=22), IngestOptions(verify=True))
    assert [c for c in verified.tables if c.written] == []
    assert stored_datasets(client)["tiny"].counts == {c.table: c.total for c in verified.tables}


def test_a_killed_ingest_is_not_taken_for_complete(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(client, tiny.tables())
    changed = tiny.tables()
    changed.hyperedges["Making"]["value"] = 2.0
    with monkeypatch.context() as patch:
        patch.setattr(GraphClient, "write_batches", lambda *args, **parameters: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            ingest(client, changed)
    assert stored_datasets(client)["tiny"].counts is None
    # Back to the former source: its fingerprint must not be recognised.
    report = ingest(client, tiny.tables())
    assert not report.recognised


def test_the_state_is_another_after_each_ingest_that_wrote_and_the_same_after_others(
    client: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(tables: tiny.Tables, **options: bool) -> str:
        ingest(client, tables, IngestOptions(**options))
        found = stored_datasets(client)["tiny"].state
        assert found is not None
        return found

    changed = tiny.tables()
    changed.hyperedges["Making"]["value"] = 2.0
    weighed = replace(tiny.tables(), dataset=replace(tiny.DATASET, graphs=(replace(tiny.DATASET.graphs[0], weight=0.5),)))
    first = state(tiny.tables())
    assert state(tiny.tables()) == state(tiny.tables(), verify=True) == state(weighed) == first
    second = state(changed)
    third = state(tiny.tables())
    change(client, "MATCH (f:Film {id: 'f3'}) SET f.name = 'of others'")
    mended = state(tiny.tables(), verify=True)
    assert len({first, second, third, mended}) == 4

    # What one that is killed after its last row has written, the next one finds there and does not write.
    write = ingest_module.write_digests

    def die(*args: Any, **parameters: Any) -> None:
        write(*args, **parameters)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ingest_module, "write_digests", die)
        with pytest.raises(Killed):
            ingest(client, changed)
    assert stored_datasets(client)["tiny"].state is None
    expire(client, "tiny")
    report = ingest(client, changed)
    assert not any(table.written for table in report.tables)
    assert stored_datasets(client)["tiny"].state not in {None, first, second, third, mended}


def test_a_database_that_names_no_state_gets_one(client: GraphClient) -> None:
    """It was written by a former version."""
    ingest(client, tiny.tables())
    change(client, "MATCH (dataset:Dataset) REMOVE dataset.state")
    report = ingest(client, tiny.tables())
    assert not report.recognised
    assert not any(table.written for table in report.tables)
    assert stored_datasets(client)["tiny"].state is not None
    assert ingest(client, tiny.tables()).recognised


def test_bad_rows_are_refused_before_anything_is_written(client: GraphClient) -> None:
    bad = tiny.tables()
    bad.hyperedges["Making"].loc[3, "member1"] = "nobody"
    with pytest.raises(SourceProblems, match="'nobody' in row 4"):
        ingest(client, bad)
    assert num_nodes(client) == 0


def test_quarantined_rows_stay_out_and_are_looked_at_again(client: GraphClient, tmp_path: Any) -> None:
    bad = tiny.tables()
    bad.hyperedges["Making"].loc[3, "member1"] = "nobody"
    report = ingest(client, bad, IngestOptions(quarantine=tmp_path / "bad.jsonl"))
    assert report.num_quarantined == 1
    assert (tmp_path / "bad.jsonl").read_text().count("\n") == 1
    assert counted(report)["Making"] == (45, 0, 0, 0)
    with pytest.raises(SourceProblems):
        ingest(client, bad)


def test_labels_of_nodes_that_are_not_ours_are_refused(client: GraphClient) -> None:
    change(client, "CREATE (:Maker {id: 'm0', name: 'Somebody else'})")
    with pytest.raises(GraphSchemaError, match="1 Maker nodes that hyperlearn did not write"):
        ingest(client, tiny.tables())
    change(client, "CREATE (:Entity {name: 'Theirs, of a label that ours have in common'})")
    with pytest.raises(GraphSchemaError, match="1 Maker nodes that hyperlearn did not write"):
        ingest(client, tiny.tables())
    assert num_nodes(client) == 2


def test_a_node_of_others_in_the_place_of_one_of_ours_is_refused(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    change(client, "MATCH (f:Film {id: 'f2'}) DETACH DELETE f CREATE (:Film {id: 'other', name: 'Somebody else'})")
    with pytest.raises(GraphSchemaError, match="1 Film nodes that hyperlearn did not write"):
        ingest(client, tiny.tables(), IngestOptions(verify=True))


def test_labels_of_another_data_set_are_refused(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    before = content(client)
    other = Dataset("other", (Modality("Film"), Modality("Place")), (HyperedgeType("Shooting", ("Film", "Place")),))
    good = tiny.tables()
    tables = tiny.Tables(
        other,
        {"Film": good.entities["Film"], "Place": tiny.entities("Place", 1)},
        {},
        {"Shooting": good.hyperedges["Remake"].iloc[:0]},
    )
    with pytest.raises(GraphSchemaError, match="label Film of data set other belongs to data set tiny") as refused:
        ingest(client, tables)
    for way_out in ('prefix = "Other" at the top of the data set file makes Film OtherFilm', "`hyperlearn remove tiny`"):
        assert way_out in refused.value.hint
    # Names of indexes tell no capitals apart.
    with pytest.raises(GraphSchemaError, match="labels MAKER, Style of data set other-2 belong to data set tiny"):
        claim(client, Dataset("other-2", (Modality("MAKER"), Modality("Style")), (HyperedgeType("Being", ("MAKER", "Style")),)))
    assert content(client) == before


def test_a_prefix_lets_data_sets_of_the_same_labels_live_side_by_side(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    before = content(client)
    frames = {"films.csv": pd.DataFrame({"film": ["f0", "f1"], "style": ["s0", "s1"]})}
    members = [{"modality": "Film", "column": "film"}, {"modality": "Style", "column": "style"}]
    described = {
        "name": "own-films",
        "modalities": {"Film": {}, "Style": {}},
        "hyperedges": {"Making": {"table": "films.csv", "members": members}},
    }
    with pytest.raises(
        GraphSchemaError, match="labels Film, Style, Making of data set own-films belong to data set tiny"
    ) as refused:
        ingest(client, source(described, frames))
    assert 'prefix = "OwnFilms"' in refused.value.hint
    report = ingest(client, source(described | {"prefix": "OwnFilms"}, frames))
    assert {table.table: table.created for table in report.tables} == {"OwnFilmsFilm": 2, "OwnFilmsStyle": 2, "OwnFilmsMaking": 2}
    assert ingest(client, source(described | {"prefix": "OwnFilms"}, frames)).recognised
    remove(client, "own-films", lambda: None)
    assert content(client) == before


def test_what_the_description_no_longer_has_goes_when_told_to(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    good = tiny.tables()
    leaner = Dataset("tiny", good.dataset.modalities[:2], good.dataset.hyperedge_types[1:])
    entities = {label: good.entities[label] for label in ("Film", "Maker")}
    tables = tiny.Tables(leaner, entities, {}, {"Remake": good.hyperedges["Remake"]})
    with pytest.raises(IngestRefusedError, match="2 of 2 Style, 40 of 40 Film-LIKE, 46 of 46 Making"):
        ingest(client, tables)
    ingest(client, tables, IngestOptions(allow_removal=True))
    found = content(client)
    assert {labels for labels, *_ in found["entities"]} == {("Entity", "Film"), ("Entity", "Maker")}
    assert found["relations"] == set()
    assert {kind for kind, *_ in found["hyperedges"]} == {"Remake"}
    assert ingest(client, tables).recognised


def test_ids_are_unique_by_constraint(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    with pytest.raises(GraphSchemaError, match="already exists"):
        change(client, "CREATE (:Film:Entity {id: 'f0'})")


def test_rows_that_are_long_go_in_smaller_batches(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = GraphClient.write

    def counting(self: GraphClient, statement: Statement, **parameters: Any) -> Any:
        if statement.name == "ingest/write_entities" and ":`Film`" in statement.text:
            sizes.append(len(parameters["batch"]["rows"]))
        return write(self, statement, **parameters)

    monkeypatch.setattr(GraphClient, "write", counting)
    monkeypatch.setattr(batches, "BATCH_BYTES", 10_000)
    long = tiny.tables()
    long.entities["Film"]["tags"] = [["x" * 9_000]] * 24
    ingest(client, long)
    assert content(client) == wanted(long)
    assert sizes == [2] * 12
