"""Whose nodes are whose: a data set writes and removes only what is its own."""

import json

from pipeline.domain.dataset import Dataset
from pipeline.errors import GraphSchemaError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load


def claim(client: GraphClient, dataset: Dataset) -> Dataset | None:
    """Check that every label of a data set is free or its own, and note that it is taken.

    Returns
    -------
    Dataset or None
        The description under which the data set was last ingested.

    Raises
    ------
    GraphSchemaError
        If another data set, or something that is no data set of ours, uses one of the labels. Nothing has been written then.
    """
    stored = {row["name"]: Dataset.from_json(json.loads(row["description"])) for row in client.read(load("ingest/read_datasets"))}
    labels = _node_labels(dataset)
    for other in stored.values():
        shared = labels.keys() & _node_labels(other).keys()
        if other.name != dataset.name and shared:
            raise GraphSchemaError(
                f"label {min(shared)} of data set {dataset.name} belongs to data set {other.name}",
                hint="give it another label, or keep the data sets in two databases",
            )
    for label, kind in labels.items():
        (row,) = client.read(load("ingest/count_foreign").with_identifiers(Label=label), kind=kind)
        if row["foreign"]:
            raise GraphSchemaError(
                f"the database has {row['foreign']:,} {label} nodes that hyperlearn did not write",
                hint="ingest into a database of its own (NEO4J_DATABASE), or rename the label",
            )
    if dataset.name not in stored:
        write_description(client, dataset, counts=None)
    return stored.get(dataset.name)


def write_description(client: GraphClient, dataset: Dataset, counts: dict[str, int] | None) -> None:
    """Store the description, with the number of rows per table once all are written."""
    client.write(
        load("ingest/write_dataset"),
        name=dataset.name,
        description=json.dumps(dataset.to_json()),
        counts=None if counts is None else json.dumps(counts),
    )


def _node_labels(dataset: Dataset) -> dict[str, str]:
    """The labels that a data set uses, each with the common label of its nodes."""
    return dict.fromkeys(dataset.labels, "Entity") | {t.label: "Hyperedge" for t in dataset.hyperedge_types}
