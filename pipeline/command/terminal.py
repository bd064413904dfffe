"""What the commands share: where they print, how they reach the database, and the arguments that several of them take.

Help, completion and usage errors load every module with commands. So what takes long to import, the driver, the settings and the
stages, is imported by a command's function, when it runs.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType

from pipeline.domain.device import Device
from pipeline.domain.visible import visible
from pipeline.report.progress import TerminalProgress

if TYPE_CHECKING:
    from pipeline.graph.client import GraphClient
    from pipeline.graph.existing_graph import ExistingGraph
    from pipeline.settings import Settings

output = Console()
"""Results."""

messages = Console(stderr=True)
"""Everything that is no result: progress, errors, advice."""

progress = TerminalProgress(messages)

_WIDTH = 120
"""Columns that a wide table takes."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]


def _name(dataset: str) -> str:
    """The name of a data set that the database holds: as it was given, or out of the data set file that was."""
    if not dataset.endswith(".toml"):
        return dataset
    from pipeline.source.described.description_file import read_description

    return read_description(Path(dataset))[1].name


DatasetName = Annotated[
    str,
    typer.Argument(
        help="Name of a data set that the database holds, or the file that describes it.", metavar="DATASET", callback=_name
    ),
]
DatasetSource = Annotated[
    str,
    typer.Argument(
        help="A data set file ([bold]books.toml[/bold]), or a built-in data set: [bold]movies[/bold], [bold]planted[/bold], "
        "[bold]tate[/bold], [bold]movielens[/bold].",
        metavar="DATASET",
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from", help="Where the files of a built-in data set are: needed for [bold]tate[/bold] and [bold]movielens[/bold]."
    ),
]
KeepStale = Annotated[bool, typer.Option("--keep-stale", help="Leave what the source no longer has.")]
AllowRemoval = Annotated[
    bool, typer.Option("--allow-removal", help="Remove what the source no longer has even if it is more than a tenth of a table.")
]
Verify = Annotated[bool, typer.Option("--verify", help="Compare with every row of the database: finds what others changed there.")]
Quarantine = Annotated[
    Path | None, typer.Option(help="Set rows with problems aside in this file (JSON lines), and go on with the rest.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another writer of the data set, instead of being refused.")]
FixedNames = Annotated[
    bool | None,
    typer.Option(
        "--fixed-names/--no-fixed-names",
        help="Copy the served vectors to the property [bold]embedding[/bold] and an index LABEL_embedding per modality as well, "
        "now and after every later run; or no longer.",
        show_default=False,
    ),
]
OnDevice = Annotated[
    Device,
    typer.Option("--device", help="What trains: a GPU where there is one ([bold]auto[/bold]), the CPU, or GPUs and nothing else."),
]


def _number_of_workers(text: str) -> int | None:
    if text != "auto" and not (text.isdecimal() and int(text)):
        raise typer.BadParameter(f"{text} is neither auto nor a number from 1 on")
    return None if text == "auto" else int(text)


Workers = Annotated[
    int | None,
    typer.Option(
        parser=_number_of_workers, metavar="auto|N", help="Number of training workers; chosen for this machine by default (auto)."
    ),
]


def asks_for_json() -> bool:
    """Whether the environment asks for logs of one JSON object a line: then nothing else is on standard error."""
    return os.environ.get("HYPERLEARN_LOG") == "json"


def load_settings() -> "Settings":
    """Where things are, from the environment.

    Raises
    ------
    ConfigurationError
        If a variable is wrong or missing.
    """
    from pipeline.settings import Settings

    return Settings.load()


def client() -> "GraphClient":
    """A client of the database that the settings name; the embedded server is started where it is the one."""
    from pipeline.graph.client import GraphClient

    return GraphClient(load_settings().connect(progress))


@contextmanager
def existing_graph() -> "Iterator[ExistingGraph]":
    """The graph that is in the database already, for data sets that take tables from it."""
    from pipeline.graph.existing_graph import ExistingGraph

    with client() as graph:
        yield ExistingGraph(graph)


def print_wide(table: RenderableType) -> None:
    """Print a table wider than a narrow terminal: a row that is folded into many lines cannot be read, nor half an id copied."""
    Console(width=max(output.width, _WIDTH)).print(table)


def print_notes(notes: Iterable[str], num_quarantined: int = 0, quarantine: Path | None = None) -> None:
    """Say what a source mended or left out, and where the rows are that were set aside."""
    for note in notes:
        messages.print(f"  {visible(note)}", style="dim", highlight=False, markup=False, soft_wrap=True)
    if num_quarantined:
        rows = "1 row with problems is" if num_quarantined == 1 else f"{num_quarantined:,} rows with problems are"
        messages.print(
            f"  {rows} in {quarantine}",
            style="yellow",
            highlight=False,
            markup=False,
        )


def print_json(value: object) -> None:
    """Print one JSON value to standard output, as it is: no colours, no wrapping."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
