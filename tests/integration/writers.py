"""Writers in processes of their own, which may be stopped and killed as a person or a machine does it.

They are forked from a server that has imported everything, since the imports take longer than the writing.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pipeline.domain.embeddings import Embeddings
from pipeline.errors import PipelineError
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.query.served import Run, ask_published
from pipeline.query.similar import similar
from pipeline.removal.removal import remove
from pipeline.writeback.rollback import rollback
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, change

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])

DIM = 4

BY_NAME = """
MATCH (film:Film {id: 'f3'}) MATCH (served:ServedVectors {label: 'Film'})
CALL db.index.vector.queryNodes(served.index, 40, film[served.property]) YIELD node
RETURN served.run AS run, node[served.property][0] AS first
"""
"""How the README asks."""


def state(number: int) -> tiny.Tables:
    """One of the states of a source: the same entities, with other names, values and weights, and some other hyperedges.

    The others are so few that even where each ingest is killed after it has removed and before it has created, none of the next
    would remove a tenth of what is left, which would be refused.
    """
    tables = tiny.tables()
    if number:
        tables.entities["Film"]["name"] += f" {number}"
        tables.hyperedges["Making"]["value"] += number
        tables.hyperedges["Making"].drop(index=range(number, 40, 20), inplace=True)
        tables.relations["Film", "LIKE"]["weight"] += number
    return tables


def run_of(number: int) -> Embeddings:
    """A run all of whose vectors begin with its number."""
    ids = {label: sorted(table["id"]) for label, table in tiny.tables().entities.items()}
    vectors = {label: np.random.default_rng(number).random((len(of), DIM), dtype=np.float32) for label, of in ids.items()}
    for vector in vectors.values():
        vector[:, 0] = number
    return Embeddings(f"run-{number}", "tiny", DIM, ids, vectors, {}, {})


def ingest_state(client: GraphClient, number: int, *, wait: bool) -> None:
    ingest(client, state(number), IngestOptions(wait=wait))


def write_run(client: GraphClient, number: int, *, wait: bool) -> None:
    write_back(client, run_of(number), wait=wait)


def roll_back(client: GraphClient, number: int, *, wait: bool) -> None:
    """Serve a run from its slot; there are no folders."""
    rollback(client, "tiny", Path("nowhere"), to=f"run-{number}", wait=wait)


def remove_tiny(client: GraphClient, number: int, *, wait: bool) -> None:
    remove(client, "tiny", lambda: None, wait=wait)


Work = Callable[..., None]


class Writer:
    """A process that does one piece of work, from its start on."""

    def __init__(
        self, connection: Connection, work: Work, number: int, *, wait: bool, after_s: float = 0, stop_at: int = 0
    ) -> None:
        self.work, self.number = work, number
        self._answer, theirs = CONTEXT.Pipe(duplex=False)
        self.process: ForkServerProcess = CONTEXT.Process(
            target=_work, args=(theirs, connection, work, number, wait, after_s, stop_at), daemon=True
        )
        self.process.start()
        theirs.close()
        self.killed = False

    def kill(self) -> None:
        self.killed = True
        self.process.kill()
        self.process.join()

    def until_stopped(self) -> None:
        """Wait until it has stopped itself."""
        process = psutil.Process(self.process.pid)
        while process.status() != psutil.STATUS_STOPPED:
            assert self.process.is_alive()
            time.sleep(0.02)

    def go_on(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def result(self) -> str:
        """The name of the error that it ended with, or nothing if it did its work."""
        answer: str = self._answer.recv()
        self.process.join()
        return answer


def let_leases_of_the_dead_end(client: GraphClient, writers: list[Writer]) -> None:
    """Do what the database's clock would do a little later.

    The lock comes before the look, or the lease may be another's, taken from the dead one, by the time that it is ended.
    """
    text = """
    MATCH (lease:WriteLease) SET lease.locked = true
    WITH lease WHERE lease.process IN $dead SET lease.expires = datetime.realtime()
    """
    change(client, text, dead=[writer.process.pid for writer in writers if writer.killed])


def served_whole(client: GraphClient) -> int | None:
    """Read as a reader does, assert that what is served is whole, and give the number of the run; None before the first."""
    if not ask(client, "MATCH (run:EmbeddingRun {status: 'published'}) RETURN run.id AS id"):
        return None

    def question(modality: Any, run: Run) -> tuple[str, set[float | None], int]:
        rows = ask(client, "MATCH (e:Entity) RETURN e['embedding' + $slot] AS vector", slot=run.slot)
        first = {None if row["vector"] is None else row["vector"][0] for row in rows}
        return run.id, first, len(similar(client, run, modality, "f3", k=40))

    name, first, num_neighbours = ask_published(client, "Film", question)
    number = int(name.removeprefix("run-"))
    assert (first, num_neighbours) == ({float(number)}, 23), name
    # What tools ask, which know no slots: all of it is of one run as well.
    found = ask(client, BY_NAME)
    runs, first = {row["run"] for row in found}, {row["first"] for row in found}
    if (len(found), {f"run-{each:.0f}" for each in first if each is not None}) != (24, runs):
        # Only who was overtaken within one query: the next run was published meanwhile, and another one began in the slot.
        of_run = "MATCH (run:EmbeddingRun) WHERE run.id IN $runs RETURN run.id AS id, run.status AS status, run.slot AS slot"
        now = ask(client, of_run, runs=list(runs))
        assert [(run["status"], run["slot"]) for run in now] == [("superseded", None)], (found, now)
    return number


def _work(answer: Pipe, connection: Connection, work: Work, number: int, wait: bool, after_s: float, stop_at: int) -> None:
    time.sleep(after_s)
    if stop_at:
        _stop_at(stop_at)
    try:
        with GraphClient(connection) as client:
            work(client, number, wait=wait)
    except PipelineError as error:
        answer.send(type(error).__name__)
    else:
        answer.send("")


def _stop_at(count: int) -> None:
    """Have this process stop, as by Ctrl-Z or a lid that is closed, before a write to the database."""
    writes = 0
    plain = {name: getattr(GraphClient, name) for name in ("write", "change_schema", "write_alone")}

    def stopping(run: Any) -> Any:
        def write(*args: Any, **parameters: Any) -> Any:
            nonlocal writes
            writes += 1
            if writes == count:
                os.kill(os.getpid(), signal.SIGSTOP)
            return run(*args, **parameters)

        return write

    for name, run in plain.items():
        setattr(GraphClient, name, stopping(run))
