"""Numbers that Neo4j keeps, and tells without looking at a node."""

from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load


def count_nodes(client: GraphClient, label: str) -> int:
    """How many nodes have a label."""
    (row,) = client.read(load("query/count_nodes").with_identifiers(Label=label))
    return int(row["nodes"])


def count_existing(client: GraphClient, label: str) -> int:
    """How many nodes have a label of the user's own."""
    (row,) = client.read(load("existing/count_nodes").with_identifiers(Existing=label))
    return int(row["nodes"])
