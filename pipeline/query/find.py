"""From what a person types to one entity."""

from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process, utils

from pipeline.domain.dataset import Modality
from pipeline.domain.visible import visible
from pipeline.errors import AmbiguousNameError, UnknownNameError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load

_NUM_SPELLINGS = 5


@dataclass(frozen=True)
class Entity:
    """An entity, as people are shown it.

    Attributes
    ----------
    id, name, label
        What it is.
    properties
        Values of the properties that tell apart entities of one name.
    """

    id: str
    name: str
    label: str
    properties: dict[str, Any]


def find(client: GraphClient, modality: Modality, id_or_name: str, *, by_id: bool = False, choose: str = "") -> Entity:
    """The entity of that name, or else of that id.

    Parameters
    ----------
    client
        The database.
    modality
        Where to look.
    id_or_name
        Exact name or id.
    by_id
        Look for an id only.
    choose
        How one of several entities is chosen, up to its id, for the message; by default by what `hyperlearn similar` takes.

    Raises
    ------
    AmbiguousNameError
        If several entities have the name; the message lists them with their ids.
    UnknownNameError
        If none has the name or the id; the message has the closest spellings.
    """
    identifiers = {"Modality": modality.label}
    properties = list(modality.distinguish_by)
    rows = []
    if not by_id:
        rows = client.read(load("query/find_by_name").with_identifiers(**identifiers), name=id_or_name, properties=properties)
    if not rows:
        rows = client.read(load("query/find_by_id").with_identifiers(**identifiers), id=id_or_name, properties=properties)
    found = [Entity(row["id"], row["name"], modality.label, _named(modality, row["properties"])) for row in rows]
    if len(found) > 1:
        lines = "".join(f"\n  {visible(f'{entity.id}  {entity.name}{_described(entity)}')}" for entity in found)
        raise AmbiguousNameError(
            f"{len(found)} entities of {modality.label} are named {id_or_name!r}:{lines}",
            hint=f"choose one by its id: {choose or f'hyperlearn similar {modality.label} --id '}{visible(found[0].id)}",
        )
    if not found:
        raise _unknown(client, modality, id_or_name, by_id=by_id)
    return found[0]


def _unknown(client: GraphClient, modality: Modality, id_or_name: str, *, by_id: bool) -> UnknownNameError:
    if by_id:
        return UnknownNameError(f"no {modality.label} has the id {id_or_name!r}", hint="leave --id out to look for a name")
    names = client.columns(load("query/names").with_identifiers(Modality=modality.label))["name"]
    close = process.extract(id_or_name, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=_NUM_SPELLINGS)
    spellings = "".join(f"\n  {visible(name)}" for name, _, _ in close)
    return UnknownNameError(
        f"no {modality.label} is named {id_or_name!r}", hint=f"the closest names are{spellings}" if close else ""
    )


def _named(modality: Modality, values: list[Any]) -> dict[str, Any]:
    return {name: value for name, value in zip(modality.distinguish_by, values, strict=True) if value is not None}


def _described(entity: Entity) -> str:
    described = ", ".join(f"{name} {_shown(value)}" for name, value in entity.properties.items())
    return f"  ({described})" if described else ""


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
