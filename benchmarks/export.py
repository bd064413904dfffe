"""How fast a data set is read out of Neo4j, against the bare driver's read of the same rows.

In one run, round after round, on the data of benchmarks/ingest.py:

* ours: `read_snapshot`, all the way to a checked hypergraph in rows (ids looked up, hyperedges sorted, graphs as sparse matrices),
  and its two looks at whether an ingest came between;
* bare driver, a record a row: `MATCH … RETURN` of the same columns, each record taken and dropped;
* bare driver, our statements: the same pages, one after the other, each taken and dropped.

Beside elapsed time: processor time of this process and of the server, which a busy machine changes less.

    uv run python benchmarks/export.py [--hyperedges 300000] [--rounds 5]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import neo4j
import psutil

from benchmarks.ingest import DESCRIPTION, MEMBERS, server, timed_ingest, write_tables
from pipeline.domain.dataset import HyperedgeType, IntraModalGraph
from pipeline.export.export import read_snapshot
from pipeline.export.reading import read_entities, read_hyperedges, read_relations
from pipeline.graph import process
from pipeline.graph.client import GraphClient

PLAIN = (
    *(f"MATCH (e:{label}) RETURN e.id AS id, e.name AS name" for label in MEMBERS),
    "MATCH (a:Product)-[r:SIMILAR]->(b:Product) RETURN a.id AS source, b.id AS target, r.weight AS weight",
    "MATCH (h:Purchase) MATCH (h)-[:MEMBER {position: 0}]->(a) MATCH (h)-[:MEMBER {position: 1}]->(b) "
    "MATCH (h)-[:MEMBER {position: 2}]->(c) RETURN h.value AS value, a.id AS member0, b.id AS member1, c.id AS member2",
)


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hyperedges", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, server() as (client, home):
        folder = Path(name)
        write_tables(folder, arguments.hyperedges)
        (folder / "shop.toml").write_text(DESCRIPTION)
        timed_ingest(client, folder)
        java = process.find(home)
        assert java is not None
        counts = read_snapshot(client, "shop").counts
        num_rows = sum(sum(table.values()) for table in counts.values())
        ways: dict[str, Callable[[], None]] = {
            "ours, into rows": lambda: ours(client),
            "bare driver, a record a row": lambda: plain(client),
            "bare driver, our statements": lambda: pages(client, counts),
        }
        measured: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
        for _ in range(arguments.rounds):
            for way, run in ways.items():
                measured[way].append(timed(run, java))
    ours_s = median(row[0] for row in measured["ours, into rows"])
    print(f"| {num_rows:,} rows, median of {arguments.rounds} | seconds | rows/s | ours / it | client's CPU s | server's CPU s |")
    print("|---|---|---|---|---|---|")
    for way, rows in measured.items():
        seconds, own, servers = (median(column) for column in zip(*rows, strict=True))
        print(f"| {way} | {seconds:.2f} | {num_rows / seconds:,.0f} | {seconds / ours_s:.2f} | {own:.2f} | {servers:.2f} |")


def timed(run: Callable[[], None], java: psutil.Process) -> tuple[float, float, float]:
    """Seconds, and seconds of the processor here and in the server."""
    before, own, start = sum(java.cpu_times()[:2]), time.process_time(), time.perf_counter()
    run()
    return time.perf_counter() - start, time.process_time() - own, sum(java.cpu_times()[:2]) - before


def ours(client: GraphClient) -> None:
    """Export, without the files."""
    read_snapshot(client, "shop")


def plain(client: GraphClient) -> None:
    """The driver alone."""
    connection = client.connection
    auth = (connection.user, connection.password)
    with neo4j.GraphDatabase.driver(connection.uri, auth=auth) as driver, driver.session(database=connection.database) as session:
        for text in PLAIN:
            for _ in session.run(neo4j.Query(text)):
                pass


class OneAfterTheOther(GraphClient):
    """A client that reads no page ahead."""

    def read_pages(self, statement, pages, *, concurrency, **parameters):  # noqa: ANN001, ANN003, ANN201 - as its base
        """As its base."""
        del concurrency
        return (self.read(statement, **page, **parameters)[0] for page in pages)


def pages(client: GraphClient, counts: dict[str, dict[str, int]]) -> None:
    """The driver with the statements and pages of ours, nothing made of them."""
    with OneAfterTheOther(client.connection) as bare:
        ids = {label: [id_ for page in read_entities(bare, label) for id_ in page["id"]] for label in MEMBERS}
        for _ in read_relations(bare, IntraModalGraph("Product"), ids["Product"], counts["relations"]["Product-SIMILAR"]):
            pass
        for _ in read_hyperedges(bare, HyperedgeType("Purchase", MEMBERS), ids, counts["hyperedges"]["Purchase"]):
            pass


if __name__ == "__main__":
    main()
