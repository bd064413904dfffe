"""How long it takes to copy served vectors to their fixed names, and what a reader of the fixed index meets meanwhile.

Random unit vectors into a server of its own. The copy is made the first time, when there is no index yet; then for each page size a
further run is written back, all of whose vectors are others, and is copied under the index. A reader asks for the ten nearest of
an entity, over and over: while nothing is written, and while the vectors are copied. Random vectors are the hardest to index:
nothing is near anything.

    uv run python benchmarks/fixed_names.py [--entities 90000] [--dim 96] [--pages 250 1000]
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.ingest import server
from benchmarks.writeback import write_tables
from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.one_writer import one_writer
from pipeline.graph.statement import Statement
from pipeline.ingest.ingest import ingest
from pipeline.source.described.source import DescribedSource
from pipeline.writeback import fixed_names
from pipeline.writeback.fixed_names import copy_served
from pipeline.writeback.writeback import write_back

K = 10

NEAREST = Statement(
    "nearest",
    "MATCH (t:Thing {id: $id}) CALL db.index.vector.queryNodes('thing_embedding', $k, t.embedding) YIELD node "
    "RETURN count(node) AS answers",
)


class Reader:
    """What a reader met: milliseconds of each question, and how many got fewer answers or an error."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.short = self.errors = 0

    def ask(self, client: GraphClient, ids: list[str], ended: threading.Event) -> None:
        """Ask until the end."""
        draw = np.random.default_rng(1)
        while not ended.is_set():
            start = time.perf_counter()
            try:
                (row,) = client.read(NEAREST, id=ids[draw.integers(len(ids))], k=K)
            except Exception:
                self.errors += 1
                continue
            self.waits.append(1000 * (time.perf_counter() - start))
            self.short += row["answers"] != K

    def __str__(self) -> str:
        half, most, longest = np.percentile(self.waits, [50, 99, 100])
        return f"{len(self.waits):,} | {self.short} | {self.errors} | {half:.0f} | {most:.0f} | {longest:.0f}"


@contextmanager
def reading(client: GraphClient, ids: list[str]) -> Iterator[Reader]:
    """A reader at work for the length of a block."""
    reader, ended = Reader(), threading.Event()
    thread = threading.Thread(target=reader.ask, args=(client, ids, ended))
    thread.start()
    try:
        yield reader
    finally:
        ended.set()
        thread.join()


def run_of(number: int, ids: dict[str, list[str]], dim: int) -> Embeddings:
    """A run of random unit vectors."""
    draw = np.random.default_rng(number)
    drawn = {label: draw.standard_normal((len(of), dim)).astype(np.float32) for label, of in ids.items()}
    unit = {label: factor_NR / np.linalg.norm(factor_NR, axis=1, keepdims=True) for label, factor_NR in drawn.items()}
    return Embeddings(f"run-{number}", "things", dim, ids, unit, {}, {})


def timed_copy(client: GraphClient) -> float:
    """Seconds of bringing the copy up to date."""
    start = time.perf_counter()
    with one_writer(client, "things", "benchmark") as writer:
        copy_served(writer, "things")
    return time.perf_counter() - start


def main() -> None:
    """Print a Markdown table, a line when it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=90_000)
    parser.add_argument("--dim", type=int, default=96)
    parser.add_argument("--pages", type=int, nargs="+", default=[250, 1000])
    arguments = parser.parse_args()
    ids = {"Thing": sorted(f"t{row}" for row in range(arguments.entities)), "Kind": ["k0"]}
    with tempfile.TemporaryDirectory() as name, server() as (client, _):
        write_tables(Path(name), arguments.entities)
        ingest(client, DescribedSource.of_file(Path(name) / "things.toml"))
        write_back(client, run_of(0, ids, arguments.dim), fixed_names=True, copy=False)
        print(f"{arguments.entities:,} × {arguments.dim}: the first copy with its index {timed_copy(client):.1f} s", flush=True)
        print(f"the same again, nothing having moved {timed_copy(client):.1f} s\n", flush=True)
        print("| | copy s | questions | fewer than ten | errors | median ms | 99th percentile ms | longest ms |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        with reading(client, ids["Thing"]) as alone:
            time.sleep(30)
        print(f"| nothing is written | | {alone} |", flush=True)
        for number, size in enumerate(arguments.pages, start=1):
            fixed_names.PAGE_SIZE = size
            with reading(client, ids["Thing"]) as beside:
                write_back(client, run_of(number, ids, arguments.dim), copy=False)
            print(f"| a write-back into the slot, no copy | | {beside} |", flush=True)
            with reading(client, ids["Thing"]) as reader:
                seconds = timed_copy(client)
            print(f"| pages of {size:,} | {seconds:.1f} | {reader} |", flush=True)


if __name__ == "__main__":
    main()
