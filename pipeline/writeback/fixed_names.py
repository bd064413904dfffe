"""The served vectors once more, under names that stay: property `embedding`, and an index ``<label>_embedding`` per modality.

A data set has the copy if somebody asked for it once; the node of the data set says so (``fixedNames``: the labels), and says which
run the copy holds as a whole (``copiedRun``; none from before the first vector is copied until after the last). After a run is
published its vectors are copied inside the server, a page of entities a transaction, so a reader meets two runs at once for that
long. Its index is kept up to date by the server meanwhile, and answers at every moment; it goes, and is made anew, only if the
vectors have another length or somebody dropped it.
"""

from collections.abc import Collection

from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import GraphSchemaError
from pipeline.graph.client import GraphClient, Row
from pipeline.graph.counts import count_nodes
from pipeline.graph.fixed_names import FIXED_PROPERTY, create_fixed_index, drop_fixed_index, fixed_index
from pipeline.graph.schema import await_indexes
from pipeline.graph.slots import Slot, vector_property
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset, stored_datasets
from pipeline.graph.stored_runs import StoredRun, published_run

PAGE_SIZE = 1_000
"""Entities a transaction: it inserts them into an index, and the lease is locked meanwhile."""

_HINT = "rename yours or remove it, or do without --fixed-names (--no-fixed-names, if they are on)"


def switch_fixed_names(client: GraphClient, dataset: str, wanted: bool | None, progress: Progress = no_progress) -> bool:
    """Have a data set's vectors copied from now on, or no longer, and check that nothing of others' is in the way of the copy.

    Nothing is copied yet, and nothing is written where something is in the way.

    Parameters
    ----------
    client
        A client that is under the data set's lease.
    dataset
        Name of the data set. Where the database does not hold it, nothing is done.
    wanted
        Whether vectors are to be copied; None leaves it as it was.
    progress
        Told of what is removed.

    Returns
    -------
    bool
        Whether they are copied.

    Raises
    ------
    GraphSchemaError
        If a property or an index of the copy's name is there and is not the copy's.
    """
    stored = stored_datasets(client).get(dataset)
    if stored is None:
        return False
    if wanted is False:
        _remove_copy(client, stored, progress)
    elif wanted or stored.fixed_names:
        _check_names(client, stored)
        if not stored.fixed_names:
            _keep(client, stored, stored.dataset.labels, None)
    return bool(wanted or (wanted is None and stored.fixed_names))


def copy_served(client: GraphClient, dataset: str, progress: Progress = no_progress) -> int | None:
    """Make the copy hold the served run, if the data set has one.

    Parameters
    ----------
    client
        A client that is under the data set's lease.
    dataset
        Name of the data set.
    progress
        Told of each modality.

    Returns
    -------
    int or None
        Number of entities whose copy was another one, or None where nothing is to be copied.

    Raises
    ------
    GraphSchemaError
        As `switch_fixed_names` does.
    LeaseLostError
        If this process slept so long that another one may have taken its place.
    """
    stored, run = _copied_dataset(client, dataset)
    if stored is None or run is None or run.slot is None:
        return None
    indexes = _check_names(client, stored)
    labels = stored.dataset.labels
    for label in set(stored.fixed_names) - set(labels):
        drop_fixed_index(client, label)
    _keep(client, stored, labels, None)
    num_changed = 0
    for label in labels:
        if not _fits(indexes, label, run):
            drop_fixed_index(client, label)
        num_changed += _copy(client, label, run.slot, progress)
        # Where it was there it stays; else it is made after the vectors, which is quicker.
        create_fixed_index(client, label, run.embedding_dim)
    with progress("Waiting for the vector indexes"):
        await_indexes(client)
    _keep(client, stored, labels, run.id)
    return num_changed


def begin_copy(client: GraphClient, dataset: str) -> None:
    """Before vectors of the served run are changed: the copy is no longer whole, if there is one."""
    stored = stored_datasets(client).get(dataset)
    if stored is not None and stored.fixed_names:
        _keep(client, stored, stored.fixed_names, None)


def complete_copy(client: GraphClient, dataset: str, progress: Progress = no_progress) -> int | None:
    """The same, unless the copy is that of the served run and whole: then None."""
    return copy_served(client, dataset, progress) if copy_is_due(client, dataset) else None


def copy_is_due(client: GraphClient, dataset: str) -> bool:
    """Whether a data set has a copy that is not that of the served run, or not whole."""
    stored, run = _copied_dataset(client, dataset)
    return stored is not None and run is not None and not _is_whole(client, stored, run)


def _copied_dataset(client: GraphClient, dataset: str) -> tuple[StoredDataset | None, StoredRun | None]:
    """A data set that has a copy, and the run that it serves."""
    stored = stored_datasets(client).get(dataset)
    if stored is None or not stored.fixed_names:
        return None, None
    return stored, published_run(client, dataset)


def _is_whole(client: GraphClient, stored: StoredDataset, run: StoredRun) -> bool:
    """Whether the copy is a run's, and neither a vector nor an index of it was removed since."""
    if run.slot is None or stored.copied_run != run.id or set(stored.fixed_names) != set(stored.dataset.labels):
        return False
    indexes, source = _indexes(client), vector_property(run.slot)
    return all(
        _fits(indexes, label, run) and _count(client, label, FIXED_PROPERTY) == _count(client, label, source)
        for label in stored.dataset.labels
    )


def _copy(client: GraphClient, label: str, slot: Slot, progress: Progress) -> int:
    """Copy the vectors of a modality, and count those that were others."""
    statement = load("names/copy_page").with_identifiers(Modality=label, served=vector_property(slot))
    after, num_changed = "", 0
    with progress(f"Copying vectors of {label} to {FIXED_PROPERTY}", total=count_nodes(client, label)) as advance:
        while True:
            (page,) = client.write_and_return(statement, after=after, size=PAGE_SIZE)
            num_changed += int(page["changed"])
            advance(page["read"])
            if page["read"] < PAGE_SIZE:
                break
            after = page["last"]
    return num_changed


def _remove_copy(client: GraphClient, stored: StoredDataset, progress: Progress) -> None:
    """Remove what the data set's node says is its copy; one that is stopped is completed by the next."""
    if not stored.fixed_names:
        return
    _keep(client, stored, stored.fixed_names, None)
    indexes = _indexes(client)
    for label in stored.fixed_names:
        if _is_ours(indexes, label):
            drop_fixed_index(client, label)
        with progress(f"Removing {FIXED_PROPERTY} of {label}"):
            clear = load("writeback/clear_slot").with_identifiers(Modality=label, embedding=FIXED_PROPERTY)
            client.write_alone(clear)
    _keep(client, stored, None, None)


def _keep(client: GraphClient, stored: StoredDataset, labels: Collection[str] | None, run: str | None) -> None:
    client.write(load("names/keep"), dataset=stored.dataset.name, labels=None if labels is None else list(labels), run=run)


def _check_names(client: GraphClient, stored: StoredDataset) -> dict[str, Row]:
    """Refuse what is in the way of a copy and not of it, and give the indexes of the database by name."""
    indexes = _indexes(client)
    for modality in stored.dataset.modalities:
        label = modality.label
        if FIXED_PROPERTY in modality.properties:
            raise GraphSchemaError(
                f"vectors cannot be copied to {label}.{FIXED_PROPERTY}: the data set has a property of that name of its own",
                hint="call it something else in the data set file, or do without --fixed-names",
            )
        name, ours = fixed_index(label), _is_ours(indexes, label) and label in stored.fixed_names
        for index in indexes.values():
            if (index["name"] == name and not ours) or (_holds_copies(index, label) and index["name"] != name):
                on = f"{':'.join(index['labels'] or [])}({', '.join(index['properties'] or [])})"
                raise GraphSchemaError(
                    f"the database has the {index['type'].lower()} index {index['name']} on {on}, which hyperlearn did not make: "
                    f"{name} on {label}({FIXED_PROPERTY}) cannot be",
                    hint=_HINT,
                )
        if label not in stored.fixed_names and (count := _count(client, label, FIXED_PROPERTY)):
            raise GraphSchemaError(
                f"{count:,} {label} nodes have a property {FIXED_PROPERTY} that hyperlearn did not write: nothing is copied to it",
                hint=_HINT,
            )
    return indexes


def _indexes(client: GraphClient) -> dict[str, Row]:
    return {row["name"]: row for row in client.read(load("names/indexes"))}


def _is_ours(indexes: dict[str, Row], label: str) -> bool:
    """Whether the index of a copy's name is one of a copy."""
    index = indexes.get(fixed_index(label))
    return index is not None and _holds_copies(index, label)


def _holds_copies(index: Row, label: str) -> bool:
    return bool(index["type"] == "VECTOR" and index["labels"] == [label] and index["properties"] == [FIXED_PROPERTY])


def _fits(indexes: dict[str, Row], label: str, run: StoredRun) -> bool:
    """Whether the index of a copy answers, and takes the vectors of a run."""
    index = indexes.get(fixed_index(label))
    return index is not None and index["state"] == "ONLINE" and index["dimensions"] == run.embedding_dim


def _count(client: GraphClient, label: str, property_: str) -> int:
    """How many entities have a vector there. Whether there is one is told without reading it."""
    (row,) = client.read(load("names/count").with_identifiers(Modality=label, embedding=property_))
    return int(row["entities"])
