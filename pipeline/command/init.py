"""The command that describes tables, or a graph, which nobody has described yet."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.command.terminal import client, messages, progress
from pipeline.errors import ConfigurationError


def init(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Tables: CSV, TSV, JSON lines, Parquet, SQLite, or URLs of PostgreSQL.", metavar="FILES..."),
    ] = None,
    from_neo4j: Annotated[
        bool, typer.Option("--from-neo4j", help="Look at the graph that is in the database already, and not at files.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write here, and not to standard output; a file that is there stays.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the data set; after the files by default.")] = None,
) -> None:
    """Look at tables, and write a data set file for them: keys, types, lists, what names what, and what was seen as comments.

    Example: [bold]hyperlearn init books.csv authors.csv loans.csv --out books.toml[/bold]
    """
    if from_neo4j and files:
        raise ConfigurationError("--from-neo4j looks at the database, and files were named", hint="leave one of them out")
    if out is not None and out.exists():
        raise ConfigurationError(f"{out} is there already", hint="name another file for --out, or move that one away")
    if out is not None and not out.parent.is_dir():
        raise ConfigurationError(f"{out.parent} is no folder", hint="make it first, or name another file for --out")
    text = _of_graph(name) if from_neo4j else _of_files(files or [], out, name)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigurationError(f"{out} is there already", hint="name another file for --out, or move that one away") from error
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}", hint="name another file for --out") from error
    messages.print(f"{out} is a first guess. {_next_step(text, out)}", highlight=False, markup=False, soft_wrap=True)


def _next_step(text: str, out: Path) -> str:
    if "\n[hyperedges." not in text:
        return f"No columns that join two kinds of entities were found: say in it which do, then: hyperlearn check {out}"
    return f"Look through it, then: hyperlearn check {out}"


def _of_files(files: list[str], out: Path | None, name: str | None) -> str:
    from pipeline.source.sketch.sketch import sketch

    return sketch(files, Path() if out is None else out.parent, name, progress)


def _of_graph(name: str | None) -> str:
    from pipeline.graph.survey import survey
    from pipeline.source.sketch.graph_text import graph_text

    with client() as graph:
        return graph_text(survey(graph, progress), name)
