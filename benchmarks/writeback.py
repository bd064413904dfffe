"""How fast vectors go into Neo4j, against a bare loop of the same statement.

In one run, round after round, into a data set of one large modality:

* ours: `write_back`, its line "Writing vectors of": batches packed, sent and committed, several under way;
* bare loop: the same statement and batches, vectors as lists, one transaction after the other, rows ready in memory.

With `--gds`, once, FastRP of Neo4j's Graph Data Science library writes as many vectors, inside the server, so over no wire.

The first `write_back` is also told as a whole, from checking to serving, with the store before and after, and this process's
memory, vectors included. Seconds of the processor are those of this process and of the server; a busy machine changes them less.

    uv run python benchmarks/writeback.py [--entities 200000] [--dim 64] [--rounds 3] [--gds]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import pandas as pd
import psutil

from benchmarks.gds_server import gds_server
from benchmarks.ingest import driver
from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.server import EmbeddedServer
from pipeline.graph.statement import Statement, load
from pipeline.ingest.ingest import ingest
from pipeline.settings import Settings
from pipeline.source.described.source import DescribedSource
from pipeline.writeback.writeback import BATCH_SIZE, write_back

DESCRIPTION = """
name = "things"
[modalities.Thing]
table = "things.parquet"
key = "id"
name = "name"
[modalities.Kind]
[hyperedges.Being]
table = "beings.csv"
members = [{ modality = "Thing", column = "thing" }, { modality = "Kind", column = "kind" }]
"""

LINE = "Writing vectors of Thing"

Cost = tuple[float, float, float]
"""Seconds, and seconds of the processor here and in the server."""


class Costs:
    """A progress that keeps what each line cost."""

    def __init__(self, java: psutil.Process) -> None:
        self.java = java
        self.of: dict[str, Cost] = {}

    @contextmanager
    def __call__(self, description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Measure a line; see `pipeline.domain.progress.Progress`."""
        del total
        servers, own, start = sum(self.java.cpu_times()[:2]), time.process_time(), time.perf_counter()
        yield lambda steps: None
        self.of[description] = (
            time.perf_counter() - start,
            time.process_time() - own,
            sum(self.java.cpu_times()[:2]) - servers,
        )


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gds", action="store_true", help="also let FastRP of the Graph Data Science library write")
    arguments = parser.parse_args()
    count, dim = arguments.entities, arguments.dim
    ids = {"Thing": sorted(f"t{row}" for row in range(count)), "Kind": ["k0"]}
    factors = {label: np.random.default_rng(0).standard_normal((len(of), dim)).astype(np.float32) for label, of in ids.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(folder, count)
        embedded = EmbeddedServer(folder / "neo4j", Settings.load().cache)
        with running(embedded) as (client, _):
            ingest(client, DescribedSource.of_file(folder / "things.toml"))
        stores = [store_mib(embedded)]
        with running(embedded) as (client, costs):
            idle, start = resident_mib(), time.perf_counter()
            write_back(client, Embeddings("first", "things", dim, ids, factors, {}, {}), costs)
            whole, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            ours = [costs.of[LINE]]
        stores.append(store_mib(embedded))
        with running(embedded) as (client, costs):
            bare = [bare_loop(client, costs, ids["Thing"], factors["Thing"])]
            for number in range(1, arguments.rounds):
                write_back(client, Embeddings(f"run-{number}", "things", dim, ids, factors, {}, {}), costs)
                ours.append(costs.of[LINE])
                bare.append(bare_loop(client, costs, ids["Thing"], factors["Thing"]))
    print(
        f"| {count:,} × {dim}, median of {arguments.rounds} | seconds | vectors/s | ours / it | client's CPU s | server's CPU s |"
    )
    print("|---|---|---|---|---|---|")
    for way, rows in (("ours", ours), ("bare loop", bare)):
        seconds, own, servers = (median(column) for column in zip(*rows, strict=True))
        ratio = seconds / median(row[0] for row in ours)
        print(f"| {way} | {seconds:.1f} | {count / seconds:,.0f} | {ratio:.2f} | {own:.1f} | {servers:.1f} |")
    if arguments.gds:
        with gds_server() as gds:
            _, seconds = gds.write(count, dim)
        ratio = seconds / median(row[0] for row in ours)
        print(f"| `fastRP.write`, its writing alone | {seconds:.1f} | {count / seconds:,.0f} | {ratio:.2f} | | |")
    print()
    print(f"The first write-back as a whole: {whole:.1f} s. This process held {idle:,.0f} MiB before, at most {peak:,.0f} in it.")
    print(f"Store: {stores[0]:,.0f} MiB before, {stores[1]:,.0f} MiB with vectors and index, transaction logs not counted.")


def write_tables(folder: Path, count: int) -> None:
    """A table of things, and one that says what one of them is."""
    names = [f"t{row}" for row in range(count)]
    pd.DataFrame({"id": names, "name": names}).to_parquet(folder / "things.parquet", index=False)
    (folder / "beings.csv").write_text("thing,kind\nt0,k0\n")
    (folder / "things.toml").write_text(DESCRIPTION)


def bare_loop(client: GraphClient, costs: Costs, ids: list[str], factor_NR: npt.NDArray[np.float32]) -> Cost:
    """The statement of ours over rows that are ready, one transaction after the other; into a property that no index has."""
    statement = load("writeback/write_vectors").with_identifiers(Modality="Thing", biases="bareBiases")
    rows = [{"id": id_, "vector": vector, "biases": []} for id_, vector in zip(ids, factor_NR.tolist(), strict=True)]
    with driver(client) as session, costs("bare loop"):
        for first in range(0, len(rows), BATCH_SIZE):
            batch = rows[first : first + BATCH_SIZE]
            session.execute_write(lambda tx, batch=batch: tx.run(statement.text, batch={"rows": batch}, property="bare").consume())
    client.write_alone(Statement("clear", "MATCH (t:Thing) CALL (t) { REMOVE t.bare, t.bareBiases } IN TRANSACTIONS OF 10000 ROWS"))
    return costs.of["bare loop"]


@contextmanager
def running(embedded: EmbeddedServer) -> Iterator[tuple[GraphClient, Costs]]:
    """A client of the server while it runs; afterwards all is in its files."""
    try:
        with GraphClient(embedded.up()) as client:
            java = embedded.process()
            assert java is not None
            yield client, Costs(java)
    finally:
        embedded.down()


def store_mib(embedded: EmbeddedServer) -> float:
    """Size of the files of a server that is stopped."""
    return sum(file.stat().st_size for file in (embedded.home / "data" / "databases").rglob("*") if file.is_file()) / 2**20


def resident_mib() -> float:
    """Memory that this process holds now."""
    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    main()
