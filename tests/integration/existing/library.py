"""A graph of books as a user would have it, written by plain Cypher, and a data set file that takes it as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.graph.client import GraphClient
from pipeline.graph.existing_graph import ExistingGraph
from pipeline.source.described.source import DescribedSource
from tests.database import ask, change

LIBRARY = """
UNWIND range(0, 39) AS n
CREATE (b:Book:Product {isbn: 'b' + n, title: 'Book ' + n, year: 1990 + n % 7, tags: ['t' + n % 2], `odd name`: n})
WITH n, b
MERGE (a:Author {name: 'Author ' + (n % 2 + 2 * (n % 8 / 2))})
MERGE (g:genre {code: n % 2})
CREATE (a)-[:WROTE {since: n}]->(b)-[:`HAS genre`]->(g)
"""
SEQUELS = "UNWIND range(0, 35, 3) AS n MATCH (a:Book {isbn: 'b' + n}), (b:Book {isbn: 'b' + (n + 2)}) CREATE (a)-[:SEQUEL]->(b)"

DESCRIPTION = """
name = "library"
prefix = "Learned"

[modalities.Book]
table = { nodes = "Book" }
key = "isbn"
name = "title"
distinguish_by = ["year"]

[modalities.Book.properties]
year = "integer"
tags = "strings"

[modalities.Book.features]
year = { kind = "number", column = "year" }

[modalities.Author]
table = { nodes = "Author" }
key = "name"

[modalities.Genre]
table = { nodes = "genre" }
key = "code"

[[relations]]
modality = "Book"
type = "LEARNED_SEQUEL"
table = { cypher = "MATCH (a:Book)-[:SEQUEL]->(b:Book) RETURN a.isbn AS one, b.isbn AS other" }
source = "one"
target = "other"

[hyperedges.Writing]
table = { cypher = \"\"\"
    MATCH (a:Author)-[:WROTE]->(b:Book)-[:`HAS genre`]->(g:genre)
    RETURN b.isbn AS isbn, a.name AS author, g.code AS genre\"\"\" }
members = [
    { modality = "Book", column = "isbn" },
    { modality = "Author", column = "author" },
    { modality = "Genre", column = "genre" },
]

[training]
embedding_dim = 8
rounds = 3
"""


def make(client: GraphClient) -> None:
    """Write the graph into an empty database."""
    change(client, "CREATE CONSTRAINT isbn FOR (b:Book) REQUIRE b.isbn IS UNIQUE")
    change(client, LIBRARY)
    change(client, SEQUELS)


def source(client: GraphClient, folder: Path, description: str = DESCRIPTION) -> DescribedSource:
    """The data set that a description makes of the graph."""

    @contextmanager
    def graph() -> Iterator[ExistingGraph]:
        yield ExistingGraph(client)

    (folder / "library.toml").write_text(description, encoding="utf-8")
    return DescribedSource.of_file(folder / "library.toml", graph)


def whole(client: GraphClient) -> dict[str, Any]:
    """All nodes, relations, constraints and indexes, but leases."""
    nodes = ask(client, "MATCH (n) WHERE NOT n:WriteLease RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS has")
    relations = ask(client, "MATCH (a)-[r]->(b) RETURN elementId(a) AS a, type(r) AS type, elementId(b) AS b, properties(r) AS has")
    schema = ask(client, "SHOW INDEXES YIELD name, labelsOrTypes, properties RETURN name, labelsOrTypes, properties")
    return {
        "nodes": {node["id"]: (sorted(node["labels"]), node["has"]) for node in nodes},
        "relations": sorted(map(repr, relations)),
        # What all data sets share stays, as after any removal.
        "schema": sorted(repr(row) for row in schema if row["name"] not in {"dataset_name", "embedding_run_id", "lease_dataset"}),
    }


def theirs(client: GraphClient) -> dict[str, Any]:
    """The user's part of a graph that has ours beside it: what was there, less what the documentation says is added."""
    added = {"id", "name", "ingest", "embedding", "embeddingA", "embeddingB", "biasesA", "biasesB"}
    found = whole(client)
    nodes = {}
    for id_, (labels, has) in found["nodes"].items():
        own = [label for label in labels if label in {"Book", "Product", "Author", "genre"}]
        if own:
            kept = {name: value for name, value in has.items() if name not in added or (name == "name" and "Author" in own)}
            nodes[id_] = (own, kept)
    relations = [row for row in found["relations"] if not any(f"'type': '{kind}'" in row for kind in ("MEMBER", "LEARNED_SEQUEL"))]
    ours = ("HAS_TABLE", "HAS_PART", "HAS_RUN", "HAS_VECTORS", "LEARNED")
    return {"nodes": nodes, "relations": [row for row in relations if not any(f"'type': '{kind}'" in row for kind in ours)]}
