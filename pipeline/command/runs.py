"""Commands about runs that were served, and about a data set as a whole."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command.terminal import (
    DatasetName,
    Json,
    Wait,
    client,
    load_settings,
    messages,
    output,
    print_json,
    print_wide,
    progress,
)
from pipeline.domain.dataset import Dataset
from pipeline.domain.run_folder import embeddings_folder, remove_all_runs
from pipeline.errors import ConfigurationError
from pipeline.report.tables import quality_in_short, table

if TYPE_CHECKING:
    from pipeline.graph.stored_runs import StoredRun


def runs(dataset: DatasetName, as_json: Json = False) -> None:
    """Show the runs of a data set, newest first: which one is served, and what the others can be served from again.

    Example: [bold]hyperlearn runs movies[/bold]
    """
    from pipeline.graph.stored_datasets import stored_dataset
    from pipeline.graph.stored_runs import stored_runs

    settings = load_settings()
    with client() as graph:
        stored_dataset(graph, dataset)
        rows = [_run(run, settings.runs, dataset) for run in stored_runs(graph, dataset)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        messages.print(f"No run of {dataset} has been written yet.", highlight=False)
        return
    columns = {"run": "left", "status": "left", "served": "left", "dim": "right", "vectors from": "left", "quality": "left"}
    shown = [
        [
            run["id"],
            "rolled back" if run["rolledBack"] else "served" if run["served"] else run["status"],
            _minute(run["publishedAt"]),
            run["embeddingDim"],
            run["vectorsFrom"],
            quality_in_short(run["quality"]),
        ]
        for run in rows
    ]
    print_wide(table(columns, shown))


def rollback(
    dataset: DatasetName,
    to: Annotated[str | None, typer.Option(help="Run to serve; by default the one that was served before.", metavar="RUN")] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Serve a former run of a data set again, until its source or its settings change.

    Its vectors are in the database still where it was the last but one; else they are written back from its folder.

    Example: [bold]hyperlearn rollback movies[/bold]
    """
    from pipeline.writeback.rollback import rollback as run

    settings = load_settings()
    with client() as graph:
        done = run(graph, dataset, settings.runs, to=to, progress=progress, wait=wait)
    if as_json:
        whence = "folder" if done.written else "database"
        print_json({"run": done.run, "former": done.former, "vectorsFrom": whence, "vectors": done.counts, "missing": done.missing})
        return
    place = f" in place of {done.former}" if done.former else ""
    whence = "written back from its folder" if done.written else "in the database still"
    output.print(
        f"run {done.run} is served{place}: {sum(done.counts.values()):,} vectors, {whence}", highlight=False, soft_wrap=True
    )
    if missing := sum(done.missing.values()):
        who = "1 entity came later and has" if missing == 1 else f"{missing:,} entities came later and have"
        messages.print(f"  {who} no vector of it.", style="yellow", highlight=False)


def remove(
    dataset: DatasetName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Wait = False,
) -> None:
    """Remove a data set: from the database all that was ingested and written back, from this machine its runs and settings.

    Tables and data set files are yours, and stay. A removal that was stopped is completed by running it again.

    Example: [bold]hyperlearn remove movies[/bold]
    """
    from pipeline.graph.stored_datasets import stored_dataset, stored_datasets
    from pipeline.graph.stored_runs import stored_runs
    from pipeline.removal.removal import remove as run
    from pipeline.tune.choice import choice_file, journal_file

    Dataset(dataset, (), ())  # the name becomes part of a path, whether or not there is such a data set
    settings = load_settings()
    files = [choice_file(settings.tuned, dataset), journal_file(settings.tuned, dataset)]
    with client() as graph:
        if not any(path.exists() for path in (settings.runs / dataset, *files)):
            stored_dataset(graph, dataset)
        stored = stored_datasets(graph).get(dataset)
        if not yes:
            num_rows = sum((stored.counts or {}).values()) if stored else 0
            _ask(f"Remove {dataset} ({num_rows:,} rows, {len(stored_runs(graph, dataset))} runs) from {graph.connection.uri}?")

        def remove_files() -> None:
            remove_all_runs(settings.runs, dataset)
            for file in files:
                file.unlink(missing_ok=True)

        run(graph, dataset, remove_files, progress, wait=wait)
    messages.print(f"{dataset} is removed.", highlight=False)


def _run(run: "StoredRun", folder: Path, dataset: str) -> dict[str, Any]:
    there = "folder" if embeddings_folder(folder, dataset, run.id).is_dir() else None
    whence = "database" if run.slot is not None and run.status in {"published", "superseded"} else there
    return {
        "id": run.id,
        "status": run.status,
        "served": run.is_served,
        "rolledBack": run.rolled_back,
        "startedAt": run.started_at,
        "publishedAt": run.published_at,
        "embeddingDim": run.embedding_dim,
        "numEntities": run.num_entities,
        "numFoldedIn": run.num_folded_in,
        "vectorsFrom": whence,
        "quality": run.report.get("quality", []),
        "similarityToFormer": run.report.get("similarityToFormer", {}),
    }


def _minute(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigurationError("there is no terminal to ask on, and nothing was removed", hint="say --yes to remove it unasked")
    typer.confirm(question, abort=True, err=True)
