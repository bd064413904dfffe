"""Commands that do the whole job: `refresh` and `demo`."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command.server import print_connection
from pipeline.command.terminal import (
    AllowRemoval,
    DatasetSource,
    FixedNames,
    From,
    KeepStale,
    OnDevice,
    Quarantine,
    Wait,
    Workers,
    asks_for_json,
    client,
    load_settings,
    messages,
    output,
    print_notes,
    progress,
)
from pipeline.command.training_settings import TrainingSettings, read_settings
from pipeline.domain.device import Device
from pipeline.report.tables import neighbours_table, table

if TYPE_CHECKING:
    from flows.traces import StageReport

FAMOUS = {
    "Movie": ("Fight Club", "The Godfather", "Toy Story"),
    "Director": ("Alfred Hitchcock", "Akira Kurosawa", "Steven Spielberg"),
    "Actor": ("Tom Hanks", "Meryl Streep", "Clint Eastwood"),
}
"""Names for which the demo prints the nearest entities."""

_NUM_NEIGHBOURS = 5


def demo(workers: Workers = None, device: OnDevice = Device.AUTO) -> None:
    """Do the whole job on 17,472 films, from an empty machine to printed answers.

    Leaves the database up, and says how to look at it.

    Example: [bold]hyperlearn demo[/bold]
    """
    start = time.monotonic()
    stages = _run("movies", workers, device=device)
    _print_answers()
    _print_stages(stages, time.monotonic() - start)
    print_connection()


def refresh(
    dataset: DatasetSource,
    path: From = None,
    keep_stale: KeepStale = False,
    allow_removal: AllowRemoval = False,
    quarantine: Quarantine = None,
    workers: Workers = None,
    device: OnDevice = Device.AUTO,
    settings: TrainingSettings = None,
    wait: Wait = False,
    tune_seconds: Annotated[
        float,
        typer.Option(min=0, help="How long settings of training may be chosen for, the first time; 0 takes the defaults."),
    ] = 60,
    force: Annotated[bool, typer.Option("--force", help="Do every stage, even where nothing has changed.")] = False,
    fold_in: Annotated[
        bool | None,
        typer.Option(
            "--fold-in/--no-fold-in",
            help="Give new entities vectors without training, or always train. By default few are folded in, many trained with.",
            show_default=False,
        ),
    ] = None,
    fixed_names: FixedNames = None,
) -> None:
    """Ingest a data set, export it, train, and write the vectors back: what the schedule runs.

    Where nothing has changed nothing is done, and a refresh that failed is gone on with where it stopped.

    Example: [bold]hyperlearn refresh books.toml[/bold]
    """
    start = time.monotonic()
    options: dict[str, Any] = {
        "path": path,
        "device": device,
        "keep_stale": keep_stale,
        "allow_removal": allow_removal,
        "quarantine": quarantine,
        "wait": wait,
        "tune_seconds": tune_seconds,
        "force": force,
        "fold_in": fold_in,
        "fixed_names": fixed_names,
    }
    stages = _run(dataset, workers, **options, settings=read_settings(settings))
    _print_stages(stages, time.monotonic() - start)


def _run(dataset: str, workers: int | None, **options: Any) -> "list[StageReport]":  # noqa: ANN401 - the flow's parameters
    if not asks_for_json():
        # Prefect's own log would break into the progress; a failure comes up as an exception and is printed once, by us.
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
        os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    settings = load_settings()
    is_up = settings.embedded is None or settings.embedded.running() is not None
    with progress(f"Refreshing {dataset}"), ThreadPoolExecutor(1) as pool:
        # Neo4j and Prefect take some ten seconds each to start; the first task finds Neo4j starting, and waits for it.
        starting = pool.submit(settings.connect, progress)
        from flows import refresh as flow
        from flows.server_errors import errors_of_prefect
        from flows.surroundings import hears_of_tries, listener
        from flows.temporary_server import end_with_this_process

        if not asks_for_json():
            listener.set(progress)
            hears_of_tries.set(lambda text: print_notes([text]))
        if is_up and not options.get("force") and options.get("fixed_names") is None and not asks_for_json():
            # Where nothing has changed, Prefect need not start, but for its log: that takes ten times as long as to see it.
            unchanged = flow.up_to_date(dataset, options.get("path"), options.get("settings") or {})
            if unchanged is not None:
                return unchanged
        end_with_this_process()
        with errors_of_prefect():
            stages: list[StageReport] = flow.refresh(dataset=dataset, workers=workers, **options)
        starting.result()
    return stages


def _print_answers() -> None:
    from pipeline.query.find import find
    from pipeline.query.served import published
    from pipeline.query.similar import similar

    with client() as graph:
        for label, names in FAMOUS.items():
            modality, run = published(graph, label)
            for name in names:
                entity = find(graph, modality, name)
                neighbours = similar(graph, run, modality, entity.id, k=_NUM_NEIGHBOURS)
                output.print(neighbours_table(modality, entity.name, neighbours))
                output.print()


def _print_stages(stages: "Sequence[StageReport]", seconds: float) -> None:
    rows = [(stage.stage, f"{stage.seconds:.1f}", stage.did) for stage in stages]
    rest = seconds - sum(stage.seconds for stage in stages)
    rows += [("start and finish", f"{rest:.1f}", "Prefect, Neo4j, answers"), ("all", f"{seconds:.1f}", "")]
    print_notes(note for stage in stages for note in stage.notes)
    messages.print(table({"stage": "left", "seconds": "right", "did": "left"}, rows))
