"""What all models of TOML files share: strictness, a text that stands for a table, fields that do not go together."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

Name = Annotated[str, Field(min_length=1)]


class Shorthand:
    """Lets a text stand for a table that has only one field."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Accept the text."""
        return core_schema.no_info_before_validator_function(
            lambda value: {self.field: value} if isinstance(value, str) else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Show the text to editors."""
        full = handler(schema)
        return {"anyOf": [handler.resolve_ref_schema(full)["properties"][self.field], full]}


class Part(BaseModel):
    """A table of a TOML file: what is not described is refused."""

    # What stands there may be a secret that does not belong there: our own words of an error show what is needed.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="strings",
        hide_input_in_errors=True,
    )


def contradiction(text: str) -> PydanticCustomError:
    """What a part raises whose fields do not go together."""
    return PydanticCustomError("contradiction", "{text}", {"text": text})
