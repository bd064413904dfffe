"""An embeddings directory into Neo4j: written beside the vectors that are served, checked, and then served in their place."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.one_writer import one_writer
from pipeline.graph.schema import await_indexes
from pipeline.graph.slots import INDEX_LIMIT, Slot, vector_index, vector_property
from pipeline.graph.statement import load
from pipeline.writeback.runs import begin_run, publish_run

BATCH_SIZE = 2_000
CONCURRENCY = 2


def write_back(
    client: GraphClient, embeddings: Embeddings, progress: Progress = no_progress, *, wait: bool = False
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

    Returns
    -------
    dict
        Number of vectors per modality label.

    Raises
    ------
    WriteBackError
        If a vector cannot be served (not finite, all zero, wrong length), if the database does not hold exactly the entities of the
        run, or if an index does not hold all vectors.
    LeaseHeldError
        If another writer is at work on the data set.
    LeaseLostError
        If this process slept so long that another one may have taken its place.
    """
    _check_vectors(embeddings)
    with one_writer(client, embeddings.dataset, "hyperlearn write-back", wait=wait, progress=progress) as writer:
        return _write_back(writer, embeddings, progress)


def _write_back(client: GraphClient, embeddings: Embeddings, progress: Progress) -> dict[str, int]:
    slot = begin_run(client, embeddings)
    for label, ids in embeddings.ids.items():
        names = {"Modality": label, "embedding": vector_property(slot)}
        client.change_schema(load("writeback/drop_index").with_identifiers(vector_index=vector_index(label, slot)))
        _clear(client, names)
        with progress(f"Writing vectors of {label}", total=len(ids)) as advance:
            client.write_batches(
                load("writeback/write_vectors").with_identifiers(Modality=label),
                _batches(client, ids, embeddings.factors[label]),
                concurrency=CONCURRENCY,
                advance=advance,
                property=vector_property(slot),
            )
        _check_written(client, embeddings, label, names)
        # The index is made after the vectors, which is quicker than keeping it up to date, and while the next modality is written.
        client.change_schema(
            load("schema/vector_index").with_identifiers(vector_index=vector_index(label, slot), **names),
            dimensions=embeddings.embedding_dim,
        )
    with progress("Waiting for the vector indexes"):
        await_indexes(client)
    for label in embeddings.ids:
        _check_indexed(client, embeddings, label, slot)
    publish_run(client, embeddings, slot)
    return {label: len(ids) for label, ids in embeddings.ids.items()}


def _clear(client: GraphClient, names: Mapping[str, str]) -> None:
    """Remove what a slot holds: nothing, once the lease is lost, which the next write tells."""
    if client.lease is None:
        raise ValueError("vectors are removed under a lease only")
    client.write_alone(
        load("writeback/clear_slot").with_identifiers(**names), dataset=client.lease.dataset, token=client.lease.token
    )


def _batches(client: GraphClient, ids: Sequence[str], factor_NR: npt.NDArray[np.float32]) -> Iterator[list[object]]:
    """Rows of the statement that writes vectors, `BATCH_SIZE` at a time."""
    for start in range(0, len(ids), BATCH_SIZE):
        vectors = client.vectors(factor_NR[start : start + BATCH_SIZE])
        yield [{"id": id_, "vector": vector} for id_, vector in zip(ids[start : start + BATCH_SIZE], vectors, strict=True)]


def _check_vectors(embeddings: Embeddings) -> None:
    """Refuse what the database would take and then silently leave out of its index."""
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


def _check_written(client: GraphClient, embeddings: Embeddings, label: str, names: Mapping[str, str]) -> None:
    (found,) = client.read(load("writeback/count_vectors").with_identifiers(**names), embeddingDim=embeddings.embedding_dim)
    expected = len(embeddings.ids[label])
    if found["written"] != expected or found["missing"]:
        raise WriteBackError(
            f"{label}: of {expected:,} vectors {found['written']:,} were written, and {found['missing']:,} entities have none",
            hint="the entities changed since the export; run the refresh again. The former run is still served",
        )


def _check_indexed(client: GraphClient, embeddings: Embeddings, label: str, slot: Slot) -> None:
    statement = load("writeback/count_indexed").with_identifiers(Modality=label, embedding=vector_property(slot))
    (found,) = client.read(statement, index=vector_index(label, slot), limit=INDEX_LIMIT)
    expected = min(len(embeddings.ids[label]), INDEX_LIMIT)
    if found["indexed"] < expected:
        raise WriteBackError(
            f"{label}: {expected:,} vectors should be found through the index, {found['indexed']:,} are",
            hint="run the write-back again. The former run is still served",
        )
