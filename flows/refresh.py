"""The refresh of one data set: ingest, export, train, write back. What a schedule runs, and `hyperlearn refresh`.

Tasks hand over paths and counts. The flow holds the data set's lease from its beginning to its end, and hands it to the tasks that
write: no other writer comes between them. Where the database is, and its password, every task reads from the environment: Prefect
stores parameters, and a password does not belong there.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import Progress
from pipeline.domain.run_folder import new_run_id, remove_old_runs, run_folder
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import PipelineError
from pipeline.export.export import export
from pipeline.graph.client import GraphClient
from pipeline.graph.lease import Lease
from pipeline.graph.one_writer import one_writer
from pipeline.ingest.ingest import IngestOptions, IngestReport, ingest
from pipeline.report.progress import LogProgress
from pipeline.settings import Settings
from pipeline.source import catalogue
from pipeline.source.described.training_table import parse_settings
from pipeline.train.launch.launch import train
from pipeline.tune.choice import read_choice
from pipeline.tune.tune import settle
from pipeline.writeback.runs import kept_runs
from pipeline.writeback.writeback import write_back

listener: ContextVar[Progress | None] = ContextVar("listener", default=None)
"""Who hears of progress; Prefect's run logger where nobody has asked to."""


@dataclass(frozen=True)
class StageReport:
    """What a stage did.

    Attributes
    ----------
    stage
        Its name.
    seconds
        How long it took.
    did
        What it did, in words and counts.
    notes
        What it mended or left out on the way.
    """

    stage: str
    seconds: float
    did: str
    notes: tuple[str, ...] = ()


def _worth_another_try(_task: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's types are internal
    error = state.result(raise_on_failure=False)
    return isinstance(error, PipelineError) and error.retryable


@contextmanager
def _database() -> Iterator[tuple[GraphClient, Progress]]:
    progress = _progress()
    with GraphClient(Settings.load().connect(progress)) as client:
        yield client, progress


def _progress() -> Progress:
    return listener.get() or LogProgress(get_run_logger())


@task(name="ingest", retries=2, retry_delay_seconds=10, retry_condition_fn=_worth_another_try)
def ingest_task(dataset: str, path: Path | None, options: IngestOptions, lease: Lease) -> StageReport:
    """Read the source and make the database hold it."""
    start = time.monotonic()
    source = catalogue.find(dataset, path)
    with _database() as (client, progress):
        report = ingest(client.under(lease), source, options, progress)
    for note in report.notes:
        get_run_logger().info(note)
    return StageReport("ingest", time.monotonic() - start, _ingest_in_words(report), report.notes)


@task(name="export", retries=2, retry_delay_seconds=10, retry_condition_fn=_worth_another_try)
def export_task(dataset: str, directory: Path) -> StageReport:
    """Read the hypergraph from the database into a snapshot directory."""
    start = time.monotonic()
    shutil.rmtree(directory, ignore_errors=True)
    with _database() as (client, progress):
        counts = export(client, dataset, directory, progress).counts
    numbers = {name: sum(table.values()) for name, table in counts.items()}
    did = ", ".join(f"{count:,} {name}" for name, count in numbers.items())
    return StageReport("export", time.monotonic() - start, did)


@task(name="tune")
def tune_task(snapshot: Path, settings: dict[str, Any], seconds: float) -> StageReport:
    """Find the settings that are kept for the data set, or choose them."""
    start = time.monotonic()
    _, told = settle(Snapshot.read(snapshot).hypergraph, Settings.load().tuned, settings, seconds, _progress())
    return StageReport("tune", time.monotonic() - start, told)


@task(name="train")
def train_task(snapshot: Path, embeddings: Path, run: str, workers: int | None, settings: dict[str, Any]) -> StageReport:
    """Learn the factor matrices from a snapshot directory."""
    start = time.monotonic()
    dataset = Snapshot.read_dataset(snapshot)
    choice = read_choice(Settings.load().tuned, dataset.name)
    parameters = dataset.training_parameters({**(choice.settings if choice else {}), **settings})
    quality = choice.questions if choice else ()
    trained = train(snapshot, embeddings, parameters, workers=workers or "auto", run=run, quality=quality, progress=_progress())
    return StageReport("train", time.monotonic() - start, _training_in_words(trained))


@task(name="write-back", retries=2, retry_delay_seconds=10, retry_condition_fn=_worth_another_try)
def write_back_task(embeddings: Path, lease: Lease) -> StageReport:
    """Write the vectors to the nodes, check them, and serve them."""
    start = time.monotonic()
    with _database() as (client, progress):
        counts = write_back(client.under(lease), Embeddings.read(embeddings), progress)
    did = f"{sum(counts.values()):,} vectors, {len(counts)} indexes"
    return StageReport("write-back", time.monotonic() - start, did)


@flow(name="refresh", flow_run_name="refresh-{dataset}")
def refresh(
    dataset: str = "movies",
    workers: int | None = None,
    path: Path | None = None,
    keep_stale: bool = False,
    allow_removal: bool = False,
    quarantine: Path | None = None,
    settings: dict[str, Any] | None = None,
    wait: bool = False,
    tune_seconds: float = 60,
) -> list[StageReport]:
    """Bring the vectors of a data set up to date with its source.

    Parameters
    ----------
    dataset
        A data set file, or the name of a built-in data set.
    workers
        Number of training workers; chosen for the machine where it is None.
    path
        Where a built-in data set's files are.
    keep_stale
        Leave what the source no longer has.
    allow_removal
        Remove it even if it is more than a tenth of a table.
    quarantine
        Set rows with problems aside in this file, and go on with the rest; None stops at them.
    settings
        Settings of training, value by name, that win over those of the data set.
    wait
        Wait for another writer of the data set, instead of failing.
    tune_seconds
        How long settings of training may be chosen for, where none are kept and the data set has none of its own; 0 never does.

    Returns
    -------
    list of StageReport
        What each stage did.
    """
    given = parse_settings(settings or {}, "settings")
    name = catalogue.find(dataset, path).name
    run = new_run_id(name)
    runs = Settings.load().runs
    options = IngestOptions(keep_stale=keep_stale, allow_removal=allow_removal, quarantine=quarantine)
    with (
        _database() as (client, progress),
        one_writer(client, name, "hyperlearn refresh", wait=wait, progress=progress) as writer,
    ):
        if writer.lease is None:
            raise AssertionError("a writer is under a lease")
        remove_old_runs(runs, name, kept_runs(client, name))
        with run_folder(runs, name, run) as folder:
            snapshot, embeddings = folder / "snapshot", folder / "embeddings"
            stages = [
                ingest_task(dataset, path, options, writer.lease),
                export_task(name, snapshot),
                tune_task(snapshot, given, tune_seconds),
                train_task(snapshot, embeddings, run, workers, given),
                write_back_task(embeddings, writer.lease),
            ]
    return stages


def _training_in_words(trained: Embeddings) -> str:
    workers = trained.report["workers"]
    return f"{trained.report['rounds']} rounds, {trained.embedding_dim} dimensions, {workers} worker(s)"


def _ingest_in_words(report: IngestReport) -> str:
    if report.recognised:
        return f"{sum(t.total for t in report.tables):,} rows: the source has not changed"
    created, changed, removed = (sum(getattr(t, what) for t in report.tables) for what in ("created", "changed", "removed"))
    did = f"{sum(t.total for t in report.tables):,} rows: {created:,} created, {changed:,} changed, {removed:,} removed"
    return f"{did}, {report.num_quarantined:,} quarantined" if report.num_quarantined else did
