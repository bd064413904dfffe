"""A former run served again: its vectors where they still lie, or else written back from its folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.run_folder import embeddings_folder
from pipeline.errors import QueryError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_nodes
from pipeline.graph.one_writer import one_writer
from pipeline.graph.schema import await_indexes
from pipeline.graph.slots import Slot, create_vector_index
from pipeline.graph.stored_datasets import stored_dataset
from pipeline.graph.stored_runs import StoredRun, stored_runs
from pipeline.writeback.fixed_names import copy_served, switch_fixed_names
from pipeline.writeback.runs import publish_run
from pipeline.writeback.writeback import check_indexed, count_vectors, write_run

_HINT = "the data set's description has changed since; ingest the former one again, or refresh"


@dataclass(frozen=True)
class Rollback:
    """What a rollback did.

    Attributes
    ----------
    run, former
        Ids of the run that is served now, and of the one that was; None where none was.
    written
        Whether its vectors were written back from its folder; else they lay in the database still.
    counts
        Number of vectors per modality label.
    missing
        Number of entities without a vector of it, since they came later, per modality label.
    """

    run: str
    former: str | None
    written: bool
    counts: dict[str, int]
    missing: dict[str, int]


def rollback(
    client: GraphClient, dataset: str, runs: Path, *, to: str | None = None, progress: Progress = no_progress, wait: bool = False
) -> Rollback:
    """Serve a former run of a data set again. All of it is under the data set's lease.

    Entities that came after the run have no vector of it. The run that was served stays where it is, and can be gone back to; a
    refresh does not make it anew as long as nothing has changed since.

    Parameters
    ----------
    client
        The database.
    dataset
        Name of the data set.
    runs
        Where the folders of refreshes are.
    to
        Id of the run; by default the newest one that was served and is older than the one that is served now.
    progress
        Told of each modality that is written.
    wait
        Wait for another writer of the data set, instead of being refused.

    Raises
    ------
    QueryError
        If the database does not hold the data set or the run.
    WriteBackError
        If there is no former run, or its vectors are neither in the database nor in its folder; nothing has changed then.
    ArtifactError
        If its folder is damaged.
    GraphSchemaError
        If something of others' has the fixed names to which vectors are copied; nothing has changed then.
    LeaseHeldError
        If another writer is at work on the data set.
    """
    stored_dataset(client, dataset)
    with one_writer(client, dataset, "hyperlearn rollback", wait=wait, progress=progress) as writer:
        known, labels = stored_runs(writer, dataset), stored_dataset(writer, dataset).dataset.labels
        run = _chosen(dataset, known, to) if to else _former(dataset, known)
        former = next((each.id for each in known if each.is_served), None)
        folder = embeddings_folder(runs, dataset, run.id)
        switch_fixed_names(writer, dataset, None)
        if run.slot is not None and run.status == "superseded":
            counts, written = _serve_slot(writer, run, run.slot, labels), False
        elif folder.is_dir():
            embeddings = Embeddings.read(folder)
            _check_labels(run, embeddings, labels)
            counts, written = write_run(writer, embeddings, progress, rolls_back=True), True
        else:
            raise WriteBackError(
                f"the vectors of run {run.id} are no longer in the database, and {folder} is not there",
                hint=f"`hyperlearn runs {dataset}` shows which can be served; `hyperlearn write-back` takes a folder of your own",
            )
        copy_served(writer, dataset, progress)
        missing = {label: count_nodes(writer, label) - count for label, count in counts.items()}
        return Rollback(run.id, former, written, counts, missing)


def _former(dataset: str, known: list[StoredRun]) -> StoredRun:
    """The newest run that was served and is older than the one that is served."""
    served = next((position for position, run in enumerate(known) if run.is_served), -1)
    for run in known[served + 1 :]:
        if run.published_at is not None:
            return run
    raise WriteBackError(
        f"data set {dataset} has no former run that was served", hint=f"`hyperlearn runs {dataset}` shows those that there are"
    )


def _chosen(dataset: str, known: list[StoredRun], wanted: str) -> StoredRun:
    for run in known:
        if run.id == wanted:
            if run.is_served:
                raise QueryError(f"run {wanted} is being served already")
            return run
    raise QueryError(f"data set {dataset} has no run {wanted}", hint=f"there are {', '.join(run.id for run in known) or 'none'}")


def _serve_slot(client: GraphClient, run: StoredRun, slot: Slot, labels: Sequence[str]) -> dict[str, int]:
    """Publish a run whose vectors are where they were, and number them per modality."""
    counts = {}
    for label in labels:
        counts[label], _ = count_vectors(client, label, slot, run.embedding_dim)
        if not counts[label]:
            raise _lacks(run, label)
        # It is there, unless somebody else dropped it.
        create_vector_index(client, label, slot, run.embedding_dim)
    await_indexes(client)
    for label, count in counts.items():
        check_indexed(client, label, count, slot)
    publish_run(client, run.id, slot, counts, status=run.status, rolls_back=True)
    return counts


def _check_labels(run: StoredRun, embeddings: Embeddings, labels: Sequence[str]) -> None:
    """Refuse a run of other modalities than the data set has now."""
    for label in labels:
        if label not in embeddings.ids:
            raise _lacks(run, label)
    for label in embeddings.ids:
        if label not in labels:
            raise WriteBackError(f"run {run.id} has vectors of {label}, which is no modality any more", hint=_HINT)


def _lacks(run: StoredRun, label: str) -> WriteBackError:
    return WriteBackError(f"run {run.id} has no vectors of {label}", hint=_HINT)
