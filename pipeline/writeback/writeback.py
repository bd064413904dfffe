"""An embeddings directory into Neo4j: written beside the vectors that are served, checked, and then served in their place."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.one_writer import one_writer
from pipeline.graph.schema import await_indexes
from pipeline.graph.slots import (
    INDEX_LIMIT,
    Slot,
    bias_property,
    create_vector_index,
    drop_vector_index,
    vector_identifiers,
    vector_index,
    vector_property,
)
from pipeline.graph.statement import load
from pipeline.writeback.fixed_names import copy_served, switch_fixed_names
from pipeline.writeback.positions import biases_of, write_positions
from pipeline.writeback.recall import index_recall
from pipeline.writeback.runs import begin_run, publish_run, remove_old_records

BATCH_SIZE = 2_000
CONCURRENCY = 2


def write_back(
    client: GraphClient,
    embeddings: Embeddings,
    progress: Progress = no_progress,
    *,
    wait: bool = False,
    fixed_names: bool | None = None,
    copy: bool = True,
) -> dict[str, int]:
    """Write the vectors of a run and serve them.

    Until the last step the run served so far is untouched, and goes on being served if this one fails. All of it is under the data
    set's lease.

    Parameters
    ----------
    client
        The database that holds the run's data set.
    embeddings
        The vectors.
    progress
        Told of each modality.
    wait
        Wait for another writer of the data set, instead of being refused.
    fixed_names
        Whether the data set's vectors are copied to fixed names from now on (`pipeline.writeback.fixed_names`); None leaves it
        as it was.
    copy
        Whether to copy them now, where they are; else it is left to the caller.

    Returns
    -------
    dict
        Number of vectors per modality label.

    Raises
    ------
    WriteBackError
        If a vector cannot be served (not finite, all zero, wrong length), if the database does not hold exactly the entities of the
        run, or if an index does not hold all vectors.
    GraphSchemaError
        If something of others' has the fixed names; nothing has been written then.
    LeaseHeldError
        If another writer is at work on the data set.
    LeaseLostError
        If this process slept so long that another one may have taken its place.
    """
    with one_writer(client, embeddings.dataset, "hyperlearn write-back", wait=wait, progress=progress) as writer:
        switch_fixed_names(writer, embeddings.dataset, fixed_names, progress)
        remove_old_records(writer, embeddings.dataset)
        counts = write_run(writer, embeddings, progress)
        if copy:
            copy_served(writer, embeddings.dataset, progress)
        return counts


def write_run(
    client: GraphClient, embeddings: Embeddings, progress: Progress = no_progress, *, rolls_back: bool = False
) -> dict[str, int]:
    """Do it with a client that is under the lease.

    Parameters
    ----------
    client, embeddings, progress
        As for `write_back`.
    rolls_back
        Whether the run was served before and is to be so again, in place of a later one: entities that the database has no more are
        passed over then, and those that came since have no vector. Else it must hold exactly the entities of the run.

    Raises
    ------
    WriteBackError
        As `write_back` does.
    """
    check_vectors(embeddings)
    slot = begin_run(client, embeddings)
    counts = {}
    for label in embeddings.ids:
        drop_vector_index(client, label, slot)
        _clear(client, label, slot)
        write_vectors(client, embeddings, label, slot, progress)
        counts[label] = _count_written(client, embeddings, label, slot, whole=not rolls_back)
        # The index is made after the vectors, which is quicker than keeping it up to date, and while the next modality is written.
        create_vector_index(client, label, slot, embeddings.embedding_dim)
    write_positions(client, embeddings)
    with progress("Waiting for the vector indexes"):
        await_indexes(client)
    for label, count in counts.items():
        check_indexed(client, label, count, slot)
    with progress("Comparing what the indexes find with all vectors", total=len(counts)) as advance:
        recall = {}
        for label in counts:
            recall[label] = index_recall(client, embeddings, label, slot)
            advance(1)
    publish_run(client, embeddings.run, slot, counts, recall=recall, rolls_back=rolls_back)
    return counts


def _clear(client: GraphClient, label: str, slot: Slot) -> None:
    """Remove what a slot holds: nothing, once the lease is lost, which the next write tells."""
    client.write_alone(load("writeback/clear_slot").with_identifiers(**vector_identifiers(label, slot)))


def write_vectors(client: GraphClient, embeddings: Embeddings, label: str, slot: Slot, progress: Progress) -> None:
    """Write the vectors of a modality into a slot, and what the hyperedge types add to them."""
    ids = embeddings.ids[label]
    with progress(f"Writing vectors of {label}", total=len(ids)) as advance:
        client.write_batches(
            load("writeback/write_vectors").with_identifiers(Modality=label, biases=bias_property(slot)),
            _batches(client, ids, embeddings.factors[label], biases_of(embeddings, label)),
            concurrency=CONCURRENCY,
            advance=advance,
            property=vector_property(slot),
        )


def _batches(
    client: GraphClient, ids: Sequence[str], factor_NR: npt.NDArray[np.float32], bias_NP: npt.NDArray[np.float32]
) -> Iterator[list[object]]:
    """Rows of the statement that writes vectors, `BATCH_SIZE` at a time."""
    for start in range(0, len(ids), BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        rows = zip(ids[batch], client.vectors(factor_NR[batch]), bias_NP[batch].tolist(), strict=True)
        yield [{"id": id_, "vector": vector, "biases": biases} for id_, vector, biases in rows]


def count_vectors(client: GraphClient, label: str, slot: Slot, embedding_dim: int) -> tuple[int, int]:
    """How many entities of a modality have a vector in a slot, and how many have none."""
    statement = load("writeback/count_vectors").with_identifiers(**vector_identifiers(label, slot))
    (found,) = client.read(statement, embeddingDim=embedding_dim)
    return found["written"], found["missing"]


def check_vectors(embeddings: Embeddings) -> None:
    """Refuse what the database would take and then silently leave out of its index.

    Raises
    ------
    WriteBackError
        If a vector is not finite, all zero or of the wrong length; names the first.
    """
    for label, factor_NR in embeddings.factors.items():
        expected = (len(embeddings.ids[label]), embeddings.embedding_dim)
        if factor_NR.shape != expected:
            raise WriteBackError(f"{label}: vectors of shape {factor_NR.shape}, {expected} are expected", hint="train again")
        wrong = ~np.isfinite(factor_NR).all(axis=1) | ~factor_NR.any(axis=1)
        if wrong.any():
            first = embeddings.ids[label][int(wrong.argmax())]
            raise WriteBackError(
                f"{label}: {int(wrong.sum())} vector(s) are zero or not finite, the first is that of {first!r}", hint="train again"
            )


def _count_written(client: GraphClient, embeddings: Embeddings, label: str, slot: Slot, *, whole: bool) -> int:
    """Number of vectors that were written, which must be all, or, if the entities may be others by now, at least one."""
    written, missing = count_vectors(client, label, slot, embeddings.embedding_dim)
    expected = len(embeddings.ids[label])
    if (written, missing) != (expected, 0) and (whole or not written):
        raise WriteBackError(
            f"{label}: of {expected:,} vectors {written:,} were written, and {missing:,} entities have none",
            hint="the entities changed since the export; run the refresh again. The former run is still served",
        )
    return written


def check_indexed(client: GraphClient, label: str, count: int, slot: Slot) -> None:
    """Refuse a vector index that does not hold as many vectors as there are.

    Raises
    ------
    WriteBackError
        If it does not.
    """
    statement = load("writeback/count_indexed").with_identifiers(**vector_identifiers(label, slot))
    (found,) = client.read(statement, index=vector_index(label, slot), limit=INDEX_LIMIT)
    expected = min(count, INDEX_LIMIT)
    if found["indexed"] < expected:
        raise WriteBackError(
            f"{label}: {expected:,} vectors should be found through the index, {found['indexed']:,} are",
            hint="run the write-back again. The former run is still served",
        )
