"""A graph that is in Neo4j already: its nodes become entities where they are, and are afterwards as they were before."""

import json
from pathlib import Path

import pytest

from pipeline.domain.snapshot import Snapshot
from pipeline.errors import GraphSchemaError, IngestRefusedError
from pipeline.export.export import export
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import IngestOptions, IngestReport, ingest
from pipeline.query.explain import explain
from pipeline.query.find import find
from pipeline.query.served import published
from pipeline.query.similar import similar
from pipeline.records.problems import SourceProblems
from pipeline.removal.removal import remove
from pipeline.train.launch.launch import train
from pipeline.writeback.writeback import write_back
from tests.database import ask, change
from tests.integration.existing.library import DESCRIPTION, make, source, theirs, whole


@pytest.fixture
def library(client: GraphClient) -> GraphClient:
    make(client)
    return client


def counted(report: IngestReport) -> dict[str, tuple[int, int, int, int]]:
    return {t.table: (t.created, t.changed, t.removed, t.unchanged) for t in report.tables}


def refresh(client: GraphClient, folder: Path, name: str) -> None:
    ingest(client, source(client, folder))
    snapshot, embeddings = folder / f"{name}-snapshot", folder / f"{name}-embeddings"
    export(client, "library", snapshot)
    parameters = Snapshot.read_summary(snapshot).dataset.training_parameters({})
    write_back(client, train(snapshot, embeddings, parameters, workers=1, run=f"run-{name}"), fixed_names=True)


def nothing() -> None:
    pass


def test_nodes_get_vectors_where_they_are_and_keep_all_they_have(library: GraphClient, tmp_path: Path) -> None:
    before, their_before = whole(library), theirs(library)
    refresh(library, tmp_path, "1")
    assert theirs(library) == their_before
    modality, run = published(library, "LearnedBook")
    book = find(library, modality, "Book 3")
    assert book.properties == {"year": 1993}
    near = similar(library, run, modality, book.id, k=5)
    assert len(near) == 5
    (row,) = ask(library, "MATCH (b:Book {isbn: 'b3'}) RETURN size(b.embeddingA) AS size, labels(b) AS labels, b.id AS id")
    assert (row["size"], sorted(row["labels"]), row["id"]) == (8, ["Book", "Entity", "LearnedBook", "Product"], "b3")
    author, _ = published(library, "LearnedAuthor")
    why = explain(library, run, (book, find(library, author, "Author 3")))
    assert why.together == 1
    remove(library, "library", nothing)
    assert whole(library) == before


def test_a_graph_that_has_not_changed_is_recognised_and_a_change_is_seen(library: GraphClient, tmp_path: Path) -> None:
    first = ingest(library, source(library, tmp_path))
    assert counted(first) == {
        "LearnedBook": (40, 0, 0, 0),
        "LearnedAuthor": (8, 0, 0, 0),
        "LearnedGenre": (2, 0, 0, 0),
        "LearnedBook-LEARNED_SEQUEL": (12, 0, 0, 0),
        "LearnedWriting": (40, 0, 0, 0),
    }
    before = whole(library)
    again = ingest(library, source(library, tmp_path))
    assert (again.recognised, whole(library)) == (True, before)
    verified = ingest(library, source(library, tmp_path), IngestOptions(verify=True))
    assert {t.written for t in verified.tables} == {0}
    change(library, "MATCH (b:Book {isbn: 'b1'}) SET b.title = 'Another', b.year = 2000")
    change(
        library,
        "MATCH (a:Author {name: 'Author 1'}), (g:genre {code: 1}) "
        "CREATE (a)-[:WROTE]->(:Book {isbn: 'new', title: 'New', other: 1})-[:`HAS genre`]->(g)",
    )
    third = ingest(library, source(library, tmp_path))
    assert counted(third)["LearnedBook"] == (1, 1, 0, 39)
    assert counted(third)["LearnedWriting"] == (1, 0, 0, 40)
    (row,) = ask(library, "MATCH (b:Book {isbn: 'b1'}) RETURN b.name AS name, b.title AS title, b.year AS year")
    assert row == {"name": "Another", "title": "Another", "year": 2000}
    assert ingest(library, source(library, tmp_path)).recognised


def test_nodes_that_the_user_deletes_go_as_removed_rows_do(library: GraphClient, tmp_path: Path) -> None:
    ingest(library, source(library, tmp_path))
    change(library, "MATCH (b:Book) WHERE b.isbn IN ['b3', 'b4'] DETACH DELETE b")
    report = ingest(library, source(library, tmp_path))
    assert counted(report)["LearnedBook"] == (0, 0, 2, 38)
    assert counted(report)["LearnedWriting"] == (0, 0, 2, 38)
    assert ask(library, "MATCH (h:LearnedWriting) RETURN count(h) AS n")[0]["n"] == 38
    # A label that is taken away is no deletion, and leaves the node.
    change(library, "MATCH (b:Book {isbn: 'b5'}) REMOVE b:Book")
    ingest(library, source(library, tmp_path))
    (row,) = ask(library, "MATCH (p:Product {isbn: 'b5'}) RETURN labels(p) AS labels, keys(p) AS keys")
    assert row["labels"] == ["Product"]
    assert sorted(row["keys"]) == ["isbn", "odd name", "tags", "title", "year"]
    change(library, "MATCH (b:Book) WITH b LIMIT 10 DETACH DELETE b")
    before = whole(library)
    with pytest.raises(IngestRefusedError, match="10 of 37 LearnedBook, 10 of 37 LearnedWriting would be removed"):
        ingest(library, source(library, tmp_path))
    assert whole(library) == before
    kept = ingest(library, source(library, tmp_path), IngestOptions(keep_stale=True))
    assert counted(kept)["LearnedBook"] == (0, 0, 0, 27)
    ingest(library, source(library, tmp_path), IngestOptions(allow_removal=True))
    assert ingest(library, source(library, tmp_path)).recognised


def test_a_node_with_another_key_is_another_entity(library: GraphClient, tmp_path: Path) -> None:
    ingest(library, source(library, tmp_path))
    change(library, "MATCH (b:Book {isbn: 'b0'}) SET b.isbn = 'zero'")
    # Two that change places.
    change(library, "DROP CONSTRAINT isbn")
    swap = "MATCH (a:Book {isbn: 'b6'}), (b:Book {isbn: 'b7'}) SET a.isbn = 'b7', b.isbn = 'b6'"
    change(library, swap)
    ingest(library, source(library, tmp_path))
    (row,) = ask(
        library,
        "MATCH (h:LearnedWriting)-[:MEMBER {position: 0}]->(b), (h)-[:MEMBER {position: 1}]->(a) "
        "RETURN sum(CASE WHEN (b)<-[:WROTE]-(a) AND b.id = b.isbn THEN 1 ELSE 0 END) AS right, count(h) AS all",
    )
    assert row == {"right": 40, "all": 40}
    assert ingest(library, source(library, tmp_path)).recognised
    change(library, "MATCH (b:Book) SET b.isbn = 'x' + b.isbn")
    with pytest.raises(IngestRefusedError, match="40 of 40 LearnedBook nodes have another isbn"):
        ingest(library, source(library, tmp_path))


def problems(client: GraphClient, folder: Path, description: str = DESCRIPTION) -> str:
    with pytest.raises(SourceProblems) as raised:
        ingest(client, source(client, folder, description))
    return str(raised.value)


def test_what_keeps_nodes_from_being_adopted_is_told_at_once(library: GraphClient, tmp_path: Path) -> None:
    change(library, "DROP CONSTRAINT isbn")
    change(
        library,
        "MATCH (b:Book) WITH b, toInteger(substring(b.isbn, 1)) AS n "
        "SET b.isbn = CASE n WHEN 1 THEN 'b0' WHEN 2 THEN null WHEN 3 THEN ' b3 ' ELSE b.isbn END, "
        "b.year = CASE n WHEN 4 THEN 'long ago' ELSE b.year END, b.id = CASE n WHEN 5 THEN 5 END, "
        "b.embeddingA = CASE n WHEN 6 THEN [1.0] END, b.name = CASE n WHEN 7 THEN 'of its own' END",
    )
    change(library, "MATCH (b:Book {isbn: 'b8'}) SET b:genre, b.code = 8")
    change(library, "MATCH (b:Book {isbn: 'b9'}) SET b:Entity")
    before = whole(library)
    found = problems(library, tmp_path)
    for expected in (
        "expected each key once, found 'b0 again",
        "expected a key, found nothing",
        "expected no white space at the ends of isbn, found 'b3'",
        "expected year stored as integer, found 'b4'",
        "expected no id of its own, found 'b5'",
        "expected no embeddingA of its own, found 'b6'",
        "expected no name of its own, found 'b7'",
        "expected a node that is no Book as well, found '8'",
        "expected a node that is no Entity of hyperlearn already, found 'b9'",
    ):
        assert expected in found, found
    assert whole(library) == before
    quarantine = tmp_path / "aside.jsonl"
    report = ingest(library, source(library, tmp_path), IngestOptions(quarantine=quarantine))
    assert counted(report)["LearnedBook"] == (32, 0, 0, 0)
    remove(library, "library", nothing)
    assert whole(library) == before


def test_a_second_data_set_over_the_same_nodes_is_refused(library: GraphClient, tmp_path: Path) -> None:
    ingest(library, source(library, tmp_path))
    other = DESCRIPTION.replace('name = "library"', 'name = "other"').replace('"Learned"', '"Other"').replace("LEARNED_", "OTHER_")
    assert "expected a node that is no Entity of hyperlearn already" in problems(library, tmp_path, other)
    # Nor does a data set take nodes otherwise than it has taken them.
    renamed = DESCRIPTION.replace('key = "isbn"', 'key = "title"')
    renamed = renamed.replace("b.isbn AS isbn", "b.title AS isbn").replace("a.isbn AS one, b.isbn", "a.title AS one, b.title")
    with pytest.raises(GraphSchemaError, match="Book nodes by isbn, named by title, and now Book nodes by title"):
        ingest(library, source(library, tmp_path, renamed))


def test_relations_of_the_users_are_never_taken_for_ours(library: GraphClient, tmp_path: Path) -> None:
    same = DESCRIPTION.replace("LEARNED_SEQUEL", "SEQUEL")
    before = whole(library)
    with pytest.raises(GraphSchemaError, match="Book nodes have 12 SEQUEL relations that hyperlearn did not write"):
        ingest(library, source(library, tmp_path, same))
    assert whole(library) == before


def test_a_modality_that_is_described_no_longer_is_released(library: GraphClient, tmp_path: Path) -> None:
    before = whole(library)
    ingest(library, source(library, tmp_path))
    tables = DESCRIPTION.replace('[modalities.Genre]\ntable = { nodes = "genre" }\nkey = "code"', "[modalities.Kind]")
    tables = tables.replace('modality = "Genre"', 'modality = "Kind"')
    ingest(library, source(library, tmp_path, tables), IngestOptions(allow_removal=True))
    rows = ask(library, "MATCH (g:genre) RETURN labels(g) AS labels, properties(g) AS has ORDER BY g.code")
    assert rows == [{"labels": ["genre"], "has": {"code": 0}}, {"labels": ["genre"], "has": {"code": 1}}]
    assert ask(library, "MATCH (h:LearnedWriting)-[:MEMBER]->(k:LearnedKind) RETURN count(h) AS n")[0]["n"] == 40
    remove(library, "library", nothing)
    assert whole(library)["nodes"] == before["nodes"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("MATCH (b:Book) SET b.isbn = 'gone' RETURN b.isbn AS isbn, 'a' AS author, 0 AS genre", "read"),
        ("MATCH (b:Book) CALL (b) { DETACH DELETE b } IN TRANSACTIONS RETURN 1 AS isbn", "read|implicit|transaction"),
        ("MATCH (b:Book) RETURN b AS isbn, 'a' AS author, 0 AS genre", "column isbn holds a node"),
        ("MATCH (b:Book RETURN b.isbn AS isbn", "Invalid input"),
        ("MATCH (b:Book) RETURN b.isbn AS isbn, $secret AS author, 0 AS genre", "secret"),
        ("CREATE INDEX x FOR (b:Book) ON (b.year)", "read|Schema|schema"),
    ],
)
def test_a_query_can_only_read(library: GraphClient, tmp_path: Path, query: str, told: str) -> None:
    before = whole(library)
    start, end = DESCRIPTION.index("MATCH (a:Author)"), DESCRIPTION.index('""" }')
    found = problems(library, tmp_path, DESCRIPTION[:start] + query + DESCRIPTION[end:])
    assert "a query that only reads, and gives rows" in found
    assert any(word in found for word in told.split("|")), found
    assert whole(library) == before


def test_odd_names_are_quoted(client: GraphClient, tmp_path: Path) -> None:
    label, key = "B} ) DETACH DELETE (n) //", "k'] \" $x"
    things = f"CREATE (:`{label}` {{`{key}`: n}})-[:IN]->(:Shelf {{no: n}})"
    change(client, f"UNWIND range(0, $x) AS n {things}", x=9)
    before = whole(client)
    odd = f"""
    name = "odd"
    [modalities.Thing]
    table = {{ nodes = {json.dumps(label)} }}
    key = {json.dumps(key)}
    [modalities.Place]
    table = {{ nodes = "Shelf" }}
    key = "no"
    [hyperedges.Being]
    table = {{ cypher = {json.dumps(f"MATCH (t)-[:IN]->(s:Shelf) RETURN t.`{key}` AS thing, s.no AS place")} }}
    members = [{{ modality = "Thing", column = "thing" }}, {{ modality = "Place", column = "place" }}]
    """
    ingest(client, source(client, tmp_path, odd))
    assert ask(client, "MATCH (t:Thing) RETURN count(t) AS n")[0]["n"] == 10
    remove(client, "odd", nothing)
    assert whole(client) == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('nodes = "Book"', 'nodes = "Bok"'), "found no node with the label Bok; did you mean Book?"),
        (
            ('key = "isbn"', 'key = "isbm"'),
            "found Book nodes without a property isbm; did you mean isbn? They have isbn, odd name, tags",
        ),
        (('column = "author"', 'column = "auther"'), "none; did you mean author? There are isbn, author, genre"),
    ],
)
def test_what_was_probably_meant_is_told(library: GraphClient, tmp_path: Path, change: tuple[str, str], told: str) -> None:
    assert told in problems(library, tmp_path, DESCRIPTION.replace(*change))


def test_an_empty_answer_is_a_table_without_rows(library: GraphClient, tmp_path: Path) -> None:
    none = DESCRIPTION.replace("[:SEQUEL]->(b:Book)", "[:SEQUEL]->(b:Book) WHERE a.year > 3000")
    assert counted(ingest(library, source(library, tmp_path, none)))["LearnedBook-LEARNED_SEQUEL"] == (0, 0, 0, 0)
