"""A TOML file as a model: everything that is wrong with it is told at once, each problem with its location.

In comes a file, or the same as a dictionary; out comes the model.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import ConfigurationError
from pipeline.source.toml.model_schema import Location, known_keys, known_kinds

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "mapping_type": "a table",
    "model_type": "a table",
    "string_pattern_mismatch": "a text like {pattern}",
    "string_too_long": "at most {max_length} character",
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
    "tuple_type": "a list",
    "too_short": "at least {min_length}, not {actual_length}",
}
"""What pydantic's findings mean for people."""

_Model = TypeVar("_Model", bound=BaseModel)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """What a TOML file holds.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, in words.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        beside = sorted(file.name for file in path.parent.glob("*.toml"))
        raise ConfigurationError(f"{path} does not exist{did_you_mean(path.name, beside)}", hint=f"name {what} in TOML") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", hint=f"name {what} in TOML") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 at byte {error.start:,}", hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: {error}", hint="https://toml.io shows the notation") from error
    except RecursionError:
        raise ConfigurationError(f"{path} is nested too deeply", hint=f"{what} needs no more than a few levels") from None


def parsed(model: type[_Model], content: Mapping[str, Any], where: str, hint: str, *, strict: bool | None = None) -> _Model:
    """What a TOML file holds as a model.

    Parameters
    ----------
    model
        What it should be.
    content
        The file as a dictionary.
    where
        What to call it in messages.
    hint
        What helps whoever has written it.
    strict
        False also takes a text that reads as a value of the type, as command lines have it; None is as the model says.

    Raises
    ------
    ConfigurationError
        With all problems and their locations.
    """
    try:
        return model.model_validate(dict(content), strict=strict)
    except ValidationError as error:
        raise refused(where, [_in_words(model, detail, content) for detail in error.errors()], hint) from error


def refused(where: str, problems: Sequence[str], hint: str) -> ConfigurationError:
    """The error that tells all problems of a file, each of which begins with its location."""
    noun = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigurationError("\n".join([f"{where} has {noun}", *(f"  {problem}" for problem in problems)]), hint=hint)


def _in_words(model: type[BaseModel], detail: ErrorDetails, content: Mapping[str, Any]) -> str:
    """A problem that pydantic has found, as people call it."""
    location, found = _located(detail["loc"], content, absent=detail["type"] == "missing")
    match detail["type"]:
        case "extra_forbidden":
            known = known_keys(model, detail["loc"][:-1])
            what = f"is unknown, expected one of {', '.join(known)}{did_you_mean(str(detail['loc'][-1]), known)}"
        case "missing":
            what = "is missing"
        case "literal_error":
            what = f"{found!r}, expected one of {detail['ctx']['expected']}{_literal_meant(found, detail['ctx']['expected'])}"
        case "union_tag_invalid":
            location, found = f"{location}.kind", found.get("kind")
            what = f"{found!r}, expected one of {detail['ctx']['expected_tags']}"
        case "union_tag_not_found":
            location, what = f"{location}.kind", f"is missing, expected one of {', '.join(known_kinds(model, detail['loc']))}"
        case "contradiction":
            what = detail["msg"]
        case kind:
            shown = "a table" if isinstance(found, dict) else "a list" if isinstance(found, list) else repr(found)
            expected = _EXPECTED.get(kind, detail["msg"]).format(**detail.get("ctx", {}))
            what = f"{shown}, expected {expected}"
    return f"{location or 'the file'}: {what}"


def _literal_meant(found: object, expected: str) -> str:
    return did_you_mean(str(found), [name.strip(" '") for name in expected.replace(" or ", ",").split(",")])


def _located(steps: Location, content: Any, *, absent: bool) -> tuple[str, Any]:  # noqa: ANN401 - whatever TOML holds
    """Where something is, as a person would write it, and what is there; steps that are only pydantic's are left out."""
    location = ""
    for number, step in enumerate(steps):
        if isinstance(step, int) and isinstance(content, list):
            location, content = f"{location}[{step}]", content[step]
        elif isinstance(content, dict) and (step in content or (absent and number == len(steps) - 1)):
            location, content = f"{location}.{step}", content.get(step)
    return location.removeprefix("."), content
