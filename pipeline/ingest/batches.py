"""How rows are sent: in batches, several transactions under way at once, with a line of progress."""

import os
from collections.abc import Sequence

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement

BATCH_SIZE = 2_000
"""Rows per transaction: 5,000 took a sixth longer (a transaction's state no longer fits the server's caches), 500 a little."""

CONCURRENCY = min(4, os.cpu_count() or 1)
"""Transactions under way at once: while one waits for the server, another one is packed."""


def send(
    client: GraphClient,
    progress: Progress,
    description: str,
    statement: Statement,
    rows: Sequence[object],
    *,
    concurrency: int = CONCURRENCY,
) -> None:
    """Run a statement with the parameter ``$rows`` over all rows; nothing happens where there are none."""
    if rows:
        with progress(description, total=len(rows)) as advance:
            client.write_batches(statement, rows, batch_size=BATCH_SIZE, concurrency=concurrency, advance=advance)
