"""Where the vectors of a run lie: two slots, one served while the other is written.

A slot is a property of the entities and a vector index per modality, and a property for the biases beside the vectors. Readers take
the slot of the published run: switching runs is one small transaction, and nobody meets a mixture.
"""

from typing import Literal, get_args

from pipeline.graph.client import GraphClient
from pipeline.graph.schema import snake_case
from pipeline.graph.statement import load

Slot = Literal["A", "B"]

SLOTS: tuple[Slot, ...] = get_args(Slot)

INDEX_LIMIT = 10_000
"""The most neighbours that a vector index gives."""

CANDIDATES = 200
"""How many the vector index is asked for where few are wanted: it answers approximately, and the exact similarity decides."""


def vector_property(slot: Slot) -> str:
    """Name of the node property that holds the vectors of a slot."""
    return f"embedding{slot}"


def bias_property(slot: Slot) -> str:
    """Name of the node property that holds what the hyperedge types of a slot's run add to an entity, a number per position."""
    return f"biases{slot}"


def vector_index(label: str, slot: Slot) -> str:
    """Name of a modality's vector index in a slot."""
    return f"{snake_case(label)}_embedding_{slot.lower()}"


def vector_identifiers(label: str, slot: Slot) -> dict[str, str]:
    """What statements call a modality and the property of its vectors."""
    return {"Modality": label, "embedding": vector_property(slot)}


def create_vector_index(client: GraphClient, label: str, slot: Slot, embedding_dim: int) -> None:
    """Create the vector index of a modality, if it is not there; `await_indexes` tells when it is online."""
    identifiers = {"vector_index": vector_index(label, slot), **vector_identifiers(label, slot)}
    client.change_schema(load("schema/vector_index").with_identifiers(**identifiers), dimensions=embedding_dim)


def drop_vector_index(client: GraphClient, label: str, slot: Slot) -> None:
    """Drop the vector index of a modality, if it is there."""
    client.change_schema(load("schema/drop_index").with_identifiers(index_name=vector_index(label, slot)))
