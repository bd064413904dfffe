"""Whose nodes are whose: a data set writes and removes only what is its own."""

from pipeline.domain.dataset import Dataset
from pipeline.errors import GraphSchemaError
from pipeline.graph.client import GraphClient
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
        If another data set, or something that is no data set of ours, uses one of the labels.
    """
    stored = stored_datasets(client)
    labels = _node_labels(dataset)
    for name, other in stored.items():
        shared = labels.keys() & _node_labels(other.dataset).keys()
        if name != dataset.name and shared:
            raise GraphSchemaError(
                f"label {min(shared)} of data set {dataset.name} belongs to data set {name}",
                hint="give it another label, or keep the data sets in two databases",
            )
    for label, kind in labels.items():
        (row,) = client.read(load("ingest/count_foreign").with_identifiers(Label=label), kind=kind)
        if row["foreign"]:
            raise GraphSchemaError(
                f"the database has {row['foreign']:,} {label} nodes that hyperlearn did not write",
                hint="ingest into a database of its own (NEO4J_DATABASE), or rename the label",
            )
    return stored.get(dataset.name)


def _node_labels(dataset: Dataset) -> dict[str, str]:
    """The labels that a data set uses, each with the common label of its nodes."""
    return dict.fromkeys(dataset.labels, "Entity") | {t.label: "Hyperedge" for t in dataset.hyperedge_types}
