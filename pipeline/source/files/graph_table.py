"""Tables from the graph that is in the database already: fetched once into files, before anything is made of them.

This side knows no database. What reads it is a `Graph`, which the commands and the flows provide.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.domain.dataset import Modality
from pipeline.errors import GraphStatementError

ELEMENT_HEADER = "element id"
OBSTACLES_HEADER = "obstacles"
"""Columns of a table of nodes beside their properties: which node it is, and what keeps it from being adopted."""

Batch = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Names of the columns, and some rows: of texts, numbers, booleans, None, and lists of such."""


class Graph(Protocol):
    """What reads the graph."""

    def query(self, cypher: str) -> Iterator[Batch]:
        """The rows of a query, in one transaction that may only read; at least one batch.

        Raises
        ------
        GraphStatementError
            If it cannot be run, would write, or returns nodes.
        """
        ...

    def nodes(self, modality: Modality, columns: Sequence[str]) -> Iterator[Batch]:
        """The nodes that a modality adopts: element id, obstacles, and the properties that are asked for; at least one batch."""
        ...


OpenGraph = Callable[[], AbstractContextManager[Graph]]
"""Connects to the graph for the length of a block."""


@dataclass(frozen=True)
class FetchedTable:
    """A table of the graph in a file.

    Attributes
    ----------
    path
        JSON lines, an object per row.
    headers
        The columns.
    digest
        Of all rows, in whatever order they came.
    error
        Why there is none, or None.
    """

    path: Path
    headers: tuple[str, ...]
    digest: str
    error: str | None = None


def fetch(batches: Iterator[Batch], path: Path) -> FetchedTable:
    """Write the rows to a file; no more than a batch of them is in memory."""
    headers: tuple[str, ...] = ()
    num_rows = total = 0
    try:
        with path.open("w", encoding="ascii") as file:
            for names, rows in batches:
                headers = tuple(names)
                for row in rows:
                    line = json.dumps(dict(zip(headers, row, strict=True)))
                    file.write(f"{line}\n")
                    # The order in which the graph gives rows is not promised: a sum does not depend on it.
                    total += int.from_bytes(hashlib.blake2b(line.encode(), digest_size=16).digest())
                    num_rows += 1
    except GraphStatementError as error:
        return FetchedTable(path, headers, str(error), str(error))
    return FetchedTable(path, headers, f"{headers} {num_rows} {total % 2**128:032x}")
