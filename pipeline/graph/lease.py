"""The lease of one writer on a data set, as its statements are told of it.

A lease is a node of the database, ``(:WriteLease {dataset, token, command, process, host, machine, since, heartbeat, expires})``;
all its times are of the database's clock. `pipeline.graph.one_writer` takes, renews and releases it; `GraphClient` checks it with
each write.
"""

from dataclasses import dataclass

EXPIRY_S = 30
"""Seconds after its holder's last sign at which others may take a lease: the longest that a killed writer keeps those of other
machines waiting. Neo4j itself may stand still for some ten seconds, and a restart of it takes about twenty."""

LONGEST_S = 2 * EXPIRY_S
"""A lease that ends later than in so many seconds is of before the clock was set back, and its holder has given no sign since."""

BEAT_S = 5
"""Seconds between two signs: five may be lost."""

SCHEMA_S = 10
"""Longest transaction that changes the schema, seconds. It cannot lock the lease, so it has to end before others may take that."""

SCHEMA_BLOCKED_S = 3.0
"""How long it may wait for those who read what it changes, seconds: the server does not count that, and others wait behind it."""

SCHEMA_PAUSE_S = 7.0
"""How long they then have the way free before the next try, seconds."""

SCHEMA_PATIENCE_S = 120.0
"""When it is given up, seconds."""

SCHEMA_LEASE_S = 15
"""What the lease must last at the beginning of such a transaction, seconds: the server looks for overdue ones every two seconds."""

WRITE_S = 120
"""Longest transaction that writes, seconds: one whose client was stopped or cut off must not keep its locks for ever."""


@dataclass(frozen=True)
class Lease:
    """The right to write one data set, which may be handed on to other clients of the same writer; no secret.

    Attributes
    ----------
    dataset
        Name of the data set.
    token
        Number of the lease: each next holder's is greater, and only the greatest may write.
    """

    dataset: str
    token: int
