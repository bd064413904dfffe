"""Commands that run the stages, one by one or all in order."""

import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.command.terminal import DatasetName, Json, Workers, client, messages, output, print_json, progress
from pipeline.report.tables import table


def ingest(dataset: DatasetName, as_json: Json = False) -> None:
    """Bring a data set's tables into Neo4j; what is there already is left alone.

    Example: [bold]hyperlearn ingest movies[/bold]
    """
    from pipeline.ingest.ingest import ingest as run
    from pipeline.source import catalogue

    with progress(f"Reading {dataset}"):
        records = catalogue.read(dataset)
    with client() as graph:
        changes = run(graph, records, progress)
    if as_json:
        print_json([vars(change) for change in changes])
        return
    for note in records.notes:
        messages.print(f"  {note}", style="dim", highlight=False)
    columns = {"table": "left", **dict.fromkeys(("created", "changed", "removed", "unchanged"), "right")}
    rows = [[c.table, *(f"{n:,}" for n in (c.created, c.changed, c.removed, c.unchanged))] for c in changes]
    output.print(table(columns, rows))


def export(
    dataset: DatasetName,
    snapshot: Annotated[Path, typer.Argument(help="Directory to write; must not exist.")],
    as_json: Json = False,
) -> None:
    """Read a data set from Neo4j into a snapshot directory: DGL graphs, hyperedge lists, row maps.

    Example: [bold]hyperlearn export movies snapshot/[/bold]
    """
    from pipeline.export.export import export as run

    with client() as graph:
        counts = run(graph, dataset, snapshot, progress).counts
    if as_json:
        print_json(counts)
        return
    rows = [[kind, name, f"{count:,}"] for kind, names in counts.items() for name, count in names.items()]
    output.print(table({"kind": "left", "name": "left", "count": "right"}, rows))


def train(
    snapshot: Annotated[Path, typer.Argument(help="Directory that `export` wrote.")],
    embeddings: Annotated[Path, typer.Argument(help="Directory to write; must not exist.")],
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Learn one vector per entity from a snapshot directory; needs no database.

    Example: [bold]hyperlearn train snapshot/ embeddings/ --workers 2[/bold]
    """
    from pipeline.train.launch import train as run
    from pipeline.train.parameters import TrainingParameters

    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    trained = run(snapshot, embeddings, TrainingParameters(), workers=workers or "auto", run=name, progress=progress)
    if as_json:
        print_json({"run": trained.run, "embeddingDim": trained.embedding_dim, **trained.report})
        return
    output.print(
        f"run {trained.run}: {sum(map(len, trained.ids.values())):,} vectors of length {trained.embedding_dim} in {embeddings}"
    )
    for finding in trained.report["findings"]:
        messages.print(f"  {finding}", style="yellow", highlight=False)


def write_back(embeddings: Annotated[Path, typer.Argument(help="Directory that `train` wrote.")], as_json: Json = False) -> None:
    """Write the vectors of an embeddings directory to the nodes, check them, and serve them.

    Example: [bold]hyperlearn write-back embeddings/[/bold]
    """
    from pipeline.domain.embeddings import Embeddings
    from pipeline.writeback.writeback import write_back as run

    with client() as graph:
        counts = run(graph, Embeddings.read(embeddings), progress)
    if as_json:
        print_json(counts)
        return
    output.print(table({"modality": "left", "vectors": "right"}, [[label, f"{count:,}"] for label, count in counts.items()]))
