"""What the commands share: where they print, how they reach the database, and the arguments that several of them take."""

import json
from typing import Annotated

import typer
from rich.console import Console

from pipeline.graph.client import GraphClient
from pipeline.report.progress import TerminalProgress
from pipeline.settings import Settings

output = Console()
"""Results."""

messages = Console(stderr=True)
"""Everything that is no result: progress, errors, advice."""

progress = TerminalProgress(messages)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]
DatasetName = Annotated[str, typer.Argument(help="Name of a data set; built in is [bold]movies[/bold].", metavar="DATASET")]
Workers = Annotated[int | None, typer.Option(min=1, help="Number of training workers; chosen for this machine by default.")]


def client() -> GraphClient:
    """A client of the database that the settings name; the embedded server is started where it is the one."""
    return GraphClient(Settings.load().connect(progress))


def print_json(value: object) -> None:
    """Print one JSON value to standard output, as it is: no colours, no wrapping."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
