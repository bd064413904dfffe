"""Neo4j's Graph Data Science library beside a server of its own, and the vectors that it gives the entities of a hypergraph.

The library's jars are found by their coordinates, the newest for the server's version, and put beside those of the locked server.
The graph is the bipartite expansion: a node per entity and per hyperedge, a relation per membership; what joins entities of one
modality is a relation too. Nodes and relations never enter the database: they are projected from a file.
"""

import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
import numpy.typing as npt
import pandas as pd
from jgo.maven import MavenContext
from scipy import sparse

from pipeline.domain.hypergraph import Hypergraph
from pipeline.graph import process as processes
from pipeline.graph.configuration import LOOPBACK, Memory, Ports
from pipeline.graph.home import USER, Home
from pipeline.graph.jars import LOCK_PATH, fetch_jars
from pipeline.graph.server import START_TIMEOUT_S, free_ports
from pipeline.settings import Settings

GDS_VERSION = "2.26.0"
COORDINATES = (f"org.neo4j.gds:proc:{GDS_VERSION}", f"org.neo4j.gds:opengds-extension:{GDS_VERSION}")
MEMORY = Memory(heap_mib=3072, page_cache_mib=128)
PROJECT = """\
LOAD CSV FROM 'file:///relations.csv' AS row
WITH gds.graph.project('expansion', toInteger(row[0]), toInteger(row[1]), {}, {undirectedRelationshipTypes: ['*']}) AS graph
RETURN graph.nodeCount"""
THINGS = "UNWIND range(1, $count) AS number CALL (number) { CREATE (:Thing {number: number}) } IN TRANSACTIONS OF 10000 ROWS"
PAIRS = "MATCH (a:Thing) CALL (a) { MATCH (b:Thing {number: a.number % $count + 1}) CREATE (a)-[:NEXT]->(b) } IN TRANSACTIONS"
WRITE = """\
CALL gds.fastRP.write('things', {embeddingDimension: $dim, writeProperty: 'embedding'})
YIELD computeMillis, writeMillis, nodePropertiesWritten"""
STREAM = "CALL gds.{procedure}.stream('expansion', $settings) YIELD nodeId, embedding RETURN nodeId, embedding"

Vectors = Mapping[str, npt.NDArray[np.float32]]


class Gds:
    """A server that runs.

    Parameters
    ----------
    driver
        Reaches it.
    folder
        What it reads files from.
    """

    def __init__(self, driver: neo4j.Driver, folder: Path) -> None:
        self._driver, self._folder = driver, folder

    def project(self, hypergraph: Hypergraph) -> None:
        """Have the expansion of a hypergraph in place of the one before."""
        self._driver.execute_query("CALL gds.graph.drop('expansion', false) YIELD graphName")
        pd.DataFrame(expansion(hypergraph)).to_csv(self._folder / "relations.csv", header=False, index=False)
        self._driver.execute_query(PROJECT)

    def vectors(self, hypergraph: Hypergraph, procedure: str, settings: Mapping[str, Any]) -> tuple[Vectors, float]:
        """Run ``fastRP`` or ``node2vec`` on what was projected: vectors by modality, and the seconds that it took.

        An entity without any relation has zeros.
        """
        clock = time.perf_counter()
        with self._driver.session() as session:
            found = [record.values() for record in session.run(STREAM.format(procedure=procedure), settings=dict(settings))]
        seconds = time.perf_counter() - clock
        every_ND = np.zeros((sum(hypergraph.num_entities.values()), settings["embeddingDimension"]), np.float32)
        rows = np.array([row for row, _ in found])
        of_entities = rows < len(every_ND)
        every_ND[rows[of_entities]] = np.array([found[number][1] for number in np.flatnonzero(of_entities)], np.float32)
        first = first_nodes(hypergraph)
        return {label: every_ND[first[label] :][:count] for label, count in hypergraph.num_entities.items()}, seconds

    def write(self, count: int, dim: int) -> tuple[float, float]:
        """Have ``fastRP.write`` write vectors to nodes of the database, in a ring: seconds of computing, and of writing."""
        with self._driver.session() as session:
            session.run("CREATE INDEX thing_number FOR (t:Thing) ON (t.number)").consume()
            session.run(THINGS, count=count).consume()
            session.run("CALL db.awaitIndexes()").consume()
            session.run(PAIRS, count=count).consume()
            session.run("CALL gds.graph.project('things', 'Thing', 'NEXT')").consume()
            record = session.run(WRITE, dim=dim).single(strict=True)
        assert record["nodePropertiesWritten"] == count
        return record["computeMillis"] / 1000, record["writeMillis"] / 1000


def first_nodes(hypergraph: Hypergraph) -> dict[str, int]:
    """Number of each modality's first node; hyperedges come after all entities."""
    ends = np.cumsum([0, *hypergraph.num_entities.values()])
    return {label: int(end) for label, end in zip(hypergraph.num_entities, ends, strict=False)}


def expansion(hypergraph: Hypergraph) -> npt.NDArray[np.int64]:
    """Pairs of nodes that are joined."""
    first, next_node = first_nodes(hypergraph), sum(hypergraph.num_entities.values())
    pairs = []
    for edges in hypergraph.hyperedges.values():
        hyperedges_E = next_node + np.arange(edges.num_hyperedges)
        next_node += edges.num_hyperedges
        for label, rows_E in zip(edges.modalities, edges.members_EK.T, strict=True):
            pairs.append(np.column_stack([first[label] + rows_E, hyperedges_E]))
    for (label, _), weights in hypergraph.graphs.items():
        pairs.append(first[label] + np.column_stack(sparse.triu(weights, 1).nonzero()))
    return np.concatenate(pairs)


def gds_jars(cache: Path) -> list[Path]:
    """Fetch the library's jars, and those that it needs and the server lacks."""
    context = MavenContext(repo_cache=cache, timeout=60)
    inputs, transitive = context.resolver.resolve([context.create_dependency(each) for each in COORDINATES])
    lock = tomllib.loads(LOCK_PATH.read_text(encoding="utf-8"))
    there = {(jar["groupId"], jar["artifactId"]) for jar in lock["dependencies"]}
    lacking = [each.artifact for each in (*inputs, *transitive) if (each.groupId, each.artifactId) not in there]
    with ThreadPoolExecutor(16) as pool:
        return [Path(path) for path in pool.map(lambda artifact: artifact.resolve(), lacking)]


@contextmanager
def gds_server() -> Iterator[Gds]:
    """Have a server with the library, below a temporary folder, as long as it is wanted."""
    cache = Settings.load().cache
    # Who ends us ends the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="gds-") as folder:
        home = Home(Path(folder).resolve())
        home.make()
        ports = free_ports(Ports())
        home.prepare(ports, MEMORY)
        with (home.path / "conf/neo4j.conf").open("a", encoding="utf-8") as conf:
            conf.write("dbms.security.procedures.unrestricted=gds.*\n")
        plugins = [Path(shutil.copy(jar, home.path / "plugins")) for jar in gds_jars(cache / "gds")]
        command = processes.java_command([*plugins, *fetch_jars(cache)], home.path, MEMORY.heap_mib)
        process = processes.server(home.path, processes.start(command, home.path, home.console))
        assert process is not None, home.last_words()
        try:
            with neo4j.GraphDatabase.driver(f"bolt://{LOOPBACK}:{ports.bolt}", auth=(USER, home.password())) as driver:
                deadline = time.monotonic() + START_TIMEOUT_S
                while True:
                    try:
                        driver.verify_connectivity()
                        break
                    except neo4j.exceptions.ServiceUnavailable:
                        assert time.monotonic() < deadline and process.is_running(), home.last_words()
                        time.sleep(0.5)
                yield Gds(driver, home.path / "import")
        finally:
            process.terminate()
            processes.wait_until_gone(process, START_TIMEOUT_S)
