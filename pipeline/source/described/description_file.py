"""Reading a data set file, so that everything that is wrong with it is told at once, each with its location.

In comes a TOML file or the same as a dictionary, out come a `Description` and the `Dataset` that it describes.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pipeline.domain.dataset import Adopted, Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import ConfigurationError
from pipeline.source.described.description import Description, ModalityTable, Relation
from pipeline.source.described.training_table import values
from pipeline.source.toml.toml_file import parsed, read_toml, refused

_HINT = "`hyperlearn check --schema` prints the JSON schema, for help in an editor"

_Built = TypeVar("_Built")


def read_description(path: Path) -> tuple[Description, Dataset]:
    """Read a data set file.

    Raises
    ------
    ConfigurationError
        If it cannot be read, is no TOML, or does not describe a hypergraph; with all problems and their locations.
    """
    return parse_description(read_toml(path, "a data set file"), str(path))


def packaged_description(package: str, file: str) -> tuple[Description, Dataset]:
    """Read the data set file of a data set that is built in."""
    content = files(package).joinpath(file).read_text(encoding="utf-8")
    return parse_description(tomllib.loads(content), file)


def parse_description(content: Mapping[str, Any], where: str) -> tuple[Description, Dataset]:
    """Check what a data set file holds.

    Parameters
    ----------
    content
        The file as a dictionary.
    where
        What to call it in messages.

    Raises
    ------
    ConfigurationError
        With all problems and their locations.

    Returns
    -------
    tuple
        The description, in which every label has its prefix, and what it describes.
    """
    description = parsed(Description, content, where, _HINT)
    problems = list(_contradictions(description))
    dataset = _dataset(description, problems)
    if dataset is not None and description.prefix is not None:
        # First as it is written, since that is how its problems are told.
        description = description.prefixed()
        dataset = _dataset(description, problems)
    if dataset is None:
        raise refused(where, problems, _HINT)
    return description, dataset


def _dataset(description: Description, problems: list[str]) -> Dataset | None:
    """What the description describes; what is wrong with its names and weights is added to the problems."""

    def attempt(location: str, build: Callable[[], _Built]) -> list[_Built]:
        try:
            return [build()]
        except ConfigurationError as error:
            problems.append(f"{location}: {error}" + (f"; {error.hint}" if error.hint else ""))
            return []

    attempt("name", lambda: Dataset(description.name, (), ()))
    modalities: list[Modality] = []
    for label, m in description.modalities.items():
        types = {name: p.type for name, p in m.properties.items()}
        # Only then do labels have their prefix.
        adopted = _adopted(m) if description.prefix is None else None
        modalities += attempt(f"modalities.{label}", lambda: Modality(label, types, tuple(m.distinguish_by), adopted))  # noqa: B023 - called at once
    graphs: list[IntraModalGraph] = []
    for position, r in enumerate(description.relations):
        graphs += attempt(f"relations[{position}]", lambda: IntraModalGraph(r.modality, r.type, r.weight))  # noqa: B023
    hyperedge_types: list[HyperedgeType] = []
    for label, h in description.hyperedges.items():
        members = tuple(member.modality for member in h.members)
        time = h.time.type if h.time else None
        hyperedge_types += attempt(f"hyperedges.{label}", lambda: HyperedgeType(label, members, h.weight, time))  # noqa: B023
    if problems:
        return None
    parts = (tuple(modalities), tuple(hyperedge_types), tuple(graphs))
    whole = attempt("the file", lambda: Dataset(description.name, *parts, values(description.training)))
    return whole[0] if whole else None


def _adopted(modality: ModalityTable) -> Adopted | None:
    if modality.table is None or modality.table.nodes is None or modality.key is None:
        return None
    return Adopted(modality.table.nodes, modality.key.column, (modality.name or modality.key).column)


def _contradictions(description: Description) -> Iterator[str]:
    """What no part can know by itself: names of other parts."""
    named = set()
    for location, modality in _modalities_named(description):
        named.add(modality)
        if modality not in description.modalities:
            known = description.modalities
            yield f"{location}.modality: {modality!r}, expected one of {', '.join(known)}{did_you_mean(modality, known)}"
    yield from _known_by_nothing(description)
    for label, modality_table in description.modalities.items():
        if modality_table.table is None and label not in named:
            yield f"modalities.{label}: has no table, and no hyperedge or relation names it, so it has no entities"
    yield from _adopted_twice(description)
    for label in description.modalities.keys() & description.hyperedges.keys():
        yield f"hyperedges.{label}: is the label of a modality too; labels are unique"
    graphs = Counter((relation.modality, relation.type) for relation in description.relations)
    for position, relation in enumerate(description.relations):
        location = f"relations[{position}]"
        if graphs[relation.modality, relation.type] > 1:
            yield f"{location}.type: {relation.type} is given twice for {relation.modality}; give each its own type"
        if relation.nearest is not None and relation.modality in description.modalities:
            yield from _unknown_features(location, relation, description.modalities[relation.modality])
    for name, value in values(description.training).items():
        for label in value if isinstance(value, Mapping) else ():
            if label not in description.hyperedges:
                types = description.hyperedges
                yield f"training.{name}: {label!r}, expected one of {', '.join(types)}{did_you_mean(label, types)}"


def _known_by_nothing(description: Description) -> Iterator[str]:
    for label, hyperedges in description.hyperedges.items():
        for position, member in enumerate(hyperedges.members):
            modality = description.modalities.get(member.modality)
            if member.only_known and modality is not None and modality.table is None:
                yield f"hyperedges.{label}.members[{position}].only_known: {member.modality} has no table that says who is known"


def _adopted_twice(description: Description) -> Iterator[str]:
    adopted: dict[str, str] = {}
    for label, modality in description.modalities.items():
        nodes = modality.table.nodes if modality.table is not None else None
        if nodes is not None and nodes in adopted:
            yield f"modalities.{label}.table: {nodes} nodes are {adopted[nodes]} already, and a node is one entity"
        elif nodes is not None:
            adopted[nodes] = label


def _modalities_named(description: Description) -> Iterator[tuple[str, str]]:
    for position, relation in enumerate(description.relations):
        yield f"relations[{position}]", relation.modality
    for label, hyperedges in description.hyperedges.items():
        for position, member in enumerate(hyperedges.members):
            yield f"hyperedges.{label}.members[{position}]", member.modality


def _unknown_features(location: str, relation: Relation, modality: ModalityTable) -> Iterator[str]:
    if not modality.features:
        yield f"{location}.nearest: {relation.modality} has no features; add [modalities.{relation.modality}.features]"
    elif relation.features is not None and not relation.features:
        yield f"{location}.features: is empty; name some of {', '.join(modality.features)}, or leave it out for all"
    else:
        for name in relation.features or {}:
            if name not in modality.features:
                known = modality.features
                yield f"{location}.features: {name!r}, expected one of {', '.join(known)}{did_you_mean(name, known)}"
