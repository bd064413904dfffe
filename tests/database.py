"""What tests ask of a database, besides what the pipeline asks."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.statement import Statement

_T = TypeVar("_T")


def ask(client: GraphClient, text: str, **parameters: object) -> list[dict[str, Any]]:
    """Records of any reading text."""
    return client.read(Statement("test", text), **parameters)


def change(client: GraphClient, text: str, **parameters: object) -> None:
    """Run any text that writes or changes the schema."""
    client.write_alone(Statement("test", text), **parameters)


def num_nodes(client: GraphClient) -> int:
    """Number of all nodes but leases, which stay."""
    return int(ask(client, "MATCH (n) WHERE NOT n:WriteLease RETURN count(n) AS n")[0]["n"])


def expire(client: GraphClient, dataset: str) -> None:
    """Let the lease of a data set end, as the database's clock would when its holder gives no sign."""
    change(client, "MATCH (lease:WriteLease {dataset: $dataset}) SET lease.expires = datetime.realtime()", dataset=dataset)


@contextmanager
def reader(connection: Connection, read: Callable[[GraphClient], _T]) -> Iterator[list[_T]]:
    """Read again and again for the length of a block; what it saw is right at every moment, or the block fails."""
    seen: list[_T] = []
    wrong: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        with GraphClient(connection) as client:
            while not ended.is_set():
                try:
                    seen.append(read(client))
                except BaseException as error:  # told by the test's own thread
                    wrong.append(error)
                    return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
    if wrong:
        raise wrong[0]
    assert seen


def wipe(client: GraphClient) -> None:
    """Remove all nodes, constraints and indexes."""
    change(client, "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS")
    for row in ask(client, "SHOW CONSTRAINTS YIELD name RETURN name"):
        change(client, f"DROP CONSTRAINT `{row['name']}`")
    for row in ask(client, "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
        change(client, f"DROP INDEX `{row['name']}`")


def content(client: GraphClient) -> dict[str, Any]:
    """All that a data set put into the database, as sets to compare."""
    return {
        "entities": {
            (tuple(sorted(row["labels"])), row["id"], row["name"], row["year"], tuple(row["tags"] or ()))
            for row in ask(
                client, "MATCH (e:Entity) RETURN labels(e) AS labels, e.id AS id, e.name AS name, e.year AS year, e.tags AS tags"
            )
        },
        "relations": {
            (row["kind"], frozenset((row["a"], row["b"])), row["weight"])
            for row in ask(
                client,
                "MATCH (a:Entity)-[r]->(b:Entity) RETURN type(r) AS kind, a.id AS a, b.id AS b, r.weight AS weight",
            )
        },
        "hyperedges": {
            (row["kind"], tuple(row["members"]), row["value"])
            for row in ask(
                client,
                "MATCH (h:Hyperedge) RETURN [l IN labels(h) WHERE l <> 'Hyperedge'][0] AS kind, h.value AS value, "
                "COLLECT { MATCH (h)-[m:MEMBER]->(e) RETURN e.id ORDER BY m.position } AS members",
            )
        },
    }


def variables(connection: Connection, home: Path) -> dict[str, str]:
    """The environment of a command that works on that database, with a home of its own."""
    return os.environ | {
        "NEO4J_URI": connection.uri,
        "NEO4J_USER": connection.user,
        "NEO4J_PASSWORD": connection.password,
        "NEO4J_DATABASE": connection.database,
        "HYPERLEARN_HOME": str(home),
    }
