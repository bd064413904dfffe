"""Where the vectors of a run lie: two slots, one served while the other is written.

A slot is a property of the entities and a vector index per modality. Readers take the slot of the published run: switching runs is
one small transaction, and nobody meets a mixture.
"""

from typing import Literal

from pipeline.graph.schema import snake_case

Slot = Literal["A", "B"]

INDEX_LIMIT = 10_000
"""The most neighbours that a vector index gives."""


def vector_property(slot: Slot) -> str:
    """Name of the node property that holds the vectors of a slot."""
    return f"embedding{slot}"


def vector_index(label: str, slot: Slot) -> str:
    """Name of a modality's vector index in a slot."""
    return f"{snake_case(label)}_embedding_{slot.lower()}"
