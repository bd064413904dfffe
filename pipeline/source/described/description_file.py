"""Reading a data set file, so that everything that is wrong with it is told at once, each with its place.

In comes a TOML file or the same as a dictionary, out come a `Description` and the `Dataset` that it describes.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.errors import ConfigurationError
from pipeline.source.described.description import Description, ModalityTable, Relation
from pipeline.source.described.schema import known_keys
from pipeline.source.toml.did_you_mean import did_you_mean

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "model_type": "a table",
    "string_too_long": "at most {max_length} character",
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
    "too_short": "at least {min_length}, not {actual_length}",
}
"""What pydantic's findings mean for people."""

_Built = TypeVar("_Built")


def read_description(path: Path) -> tuple[Description, Dataset]:
    """Read a data set file.

    Raises
    ------
    ConfigurationError
        If it cannot be read, is no TOML, or does not describe a hypergraph; with all problems and their places.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", hint="name a data set file in TOML") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 at byte {error.start:,}", hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: {error}", hint="https://toml.io shows the notation") from error
    return parse_description(content, str(path))


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
        With all problems and their places.
    """
    try:
        description = Description.model_validate(dict(content))
    except ValidationError as error:
        raise _refused(where, [_in_words(detail, content) for detail in error.errors()]) from error
    problems = list(_contradictions(description))
    dataset = _dataset(description, problems)
    if dataset is None:
        raise _refused(where, problems)
    return description, dataset


def _dataset(description: Description, problems: list[str]) -> Dataset | None:
    """What the description describes; what is wrong with its names and weights is added to the problems."""

    def attempt(place: str, build: Callable[[], _Built]) -> list[_Built]:
        try:
            return [build()]
        except ConfigurationError as error:
            problems.append(f"{place}: {error}" + (f"; {error.hint}" if error.hint else ""))
            return []

    attempt("name", lambda: Dataset(description.name, (), ()))
    modalities: list[Modality] = []
    for label, m in description.modalities.items():
        types = {name: p.type for name, p in m.properties.items()}
        modalities += attempt(f"modalities.{label}", lambda: Modality(label, types, tuple(m.distinguish_by)))  # noqa: B023 - called at once
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
    whole = attempt("the file", lambda: Dataset(description.name, tuple(modalities), tuple(hyperedge_types), tuple(graphs)))
    return whole[0] if whole else None


def _contradictions(description: Description) -> Iterator[str]:
    """What no part can know by itself: names of other parts."""
    named = set()
    for place, modality in _modalities_named(description):
        named.add(modality)
        if modality not in description.modalities:
            known = description.modalities
            yield f"{place}.modality: {modality!r}, expected one of {', '.join(known)}{did_you_mean(modality, known)}"
    for label, modality_table in description.modalities.items():
        if modality_table.table is None and label not in named:
            yield f"modalities.{label}: has no table, and no hyperedge or relation names it, so it has no entities"
    for label in description.modalities.keys() & description.hyperedges.keys():
        yield f"hyperedges.{label}: is the label of a modality too; labels are unique"
    graphs = Counter((relation.modality, relation.type) for relation in description.relations)
    for position, relation in enumerate(description.relations):
        place = f"relations[{position}]"
        if graphs[relation.modality, relation.type] > 1:
            yield f"{place}.type: {relation.type} is given twice for {relation.modality}; give each its own type"
        if relation.nearest is not None and relation.modality in description.modalities:
            yield from _unknown_features(place, relation, description.modalities[relation.modality])


def _modalities_named(description: Description) -> Iterator[tuple[str, str]]:
    for position, relation in enumerate(description.relations):
        yield f"relations[{position}]", relation.modality
    for label, hyperedges in description.hyperedges.items():
        for position, member in enumerate(hyperedges.members):
            yield f"hyperedges.{label}.members[{position}]", member.modality


def _unknown_features(place: str, relation: Relation, modality: ModalityTable) -> Iterator[str]:
    if not modality.features:
        yield f"{place}.nearest: {relation.modality} has no features; add [modalities.{relation.modality}.features]"
    elif relation.features is not None and not relation.features:
        yield f"{place}.features: is empty; name some of {', '.join(modality.features)}, or leave it out for all"
    else:
        for name in relation.features or {}:
            if name not in modality.features:
                known = modality.features
                yield f"{place}.features: {name!r}, expected one of {', '.join(known)}{did_you_mean(name, known)}"


def _refused(where: str, problems: list[str]) -> ConfigurationError:
    noun = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"{where} has {noun}", *(f"  {problem}" for problem in problems)]
    return ConfigurationError("\n".join(lines), hint="`hyperlearn check --schema` prints the JSON schema, for help in an editor")


def _in_words(detail: ErrorDetails, content: Mapping[str, Any]) -> str:
    """A problem that pydantic has found, as people call it."""
    place, found = _place(detail["loc"], content, absent=detail["type"] == "missing")
    match detail["type"]:
        case "extra_forbidden":
            known = known_keys(detail["loc"][:-1])
            what = f"is unknown, expected one of {', '.join(known)}{did_you_mean(str(detail['loc'][-1]), known)}"
        case "missing":
            what = "is missing"
        case "literal_error":
            what = f"{found!r}, expected one of {detail['ctx']['expected']}{_literal_meant(found, detail['ctx']['expected'])}"
        case "union_tag_invalid":
            place, found = f"{place}.kind", found.get("kind")
            what = f"{found!r}, expected one of {detail['ctx']['expected_tags']}"
        case "union_tag_not_found":
            place, what = f"{place}.kind", "is missing, expected one of number, categories, text, vector"
        case "contradiction":
            what = detail["msg"]
        case kind:
            shown = "a table" if isinstance(found, dict) else "a list" if isinstance(found, list) else repr(found)
            expected = _EXPECTED.get(kind, detail["msg"]).format(**detail.get("ctx", {}))
            what = f"{shown}, expected {expected}"
    return f"{place or 'the file'}: {what}"


def _literal_meant(found: object, expected: str) -> str:
    return did_you_mean(str(found), [name.strip(" '") for name in expected.replace(" or ", ",").split(",")])


def _place(location: tuple[int | str, ...], content: Any, *, absent: bool) -> tuple[str, Any]:  # noqa: ANN401 - whatever TOML holds
    """Where something is, as a person would write it, and what is there; steps that are only pydantic's are left out."""
    place = ""
    for step, part in enumerate(location):
        if isinstance(part, int) and isinstance(content, list):
            place, content = f"{place}[{part}]", content[part]
        elif isinstance(content, dict) and (part in content or (absent and step == len(location) - 1)):
            place, content = f"{place}.{part}", content.get(part)
    return place.removeprefix("."), content
