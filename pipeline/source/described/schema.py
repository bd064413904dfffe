"""The JSON schema of data set files, for editors."""

import json

from pipeline.source.described.description import Description
from pipeline.source.toml.model_schema import model_schema


def json_schema() -> str:
    """The JSON schema of a data set file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model_schema(Description)}
    # Line breaks in descriptions are those of the source code.
    return json.dumps(schema, indent=2, ensure_ascii=False).replace("\\n", " ") + "\n"
