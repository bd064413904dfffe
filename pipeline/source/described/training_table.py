"""Settings of training as people write them: the [training] table of a data set file, and NAME=VALUE on a command line.

In come names with values, typed as TOML has them or as text; out come checked settings as plain JSON. Which settings there are, of
which type, and what they mean is told by `TrainingParameters` alone: the table is made of its fields.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.source.toml.part import Part, contradiction
from pipeline.source.toml.toml_file import parsed, refused

NONE = "none"
"""What is written for None, which neither TOML nor a command line has."""

_HINT = "docs/parameters.md explains every setting"


class _NoneByName:
    """Lets a text stand for None."""

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Accept the text."""
        return core_schema.no_info_before_validator_function(lambda value: None if value == NONE else value, handler(source))

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Show the text to editors."""
        return {"anyOf": [handler(schema), {"const": NONE}]}


def parse_settings(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check settings that were given for one run.

    Parameters
    ----------
    given
        Value by name, as text or typed. ``absent_weights.Casting`` names one entry of a setting that is a table.
    where
        What to call them in messages.

    Returns
    -------
    dict
        The settings as `Dataset.training_parameters` takes them.

    Raises
    ------
    ConfigurationError
        With all problems at once.
    """
    content: dict[str, Any] = {}
    for name, value in given.items():
        table, _, entry = name.partition(".")
        if entry and not isinstance(content.setdefault(table, {}), Mapping):
            raise refused(where, [f"{name}: {table} is given as a whole as well"], _HINT)
        content[table] = {**content[table], entry: value} if entry else value
    return values(parsed(TrainingTable, content, where, _HINT, strict=False))


def values(table: Part) -> dict[str, Any]:
    """The settings that a table gives, without those that it leaves at their defaults."""
    return table.model_dump(exclude_unset=True)


def _descriptions() -> dict[str, str]:
    """What the docstring of `TrainingParameters` says of each setting, in one line."""
    _, _, attributes = (inspect.getdoc(TrainingParameters) or "").partition("Attributes\n----------\n")
    found = {}
    for names, text in re.findall(r"^(\w.*)\n((?:(?:    .*)?\n?)+)", attributes, re.MULTILINE):
        for name in names.split(", "):
            found[name] = " ".join(text.split()).replace("``", "")
    return found


def _sensible(name: str) -> AfterValidator:
    """Refuse a value of the right type that `TrainingParameters` refuses."""

    def check(value: object) -> object:
        try:
            TrainingParameters(**{name: value})  # type: ignore[arg-type]
        except ConfigurationError as error:
            told = f"{error}; {error.hint}" if error.hint else str(error)
            raise contradiction(told.removeprefix(f"{name} is ").removeprefix(f"{name}: ")) from error
        return value

    return AfterValidator(check)


def _columns() -> Iterator[tuple[str, Any]]:
    types, descriptions = get_type_hints(TrainingParameters), _descriptions()
    for field in fields(TrainingParameters):
        kind = types[field.name]
        default: Any = {"default": field.default} if field.default is not MISSING else {"default_factory": field.default_factory}
        described = Field(description=descriptions.get(field.name), **default)
        further = (_sensible(field.name), *([_NoneByName()] if NoneType in get_args(kind) else []))
        yield field.name, (Annotated[(kind, *further)], described)


if TYPE_CHECKING:
    TrainingTable = Part
else:
    TrainingTable = create_model(
        "TrainingTable", __base__=Part, __doc__="Settings of training; what is not given has its default.", **dict(_columns())
    )
