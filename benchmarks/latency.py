"""How long a question takes: `similar`, and the bare call of the vector index, by number of vectors and of clients at once.

Vectors of 64 numbers, around a thousand centres. A client is a thread that asks one question after the other; `similar` asks for
200 candidates and orders them exactly, the bare call asks the index for the ten nearest and takes its order. The two take turns.

    uv run python benchmarks/latency.py [--entities 10000 100000] [--questions 1000]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import neo4j
import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.writeback import write_tables
from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.server import EmbeddedServer
from pipeline.ingest.ingest import ingest
from pipeline.query.served import published
from pipeline.query.similar import similar
from pipeline.settings import Settings
from pipeline.source.described.source import DescribedSource
from pipeline.writeback.writeback import write_back

DIM = 64
CENTRES = 1_000
CLIENTS = (1, 8, 32)
ROUNDS = 2
K = 10
WARM_UP = 300

BARE = """
MATCH (thing:Thing {id: $id})
CALL db.index.vector.queryNodes($index, $k, thing[$property]) YIELD node, score
RETURN node.id AS id, node.name AS name, score
"""


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--questions", type=int, default=1_000, help="by each way, number of clients and round")
    arguments = parser.parse_args()
    print("| vectors | recall@10 | clients | `similar` p50 | p99 | bare call p50 | p99 | questions/s: `similar` | bare |")
    print("|---|---|---|---|---|---|---|---|---|")
    for count in arguments.entities:
        with tempfile.TemporaryDirectory() as name:
            embedded = EmbeddedServer(Path(name) / "neo4j", Settings.load().cache)
            try:
                connection = embedded.up()
                auth = (connection.user, connection.password)
                with GraphClient(connection) as client, neo4j.GraphDatabase.driver(connection.uri, auth=auth) as plain:
                    measure(client, plain, Path(name), count, arguments.questions)
            finally:
                embedded.down()
    print(f"\nLoad of the machine before and after: {psutil.getloadavg()[1]:.1f}, {psutil.getloadavg()[0]:.1f}.")


def measure(client: GraphClient, plain: neo4j.Driver, folder: Path, count: int, questions: int) -> None:
    """Fill the database, ask, and print the rows of a size."""
    write_tables(folder, count)
    ingest(client, DescribedSource.of_file(folder / "things.toml"))
    ids = {"Thing": sorted(f"t{row}" for row in range(count)), "Kind": ["k0"]}
    write_back(client, Embeddings("run", "things", DIM, ids, {"Thing": vectors(count), "Kind": vectors(1)}, {}, {}))
    modality, run = published(client, "Thing")

    def ours(id_: str) -> int:
        return len(similar(client, run, modality, id_, k=K))

    def bare(id_: str) -> int:
        parameters = {"id": id_, "k": K, "index": "thing_embedding_a", "property": "embeddingA"}
        with plain.session() as session:
            return len(session.execute_read(lambda tx: list(tx.run(BARE, **parameters))))

    asked = np.random.default_rng(1).choice(ids["Thing"], questions)
    for way in (ours, bare):
        timed(way, asked[:WARM_UP], 1)
    for clients in CLIENTS:
        took: dict[str, list[npt.NDArray[np.float64]]] = {"ours": [], "bare": []}
        rate: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(ROUNDS):
            for name, way in (("ours", ours), ("bare", bare)):
                start = time.perf_counter()
                took[name].append(timed(way, asked, clients))
                rate[name].append(questions / (time.perf_counter() - start))
        p50, p99 = ({name: 1000 * np.quantile(np.concatenate(each), q) for name, each in took.items()} for q in (0.5, 0.99))
        print(
            f"| {count:,} | {run.recall['Thing']:.3f} | {clients} | {p50['ours']:.1f} | {p99['ours']:.1f} | {p50['bare']:.1f} "
            f"| {p99['bare']:.1f} | {max(rate['ours']):,.0f} | {max(rate['bare']):,.0f} |",
            flush=True,
        )


def timed(way: Callable[[str], int], asked: npt.NDArray[np.str_], clients: int) -> npt.NDArray[np.float64]:
    """Seconds of each question, when so many clients share them out."""
    took = np.zeros(len(asked))

    def client(first: int) -> None:
        for question in range(first, len(asked), clients):
            start = time.perf_counter()
            found = way(str(asked[question]))
            took[question] = time.perf_counter() - start
            assert found == K, found

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(client, range(clients)))
    return took


def vectors(count: int) -> npt.NDArray[np.float32]:
    """Vectors around centres, as those of a catalogue with kinds are."""
    random = np.random.default_rng(0)
    centre_CR = random.standard_normal((CENTRES, DIM))
    own_NR = random.standard_normal((count, DIM))
    return (centre_CR[random.integers(CENTRES, size=count)] + own_NR).astype(np.float32)


if __name__ == "__main__":
    main()
