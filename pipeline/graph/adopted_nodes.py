"""What nodes of the user's own are given when they become entities, and lose when they are released."""

from pipeline.domain.dataset import Adopted
from pipeline.graph.fixed_names import FIXED_PROPERTY
from pipeline.graph.slots import SLOTS, bias_property, vector_property
from pipeline.graph.stored_datasets import StoredDataset


def given_properties(adopted: Adopted) -> set[str]:
    """Properties that adopted nodes are given: they may have none of these before."""
    slots = {name for slot in SLOTS for name in (vector_property(slot), bias_property(slot))}
    return {*adopted.copies, "ingest", *slots}


def gone_properties(stored: StoredDataset, adopted: Adopted, label: str) -> dict[str, None]:
    """What the nodes of a modality lose when they are released; null takes a property away."""
    copied = {FIXED_PROPERTY} if label in stored.fixed_names else set()
    return dict.fromkeys(sorted(given_properties(adopted) | copied))
