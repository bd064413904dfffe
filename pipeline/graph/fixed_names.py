"""What the copy of the served vectors is called, whichever slot they lie in: names that tools may keep.

The copy is of those data sets that asked for it (`pipeline.writeback.fixed_names`). The node of the data set says which labels have
one: that tells it from a property and an index of somebody else's that are called the same.
"""

from pipeline.graph.client import GraphClient
from pipeline.graph.schema import snake_case
from pipeline.graph.statement import load

FIXED_PROPERTY = "embedding"
"""The property of an entity that holds the copy of its served vector."""


def fixed_index(label: str) -> str:
    """Name of the vector index of a modality's copy."""
    return f"{snake_case(label)}_embedding"


def create_fixed_index(client: GraphClient, label: str, embedding_dim: int) -> None:
    """Create it, if it is not there; `await_indexes` tells when it is online."""
    identifiers = {"vector_index": fixed_index(label), "Modality": label, "embedding": FIXED_PROPERTY}
    client.change_schema(load("schema/vector_index").with_identifiers(**identifiers), dimensions=embedding_dim)


def drop_fixed_index(client: GraphClient, label: str) -> None:
    """Drop it, if it is there."""
    client.change_schema(load("schema/drop_index").with_identifiers(index_name=fixed_index(label)))
