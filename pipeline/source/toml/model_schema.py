"""The JSON schema of a model of a TOML file: for editors, and to know what is allowed where."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Location = tuple[int | str, ...]
"""Where something is in a TOML file, as pydantic tells it: keys, positions in lists, and kinds where there are several."""


def model_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of what a TOML file of that model may hold."""
    return model.model_json_schema(schema_generator=_TomlSchema)


def known_keys(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that are allowed in the table at a location."""
    return list(_node(model, location)["properties"])


def known_kinds(model: type[BaseModel], location: Location) -> list[str]:
    """The kinds of table that are allowed at a location where there are several."""
    node = _node(model, location)
    kinds = {reference: kind for kind, reference in node["discriminator"]["mapping"].items()}
    # the mapping is sorted by name
    return [kinds[choice["$ref"]] for choice in node["oneOf"]]


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


def _node(model: type[BaseModel], location: Location) -> dict[str, Any]:
    schema = model_schema(model)
    node = _resolved(schema, schema)
    for part in location:
        if "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"][part]}
        elif isinstance(part, int):
            node = node["items"]
        else:
            node = node.get("properties", {}).get(part) or node["additionalProperties"]
        node = _resolved(node, schema)
    return node


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A node of the schema without references and alternatives: what it is where it is no shorthand and no null."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        elif "anyOf" in node:
            node = next(choice for choice in node["anyOf"] if choice.get("type") in {None, "object", "array"})
        else:
            return node
