"""A data set out of the database and off this machine, whatever is left of it.

What it serves goes first, its node and its lease last: a removal that is killed is completed by the next one, and an ingest in
between brings the data set back as a whole. Other data sets share neither labels nor indexes with it.
"""

from collections.abc import Callable

from pipeline.domain.progress import Progress, no_progress
from pipeline.graph.adopted_nodes import gone_properties
from pipeline.graph.client import GraphClient
from pipeline.graph.fixed_names import drop_fixed_index
from pipeline.graph.one_writer import one_writer
from pipeline.graph.schema import drop_schema
from pipeline.graph.slots import SLOTS, drop_vector_index
from pipeline.graph.statement import Statement, load
from pipeline.graph.stored_datasets import StoredDataset, stored_datasets


def remove(
    client: GraphClient,
    name: str,
    remove_files: Callable[[], object],
    progress: Progress = no_progress,
    *,
    wait: bool = False,
) -> None:
    """Remove a data set: nodes, relations, hyperedges, constraints, indexes, records of runs, digests, files.

    All of it is under the data set's lease. What somebody else hung on its entities goes with them; nodes of somebody else's that
    it adopted stay, as they were before.

    Parameters
    ----------
    client
        The database.
    name
        Name of the data set. Where the database does not hold it, its files go.
    remove_files
        Removes what this machine keeps of it; called before the database forgets the data set.
    progress
        Told of each table.
    wait
        Wait for another writer of the data set, instead of being refused.

    Raises
    ------
    LeaseHeldError
        If another writer is at work on the data set; nothing has been removed then.
    LeaseLostError
        If this process slept so long that another one may have taken its place.
    GraphError
        If the database fails; running again completes the work.
    """
    with one_writer(client, name, "hyperlearn remove", wait=wait, progress=progress) as writer:
        lease = writer.lease
        if lease is None:
            raise AssertionError("a writer is under a lease")
        writer.write(load("removal/begin_removal"), dataset=name)
        stored = stored_datasets(writer).get(name)
        if stored is not None:
            _remove_rows(writer, stored, progress)
        remove_files()
        writer.write(load("removal/remove_dataset"), dataset=name)
    # Not under the lease, which could not be checked after it has gone; whoever took it meanwhile keeps it.
    client.write(load("removal/remove_lease"), dataset=name, token=lease.token)


def _remove_rows(client: GraphClient, stored: StoredDataset, progress: Progress) -> None:
    """Remove all but the node of the data set; what holds others goes before them."""
    dataset = stored.dataset

    def removed(description: str, statement: Statement, **parameters: object) -> None:
        with progress(f"Removing {description}"):
            client.write_alone(statement, **parameters)

    removed("digests", load("removal/remove_digests"))
    # Without vector indexes nodes go quicker, and nobody finds half of them.
    for label in dataset.labels:
        for slot in SLOTS:
            drop_vector_index(client, label, slot)
    for label in stored.fixed_names:
        drop_fixed_index(client, label)
    for kind in dataset.hyperedge_types:
        removed(kind.label, load("removal/remove_nodes").with_identifiers(Label=kind.label, Kind="Hyperedge"))
    for graph in dataset.graphs:
        identifiers = {"Modality": graph.modality, "RELATION_TYPE": graph.relation_type}
        removed("-".join(graph.key), load("removal/remove_relations").with_identifiers(**identifiers))
    for modality in dataset.modalities:
        label, adopted = modality.label, modality.adopted
        if adopted is None:
            removed(label, load("removal/remove_nodes").with_identifiers(Label=label, Kind="Entity"))
        else:
            statement = load("removal/release_nodes").with_identifiers(Modality=label)
            removed(label, statement, gone=gone_properties(stored, adopted, label))
    drop_schema(client, dataset)
