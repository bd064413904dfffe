"""How rows are sent: in batches, several transactions under way at once, with a line of progress."""

import os
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement

BATCH_SIZE = 2_000
"""Rows per transaction: 5,000 took a sixth longer (a transaction's state no longer fits the server's caches), 500 a little."""

BATCH_BYTES = 1 << 20
"""Bytes per transaction, for rows that are long: the server keeps a transaction in memory several times over."""

CONCURRENCY = min(4, os.cpu_count() or 1)
"""Transactions under way at once: while one waits for the server, another one is packed."""


def send(
    client: GraphClient,
    progress: Progress,
    description: str,
    statement: Statement,
    rows: Iterable[pa.RecordBatch],
    convert: Callable[..., object],
    *,
    total: int,
    concurrency: int = CONCURRENCY,
    **parameters: object,
) -> None:
    """Run a statement with the parameter ``$batch`` over all rows; nothing happens where there are none.

    Parameters
    ----------
    client, progress, description
        Where to write, whom to tell, and what.
    statement
        The statement.
    rows
        The rows, in batches of at most `BATCH_SIZE`.
    convert
        Makes of a row's values, in the order of the columns, what the statement takes.
    total
        Number of rows.
    concurrency
        Transactions under way at once.
    **parameters
        The statement's other parameters.
    """
    if not total:
        return
    batches = ([convert(*row) for row in _values(piece)] for batch in rows for piece in _pieces(batch))
    with progress(description, total=total) as advance:
        client.write_batches(statement, batches, concurrency=concurrency, advance=advance, **parameters)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in as many pieces as keep each below `BATCH_BYTES`."""
    num_pieces = max(1, -(-batch.nbytes // BATCH_BYTES))
    size = max(1, -(-batch.num_rows // num_pieces))
    for start in range(0, batch.num_rows, size):
        yield batch.slice(start, size)


def _values(batch: pa.RecordBatch) -> Iterator[tuple[object, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)
