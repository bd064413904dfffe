"""Whose nodes are whose: a data set writes and removes only what is its own."""

import re
from collections.abc import Iterable

from pipeline.domain.dataset import Dataset
from pipeline.errors import GraphSchemaError
from pipeline.graph.client import GraphClient
from pipeline.graph.fixed_names import FIXED_PROPERTY
from pipeline.graph.schema import snake_case
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset, stored_datasets


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
    described = {name: other.dataset for name, other in stored.items()} | {dataset.name: dataset}
    if not (_is_as_left(client, dataset, own) and _are_all_described(client, described.values())):
        _refuse_foreign(client, dataset)
    for modality in dataset.modalities:
        if own is not None and own.fixed_names and FIXED_PROPERTY in modality.properties:
            raise GraphSchemaError(
                f"{modality.label}.{FIXED_PROPERTY} holds the copy of the served vectors, and cannot be a property of the source",
                hint="call it something else in the data set file, or write back with --no-fixed-names first",
            )
    return own


def _refuse_foreign(client: GraphClient, dataset: Dataset) -> None:
    """Look at each node that has a label of the data set."""
    for label, kind in _node_labels(dataset).items():
        (row,) = client.read(load("ingest/count_foreign").with_identifiers(Label=label), kind=kind)
        if row["foreign"]:
            raise GraphSchemaError(
                f"the database has {row['foreign']:,} {label} nodes that hyperlearn did not write",
                hint="ingest into a database of its own (NEO4J_DATABASE), or rename the label",
            )


def _is_as_left(client: GraphClient, dataset: Dataset, own: StoredDataset | None) -> bool:
    """Whether each label has as many nodes as the last ingest left, or none before the first."""
    left = own.counts if own is not None else {}
    return left is not None and all(_count(client, label) == left.get(label, 0) for label in _node_labels(dataset))


def _are_all_described(client: GraphClient, datasets: Iterable[Dataset]) -> bool:
    """Whether the labels of the data sets have as many nodes together as the label that is common to them.

    A node of ours has both. Beside `_is_as_left` that tells whose nodes are whose from Neo4j's counts, without a look at each: it
    would take somebody who removed one of ours, made one with its label, and another with the common label alone.
    """
    described = {"Entity": 0, "Hyperedge": 0}
    for dataset in datasets:
        for label, kind in _node_labels(dataset).items():
            described[kind] += _count(client, label)
    return all(count == _count(client, kind) for kind, count in described.items())


def _count(client: GraphClient, label: str) -> int:
    (row,) = client.read(load("query/count_nodes").with_identifiers(Label=label))
    return int(row["nodes"])


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
