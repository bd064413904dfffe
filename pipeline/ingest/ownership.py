"""Whose nodes are whose: a data set writes and removes only what is its own."""

import re
from collections.abc import Mapping

from pipeline.domain.dataset import Adopted, Dataset
from pipeline.errors import GraphSchemaError
from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_nodes
from pipeline.graph.fixed_names import FIXED_PROPERTY
from pipeline.graph.schema import snake_case
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset, stored_datasets
from pipeline.ingest.adopted import adopted_of


def claim(client: GraphClient, dataset: Dataset) -> StoredDataset | None:
    """Check that every label of a data set is free or its own; nothing is written.

    Returns
    -------
    StoredDataset or None
        The data set as it was last ingested.

    Raises
    ------
    GraphSchemaError
        If another data set, or something that is no data set of ours, uses one of the labels; or if a property has the name under
        which the data set's vectors are copied.
    """
    stored = stored_datasets(client)
    labels = _node_labels(dataset)
    for name, other in stored.items():
        # Names of indexes are made of labels, and tell no capitals apart.
        taken = {snake_case(label) for label in _node_labels(other.dataset)}
        shared = [label for label in labels if snake_case(label) in taken]
        if name != dataset.name and shared:
            raise _taken(dataset.name, shared, name)
    own = stored.get(dataset.name)
    for label, adopted in adopted_of(dataset).items():
        _refuse_foreign_relations(client, dataset, label, adopted)
    if own is not None:
        _refuse_other_adoption(own.dataset, dataset)
    if not _are_all_ours(client, dataset, stored):
        _refuse_foreign(client, dataset)
    for modality in dataset.modalities:
        if own is not None and own.fixed_names and FIXED_PROPERTY in modality.properties:
            raise GraphSchemaError(
                f"{modality.label}.{FIXED_PROPERTY} holds the copy of the served vectors, and cannot be a property of the source",
                hint="call it something else in the data set file, or write back with --no-fixed-names first",
            )
    return own


def _refuse_foreign_relations(client: GraphClient, dataset: Dataset, label: str, adopted: Adopted) -> None:
    """Relations of ours between nodes of the user's need a type of their own: all of one type are read, and removed, as ours."""
    for graph in dataset.graphs:
        if graph.modality == label:
            identifiers = {"Existing": adopted.label, "RELATION_TYPE": graph.relation_type}
            (row,) = client.read(load("ingest/count_foreign_relations").with_identifiers(**identifiers))
            if row["foreign"]:
                raise GraphSchemaError(
                    f"{adopted.label} nodes have {row['foreign']:,} {graph.relation_type} relations that hyperlearn did not write",
                    hint=f'give those of the data set another type: type = "LEARNED_{graph.relation_type}"',
                )


def _refuse_other_adoption(former: Dataset, dataset: Dataset) -> None:
    """What nodes were given is told by how they were adopted: that may not change while they are."""
    before, now = adopted_of(former), adopted_of(dataset)
    for label in set(former.labels) & set(dataset.labels):
        one, other = before.get(label), now.get(label)
        if _given(one) != _given(other):
            raise GraphSchemaError(
                f"{label} was described otherwise at the last ingest: {_origin(one)}, and now {_origin(other)}",
                hint=f"`hyperlearn remove {dataset.name}` first, which leaves adopted nodes as they were; or another label",
            )


def _given(adopted: Adopted | None) -> tuple[object, ...]:
    return () if adopted is None else (adopted.label, adopted.key, adopted.copies)


def _origin(adopted: Adopted | None) -> str:
    return "entities of its own" if adopted is None else f"{adopted.label} nodes by {adopted.key}, named by {adopted.name}"


def _refuse_foreign(client: GraphClient, dataset: Dataset) -> None:
    """Look at each node that has a label of the data set."""
    for label, kind in _node_labels(dataset).items():
        (row,) = client.read(load("ingest/count_foreign").with_identifiers(Label=label), kind=kind)
        if row["foreign"]:
            raise GraphSchemaError(
                f"the database has {row['foreign']:,} {label} nodes that hyperlearn did not write",
                hint="ingest into a database of its own (NEO4J_DATABASE), or rename the label",
            )


def _are_all_ours(client: GraphClient, dataset: Dataset, stored: Mapping[str, StoredDataset]) -> bool:
    """Whether Neo4j's counts tell that the nodes with a label of the data set are ours, without a look at each.

    They do where each label has as many as the last ingest left, or none before the first, and the labels of all data sets have as
    many together as the label that is common to them: a node of ours has both. It would take somebody who removed one of ours, made
    one with its label, and another with the common label alone.
    """
    own = stored.get(dataset.name)
    left = own.counts if own is not None else {}
    if left is None:
        return False
    described = {name: other.dataset for name, other in stored.items()} | {dataset.name: dataset}
    common = {"Entity": 0, "Hyperedge": 0}
    for name, each in described.items():
        for label, kind in _node_labels(each).items():
            count = count_nodes(client, label)
            if name == dataset.name and count != left.get(label, 0):
                return False
            common[kind] += count
    return all(count == count_nodes(client, kind) for kind, count in common.items())


def _taken(dataset: str, labels: list[str], owner: str) -> GraphSchemaError:
    prefix = "".join(word.capitalize() for word in re.split("[-_]", dataset))
    many = len(labels) > 1
    return GraphSchemaError(
        f"label{'s' if many else ''} {', '.join(labels)} of data set {dataset} belong{'' if many else 's'} to data set {owner}",
        hint=f'prefix = "{prefix}" at the top of the data set file makes {labels[0]} {prefix}{labels[0]}, and so on; or rename '
        f"what is shared, keep the data sets in two databases (NEO4J_DATABASE, HYPERLEARN_HOME), or `hyperlearn remove {owner}`",
    )


def _node_labels(dataset: Dataset) -> dict[str, str]:
    """The labels that a data set uses, each with the common label of its nodes."""
    return dict.fromkeys(dataset.labels, "Entity") | {t.label: "Hyperedge" for t in dataset.hyperedge_types}
