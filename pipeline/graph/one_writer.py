"""One writer per data set, on whatever host: taking the lease, giving signs of life, releasing it.

The lease is taken over from another writer only once it has expired, by the database's clock, or at once from one that was a
process of this machine and is gone; whoever lost it so writes nothing more (see `GraphClient.under`). One that has expired and that
nobody took is its holder's still, who goes on where the database was away for longer.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import GraphError, LeaseHeldError
from pipeline.graph.client import GraphClient
from pipeline.graph.lease import BEAT_S, EXPIRY_S, LONGEST_S, Lease
from pipeline.graph.machine import is_gone, this_machine
from pipeline.graph.schema import create_missing
from pipeline.graph.statement import load

_POLL_S = 0.5


@dataclass(frozen=True)
class Holder:
    """Who writes a data set now.

    Attributes
    ----------
    lease
        Its lease.
    command, process, host
        What it does, and where.
    machine
        The machine, as `this_machine` names it.
    since
        Since when, ISO 8601, to the second.
    seconds_left
        When the lease ends unless it is renewed.
    """

    lease: Lease
    command: str
    process: int
    host: str
    machine: str
    since: str
    seconds_left: int

    @property
    def is_dead(self) -> bool:
        """Whether it is known to be gone: it was a process of this machine."""
        return self.machine != "" and self.machine == this_machine() and is_gone(self.process)

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.process} on {self.host}, since {self.since})"


@contextmanager
def one_writer(
    client: GraphClient, dataset: str, command: str, *, wait: bool = False, progress: Progress = no_progress
) -> Iterator[GraphClient]:
    """Hold the lease of a data set for the length of a block.

    Parameters
    ----------
    client
        The database. A client that is under the data set's lease already stays as it is: the lease is its giver's to release.
    dataset
        Name of the data set, which need not be there yet.
    command
        What the writer does, to be told to others.
    wait
        Wait for another writer, instead of being refused.
    progress
        Told of the waiting.

    Yields
    ------
    GraphClient
        A client that writes only as long as the lease is held.

    Raises
    ------
    LeaseHeldError
        If another one holds the lease, and `wait` is false.
    """
    if client.lease is not None and client.lease.dataset == dataset:
        yield client
        return
    lease = _take(client, dataset, command, wait=wait, progress=progress)
    try:
        with _signs_of_life(client, lease):
            yield client.under(lease)
    finally:
        # What cannot be released ends by itself, and must not hide the error that led here.
        with suppress(GraphError):
            client.write(load("lease/release"), dataset=lease.dataset, token=lease.token)


def holder_of(client: GraphClient, dataset: str) -> Holder | None:
    """Who holds the lease of a data set, or None."""
    for row in client.read(load("lease/holder"), dataset=dataset, longest=LONGEST_S):
        lease = Lease(dataset, row["token"])
        return Holder(lease, row["command"], row["process"], row["host"], row["machine"], row["since"], row["secondsLeft"])
    return None


def _take(client: GraphClient, dataset: str, command: str, *, wait: bool, progress: Progress) -> Lease:
    create_missing(client, {"lease_dataset": load("schema/lease_dataset")})
    writer = {"command": command, "process": os.getpid(), "host": socket.gethostname(), "machine": this_machine()}
    while True:
        # Looked at first: a lease that is held is neither locked nor waited for.
        holder = holder_of(client, dataset)
        if holder is None or holder.is_dead:
            dead = holder.lease.token if holder else None
            times = {"seconds": EXPIRY_S, "longest": LONGEST_S}
            for row in client.write_and_return(load("lease/take"), dataset=dataset, dead=dead, **times, **writer):
                return Lease(dataset, row["token"])
        elif wait:
            with progress(f"Waiting for {holder}"):
                while (now := holder_of(client, dataset)) is not None and now.lease == holder.lease and not now.is_dead:
                    time.sleep(_POLL_S)
        else:
            raise LeaseHeldError(
                f"data set {dataset} is being written by {holder}",
                hint=f"wait for it with --wait; if it is dead, its lease ends in {holder.seconds_left} s",
            )


@contextmanager
def _signs_of_life(client: GraphClient, lease: Lease) -> Iterator[None]:
    """Renew a lease in a thread of its own for the length of a block."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(BEAT_S):
            # The next sign may get through. If another has taken the lease meanwhile, the next write says so.
            with suppress(GraphError):
                if not client.renew(lease):
                    return

    # Not joined: one that still waits for a database that is gone must not keep the process.
    threading.Thread(target=renew, name=f"lease of {lease.dataset}", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
