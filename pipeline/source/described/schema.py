"""The JSON schema of data set files: for editors, and to know which keys are allowed where."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pipeline.source.described.description import Description


def json_schema() -> str:
    """The JSON schema of a data set file, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema()}
    # Line breaks in descriptions are those of the source code.
    return json.dumps(schema, indent=2, ensure_ascii=False).replace("\\n", " ") + "\n"


def known_keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed at a place of a data set file.

    Parameters
    ----------
    location
        The place as pydantic tells it: keys, positions in lists, and kinds where there are several.
    """
    schema = _schema()
    node = _resolved(schema, schema)
    for part in location:
        if "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"][part]}
        elif isinstance(part, int):
            node = node["items"]
        else:
            node = node.get("properties", {}).get(part) or node["additionalProperties"]
        node = _resolved(node, schema)
    return list(node["properties"])


class _TomlSchema(GenerateJsonSchema):
    """Without what is not in TOML (null), and without titles, which say no more than the names."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave titles out."""
        del schema
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """What is not given is left out."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A default is told where it says something."""
        inner = super().default_schema(schema)
        return {key: value for key, value in inner.items() if key != "default" or value}


def _schema() -> dict[str, Any]:
    return Description.model_json_schema(schema_generator=_TomlSchema)


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A node of the schema without references and alternatives: what it is where it is no shorthand and no null."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        elif "anyOf" in node:
            node = next(choice for choice in node["anyOf"] if choice.get("type") in {None, "object", "array"})
        else:
            return node
