"""Settings of training on the command line: `--set NAME=VALUE`, of every command that trains."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pipeline.errors import ConfigurationError

TrainingSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of training for this run ([bold]rounds=20[/bold]), before the data set's own; as often as needed. "
        "docs/parameters.md explains all.",
    ),
]


def read_settings(given: Sequence[str] | None) -> dict[str, Any]:
    """What `--set` gave, checked and typed, as `Dataset.training_parameters` takes it.

    Raises
    ------
    ConfigurationError
        If something is no NAME=VALUE, a name is unknown, or a value cannot be one.
    """
    settings = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {text} gives no value", hint="write NAME=VALUE, as in --set rounds=20")
        settings[name.strip()] = value.strip()
    if not settings:
        return {}
    from pipeline.source.described.training_table import parse_settings

    return parse_settings(settings, "--set")
