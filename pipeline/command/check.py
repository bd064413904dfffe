"""The command that tries a data set without a database."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.command.terminal import From, Json, Quarantine, existing_graph, messages, output, print_json, print_notes, progress
from pipeline.errors import ConfigurationError
from pipeline.report.tables import table


def check(
    dataset: Annotated[
        str | None, typer.Argument(help="A data set file ([bold]books.toml[/bold]), or a built-in data set.", metavar="DATASET")
    ] = None,
    path: From = None,
    quarantine: Quarantine = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of data set files, for editors.")] = False,
    as_json: Json = False,
) -> None:
    """Try a data set without a database: show what would be ingested, or everything that is wrong with it.

    Example: [bold]hyperlearn check books.toml[/bold]
    """
    if schema:
        from pipeline.source.described.schema import json_schema

        typer.echo(json_schema(), nl=False)
        return
    if dataset is None:
        raise ConfigurationError("no data set was named", hint="hyperlearn check books.toml")
    from pipeline.source import catalogue

    source = catalogue.find(dataset, path, existing_graph)
    from pipeline.records.problems import SourceProblems

    with source.read(progress) as records:
        try:
            with progress("Checking"):
                records.check(quarantine)
        except SourceProblems as problems:
            if not as_json:
                raise
            print_json({"dataset": source.name, "problems": [asdict(group) for group in problems.groups]})
            raise typer.Exit(1) from None
        counts = [(key, staged.kind, records.num_rows(key)) for key, staged in records.tables.items()]
        notes, num_quarantined = records.notes, records.num_quarantined
    if as_json:
        tables = [{"table": key, "kind": kind, "rows": count} for key, kind, count in counts]
        print_json({"dataset": source.name, "tables": tables, "notes": notes, "quarantined": num_quarantined, "problems": []})
        return
    print_notes(notes, num_quarantined, quarantine)
    rows = [[kind, key, f"{count:,}"] for key, kind, count in counts]
    output.print(table({"kind": "left", "table": "left", "rows": "right"}, rows))
    messages.print(f"{'The rest of ' if num_quarantined else ''}{source.name} is in order.", highlight=False)
