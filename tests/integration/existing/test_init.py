"""`hyperlearn init --from-neo4j`: a first data set file for the graph that is in the database, which passes as it stands."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.errors import ConfigurationError
from pipeline.graph.client import GraphClient
from tests.database import ask, change, variables
from tests.integration.existing.library import make, whole


def run(client: GraphClient, folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), env=variables(client.connection, folder))


def test_what_is_written_passes_check_and_ingest_and_goes_again(client: GraphClient, tmp_path: Path) -> None:
    make(client)
    before = whole(client)
    out = tmp_path / "library.toml"
    assert run(client, tmp_path, "init", "--from-neo4j", "--name", "library", "--out", out).exit_code == 0
    assert whole(client) == before
    written = tomllib.loads(out.read_text(encoding="utf-8"))
    assert written["prefix"] == "Learned"
    assert {label: modality["table"] for label, modality in written["modalities"].items()} == {
        "Book": {"nodes": "Book"},
        "Author": {"nodes": "Author"},
        "Genre": {"nodes": "genre"},
    }
    book = written["modalities"]["Book"]
    assert (book["key"], book["name"], book["properties"]) == ("isbn", "title", {"tags": "strings", "year": "integer"})
    assert [each["modality"] for each in written["hyperedges"]["BookAuthorGenre"]["members"]] == ["Book", "Author", "Genre"]
    assert [(each["modality"], each["type"]) for each in written["relations"]] == [("Book", "LEARNED_SEQUEL")]
    assert "Product left out: 40 of its 40 nodes are Book as well" in out.read_text(encoding="utf-8")
    assert run(client, tmp_path, "check", out).exit_code == 0
    assert whole(client) == before
    assert run(client, tmp_path, "ingest", out).exit_code == 0
    assert ask(client, "MATCH (h:LearnedBookAuthorGenre) RETURN count(h) AS n")[0]["n"] == 40
    again = run(client, tmp_path, "init", "--from-neo4j")
    assert isinstance(again.exception, ConfigurationError)
    assert "data set library of hyperlearn" in str(again.exception)
    assert run(client, tmp_path, "remove", "library", "--yes").exit_code == 0
    assert whole(client) == before


def test_what_cannot_be_taken_is_told_and_what_cannot_be_adopted_is_copied(client: GraphClient, tmp_path: Path) -> None:
    change(
        client,
        "UNWIND range(0, 19) AS n CREATE (:person {id: n, name: 'P' + n})-[:KNOWS]->(t:`Town hall` {`post code`: n, name: n}) "
        "CREATE (t)<-[:SEEN]-(:Shadow {size: 1}) CREATE (:`odd\\\\u0060` {x: n}) CREATE (:Alone {id: 'a' + n})",
    )
    change(client, "MATCH (a:person), (b:person) WHERE b.id IN [a.id, a.id + 1] CREATE (a)-[:`likes: a lot`]->(b)")
    out = tmp_path / "graph.toml"
    told = run(client, tmp_path, "init", "--from-neo4j", "--out", out)
    assert told.exit_code == 0, told.exception
    text = out.read_text(encoding="utf-8")
    assert "Shadow left out: no property is a key, there in all 20 nodes, in each another (size in 20)" in text
    assert "Alone left out: no relation joins its nodes" in text
    assert "odd" in text
    assert "not adopted, but copied into nodes of hyperlearn's own: their id is no text" in text
    assert run(client, tmp_path, "check", out).exit_code == 0
    assert run(client, tmp_path, "ingest", out).exit_code == 0
    assert ask(client, "MATCH (p:LearnedPerson) WHERE NOT p:person RETURN count(p) AS n")[0]["n"] == 20
    assert ask(client, "MATCH (:LearnedPerson)-[r:LEARNED_LIKES_A_LOT]->() RETURN count(r) AS n")[0]["n"] == 19


def test_a_graph_of_which_nothing_can_be_made_is_refused(client: GraphClient, tmp_path: Path) -> None:
    nothing = run(client, tmp_path, "init", "--from-neo4j")
    assert "there is nothing in the database that a data set can be made of" in str(nothing.exception)
    files = run(client, tmp_path, "init", "books.csv", "--from-neo4j")
    assert isinstance(files.exception, ConfigurationError)


def test_who_knows_whom_is_enough(client: GraphClient, tmp_path: Path) -> None:
    change(client, "UNWIND range(0, 9) AS n CREATE (:Person {name: 'P' + n})")
    change(client, "MATCH (a:Person), (b:Person) WHERE a.name < b.name CREATE (a)-[:KNOWS]->(b)")
    out = tmp_path / "graph.toml"
    assert run(client, tmp_path, "init", "--from-neo4j", "--out", out).exit_code == 0
    assert run(client, tmp_path, "ingest", out).exit_code == 0
    assert ask(client, "MATCH (h:Hyperedge) RETURN count(h) AS n")[0]["n"] == 45


@pytest.mark.parametrize("alias", ["order", "where", "return", "null", "in", "case", "match"])
def test_columns_may_be_called_as_words_of_cypher_are(client: GraphClient, alias: str) -> None:
    assert list(client.query(f"RETURN 1 AS {alias}", 10))[1] == ([alias], [[1]])
