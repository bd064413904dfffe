"""Commands that run the stages, one by one or all in order."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.command.terminal import (
    AllowRemoval,
    DatasetName,
    DatasetSource,
    FixedNames,
    From,
    Json,
    KeepStale,
    OnDevice,
    Quarantine,
    Verify,
    Wait,
    Workers,
    client,
    existing_graph,
    load_settings,
    messages,
    output,
    print_json,
    print_notes,
    print_wide,
    progress,
)
from pipeline.command.training_settings import TrainingSettings, read_settings
from pipeline.domain.device import Device
from pipeline.errors import ConfigurationError
from pipeline.report.plan import plan_table
from pipeline.report.tables import table

if TYPE_CHECKING:
    from pipeline.graph.client import GraphClient


def ingest(
    dataset: DatasetSource,
    path: From = None,
    keep_stale: KeepStale = False,
    allow_removal: AllowRemoval = False,
    verify: Verify = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    quarantine: Quarantine = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Bring a data set's tables into Neo4j; only what changed is written.

    Example: [bold]hyperlearn ingest books.toml --dry-run[/bold]
    """
    from pipeline.ingest.ingest import IngestOptions
    from pipeline.ingest.ingest import ingest as run
    from pipeline.source import catalogue

    source = catalogue.find(dataset, path, existing_graph)
    options = IngestOptions(keep_stale, allow_removal, verify, dry_run, quarantine, wait)
    with client() as graph:
        report = run(graph, source, options, progress)
    if as_json:
        print_json(asdict(report))
        return
    print_notes(report.notes, report.num_quarantined, quarantine)
    if report.recognised:
        messages.print("  The source is that of the last ingest: it was not read again.", style="dim", highlight=False)
    columns = [name for name in ("created", "changed", "removed", "stale", "unchanged") if name != "stale" or keep_stale]
    rows = [[changes.table, *(f"{getattr(changes, name):,}" for name in columns)] for changes in report.tables]
    output.print(table({"table": "left", **dict.fromkeys(columns, "right")}, rows))
    if dry_run:
        messages.print("  A dry run: nothing was written.", highlight=False)


class ExportFormat(StrEnum):
    """What a data set can be exported as."""

    DGL = "dgl"
    NETWORKX = "networkx"
    HIF = "hif"
    PARQUET = "parquet"


def export(
    dataset: DatasetName,
    directory: Annotated[Path, typer.Argument(help="Directory to write; must not exist.")],
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="[bold]dgl[/bold]: the snapshot that `train` reads; [bold]networkx[/bold]: node-link JSON; [bold]hif[/bold]: a "
            "file of the Hypergraph Interchange Format; [bold]parquet[/bold]: tables by ids, with all properties.",
        ),
    ] = ExportFormat.DGL,
    as_json: Json = False,
) -> None:
    """Read a data set from Neo4j into a directory: one state of it, whoever writes meanwhile.

    Example: [bold]hyperlearn export movies snapshot/[/bold]
    """
    from pipeline.domain.artifact import check_is_new

    check_is_new(directory)
    with client() as graph:
        counts = _export(graph, dataset, directory, form)
    if as_json:
        print_json(counts)
        return
    rows = [[kind, name, f"{count:,}"] for kind, names in counts.items() for name, count in names.items()]
    output.print(table({"kind": "left", "name": "left", "count": "right"}, rows))


def _export(graph: "GraphClient", dataset: str, directory: Path, form: ExportFormat) -> dict[str, dict[str, int]]:
    """Export in one of the formats, and count rows by kind and name."""
    if form is ExportFormat.PARQUET:
        from pipeline.export.tables import export_tables

        return export_tables(graph, dataset, directory, progress)
    from pipeline.export.export import read_snapshot

    snapshot = read_snapshot(graph, dataset, progress)
    with progress(f"Writing {directory}"):
        match form:
            case ExportFormat.DGL:
                snapshot.write(directory)
            case ExportFormat.NETWORKX:
                from pipeline.export.networkx_graphs import write_networkx

                write_networkx(snapshot, directory)
            case ExportFormat.HIF:
                from pipeline.export.hif import write_hif

                write_hif(snapshot, directory)
    return snapshot.counts


def train(
    snapshot: Annotated[Path, typer.Argument(help="Directory that `export` wrote.")],
    embeddings: Annotated[Path | None, typer.Argument(help="Directory to write; must not exist.")] = None,
    workers: Workers = None,
    device: OnDevice = Device.AUTO,
    settings: TrainingSettings = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say who would do what, and what it takes; train nothing.")] = False,
    hosts: Annotated[
        str | None,
        typer.Option(
            metavar="HOST,HOST…",
            help="Train on several: writes [bold]EMBEDDINGS.job.json[/bold], and prints the line of torchrun to start on each.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn one vector per entity from a snapshot directory; needs no database.

    Example: [bold]hyperlearn train snapshot/ embeddings/ --set rounds=20[/bold]
    """
    if embeddings is None and not plan:
        raise ConfigurationError(
            "no directory was named to write the embeddings to", hint="hyperlearn train snapshot/ embeddings/, or --plan"
        )
    given = read_settings(settings)
    from pipeline.domain.run_folder import new_run_id
    from pipeline.domain.snapshot import Snapshot
    from pipeline.train.launch.hosts import Hosts
    from pipeline.train.launch.launch import SILENCE_S, plan_over_hosts, plan_training, prepare
    from pipeline.train.launch.launch import train as run
    from pipeline.tune.choice import chosen_settings

    dataset = Snapshot.read_summary(snapshot).dataset
    given = chosen_settings(load_settings().tuned, dataset.name, given)
    name, parameters = new_run_id(dataset.name), dataset.training_parameters(given)
    several = None if hosts is None else Hosts.parse(hosts, workers)
    if plan or embeddings is None:
        if several:
            planned = plan_over_hosts(snapshot, parameters, several).to_json()
        else:
            planned = plan_training(snapshot, parameters, workers=workers or "auto", device=device).to_json()
        if as_json:
            print_json(planned)
            return
        print_wide(plan_table(planned))
        return
    if several:
        job, lines = prepare(snapshot, embeddings, parameters, run=name, hosts=several, device=device)
        if as_json:
            print_json({"run": name, "job": str(job), "lines": lines})
            return
        for host, line in lines.items():
            output.print(f"{host}:\n  {line}", highlight=False, markup=False, soft_wrap=True)
        told = (
            f"Start all of them within {SILENCE_S:g} seconds. Snapshot, vectors and {job} have to lie on a disk that the hosts "
            "share, under the same paths, and the network between them has to be one that you trust."
        )
        messages.print(f"  {told}", highlight=False, markup=False, soft_wrap=True)
        return
    trained = run(snapshot, embeddings, parameters, workers=workers or "auto", device=device, run=name, progress=progress)
    if as_json:
        print_json({"run": trained.run, "embeddingDim": trained.embedding_dim, **trained.report})
        return
    output.print(
        f"run {trained.run}: {sum(map(len, trained.ids.values())):,} vectors of length {trained.embedding_dim} in {embeddings}, "
        f"trained on {trained.report['hardware']}"
    )
    if resumed := trained.report["resumedRound"]:
        messages.print(f"  It went on from a checkpoint, of round {resumed}.", highlight=False)
    for finding in trained.report["findings"]:
        messages.print(f"  {finding}", style="yellow", highlight=False)


def write_back(
    embeddings: Annotated[Path, typer.Argument(help="Directory that `train` wrote.")],
    fixed_names: FixedNames = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Write the vectors of an embeddings directory to the nodes, check them, and serve them.

    Example: [bold]hyperlearn write-back embeddings/[/bold]
    """
    from pipeline.domain.embeddings import Embeddings

    learned = Embeddings.read(embeddings)  # before a server is started
    from pipeline.writeback.writeback import write_back as run

    with client() as graph:
        counts = run(graph, learned, progress, wait=wait, fixed_names=fixed_names)
    if as_json:
        print_json(counts)
        return
    output.print(table({"modality": "left", "vectors": "right"}, [[label, f"{count:,}"] for label, count in counts.items()]))
