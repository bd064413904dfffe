"""What entities and hyperedges of different kinds are called side by side: labels have no colon, so no two names meet."""

from collections.abc import Iterable


def entity_names(label: str, ids: Iterable[str]) -> list[str]:
    """``<Label>:<id>`` of each entity."""
    return [f"{label}:{id_}" for id_ in ids]


def hyperedge_name(label: str, number: int) -> str:
    """``<Type>:<number>``, by the order in a snapshot."""
    return f"{label}:{number}"
