"""What the database holds, counted."""

from dataclasses import dataclass

from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_nodes
from pipeline.graph.statement import load
from pipeline.query.served import Served, served


@dataclass(frozen=True)
class Status:
    """What is there.

    Attributes
    ----------
    uri, database, version
        The database: its address, its name, Neo4j's version with its edition.
    entities
        Number of entities per modality label.
    hyperedges
        Number of hyperedges per hyperedge type label.
    datasets
        The data sets with their published runs.
    """

    uri: str
    database: str
    version: str
    entities: dict[str, int]
    hyperedges: dict[str, int]
    datasets: list[Served]


def status(client: GraphClient) -> Status:
    """Count what the database holds."""
    datasets = served(client)
    (server,) = client.read(load("query/version"))
    return Status(
        uri=client.connection.uri,
        database=client.connection.database,
        version=server["version"],
        entities={label: count_nodes(client, label) for entry in datasets for label in entry.dataset.labels},
        hyperedges={kind.label: count_nodes(client, kind.label) for entry in datasets for kind in entry.dataset.hyperedge_types},
        datasets=datasets,
    )
