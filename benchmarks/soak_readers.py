"""Readers of a data set that is refreshed all the while: many threads, each with a driver of its own, in a few processes.

Each asks in turn in three ways: `similar`, as the command does; all vectors of a modality, page by page; and one statement that
asks `ServedVectors` where they lie, as tools do. Of vectors the digest is kept, beside the run that they are said to be of.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe

import numpy as np
import numpy.typing as npt

from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement
from pipeline.query.served import ask_published
from pipeline.query.similar import similar
from pipeline.query.vectors import read_vectors
from pipeline.settings import Settings

DATASET, LABEL = "soak", "Tag"
K = 5
PAUSE_S = 1.0
"""Mean time between a reader's questions."""

BY_NAME = Statement(
    "soak/by_name",
    """
    MATCH (tag:Tag {id: $id}) MATCH (served:ServedVectors {label: 'Tag'})
    CALL db.index.vector.queryNodes(served.index, 1000, tag[served.property]) YIELD node
    RETURN served.run AS run, node.id AS id, node[served.property] AS vector
    """,
)
SLOT = Statement("soak/slot", "MATCH (run:EmbeddingRun {id: $run}) RETURN run.slot AS slot")


@dataclass
class Seen:
    """What readers met.

    Attributes
    ----------
    answers
        Number of answers by how they were asked for.
    vectors
        Number of times that vectors of this digest were said to be of this run; and whether that still had its slot afterwards.
    short
        Answers of `similar` with fewer neighbours than were asked for.
    empty
        Answers by name that were empty.
    errors
        What was told in place of an answer.
    slowest_s
        The longest wait for an answer.
    """

    answers: Counter[str] = field(default_factory=Counter)
    vectors: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    short: int = 0
    empty: int = 0
    errors: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def add(self, other: "Seen") -> None:
        """Put another's to it."""
        self.answers += other.answers
        self.vectors += other.vectors
        self.short += other.short
        self.empty += other.empty
        self.errors += other.errors
        self.slowest_s = max(self.slowest_s, other.slowest_s)


@contextmanager
def readers(number: int, processes: int, tags: list[str]) -> Iterator[Seen]:
    """Have so many read for the length of a block; what they saw is there after it."""
    context, seen = get_context("spawn"), Seen()
    ended = context.Event()
    pipes, started = [], []
    for first in range(processes):
        ours, theirs = context.Pipe(duplex=False)
        numbers = list(range(first, number, processes))
        started.append(context.Process(target=_read_all, args=(numbers, tags, ended, theirs)))
        started[-1].start()
        theirs.close()
        pipes.append(ours)
    try:
        yield seen
    finally:
        ended.set()
        for pipe, process in zip(pipes, started, strict=True):
            seen.add(pipe.recv())
            process.join()


def digest(ids: list[str], matrix_NR: npt.NDArray[np.float32]) -> str:
    """What tells vectors from others, in whatever order they come."""
    in_order = np.argsort(ids)
    return hashlib.sha256(np.ascontiguousarray(np.asarray(matrix_NR, np.float32)[in_order]).tobytes()).hexdigest()[:16]


def digest_of_run(embeddings: Embeddings) -> str:
    """The digest that readers of a run must meet."""
    return digest(embeddings.ids[LABEL], embeddings.factors[LABEL])


def _read_all(numbers: list[int], tags: list[str], ended: threading.Event, answer: Pipe) -> None:
    seen = [Seen() for _ in numbers]
    threads = [threading.Thread(target=_read, args=(number, tags, ended, of)) for number, of in zip(numbers, seen, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_seen = Seen()
    for of in seen:
        all_seen.add(of)
    answer.send(all_seen)


def _read(number: int, tags: list[str], ended: threading.Event, seen: Seen) -> None:
    random = np.random.default_rng(number)
    ways = (_similar, _all_vectors, _by_name)
    with GraphClient(Settings.load().connect()) as client:
        turn = number
        while not ended.wait(float(random.uniform(0, 2 * PAUSE_S))):
            way = ways[turn % len(ways)]
            turn += 1
            start = time.monotonic()
            try:
                way(client, str(random.choice(tags)), seen)
            except Exception as error:  # whatever it is, a reader would have met it
                seen.errors.append(f"{time.strftime('%H:%M:%S')} {way.__name__} {type(error).__name__}: {error}")
            else:
                seen.answers[way.__name__.removeprefix("_")] += 1
                seen.slowest_s = max(seen.slowest_s, time.monotonic() - start)


def _similar(client: GraphClient, tag: str, seen: Seen) -> None:
    found = ask_published(client, LABEL, lambda modality, run: similar(client, run, modality, tag, k=K))
    seen.short += len(found) != K


def _all_vectors(client: GraphClient, tag: str, seen: Seen) -> None:  # noqa: ARG001 - as the others
    vectors = read_vectors(client, DATASET, LABEL)
    seen.vectors[vectors.run, digest(vectors.ids, vectors.matrix_NR), True] += 1


def _by_name(client: GraphClient, tag: str, seen: Seen) -> None:
    found = client.read(BY_NAME, id=tag)
    if not found:
        seen.empty += 1
        return
    runs = {row["run"] for row in found}
    for run in runs:
        rows = [row for row in found if row["run"] == run]
        # Where it has its slot no more, the next run was published within this one statement, and another begun in the slot.
        has_slot = any(row["slot"] for row in client.read(SLOT, run=run))
        try:
            of_rows = digest([row["id"] for row in rows], np.array([row["vector"] for row in rows], np.float32))
        except ValueError:  # no vector, or some of another length
            of_rows = "some have none"
        seen.vectors[run, of_rows, has_slot] += 1
