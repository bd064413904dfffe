"""The refresh of one data set: ingest, export, train, write back. What a schedule runs, and `hyperlearn refresh`.

What each stage makes has a key: of the graph's state, the parameters in force and the code (`pipeline.domain.keys`). Where the run
that is served has the key that a refresh would give, nothing is done; and a refresh goes on from what an earlier one left under its
keys.

Tasks hand over paths and counts. The flow holds the data set's lease from its beginning to its end, and hands it to the tasks that
write: no other writer comes between them. Where the database is, and its password, every task reads from the environment: Prefect
stores parameters, and a password does not belong there.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from prefect import flow, get_run_logger, task

from flows.names import this_ingest_name, this_run_name
from flows.surroundings import database, existing_graph, hears_of_tries, progress
from flows.timeouts import TABLES_S, TRAINING_S, TUNING_S, timely
from flows.traces import NOTHING_CHANGED, StageReport, leave_quality, leave_report, leave_stages, tell_published
from pipeline.domain.dataset import Dataset
from pipeline.domain.device import Device
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import embeddings_key, run_key, snapshot_key
from pipeline.domain.resume import resume_checkpoints, resume_embeddings, resume_snapshot
from pipeline.domain.run_folder import embeddings_folder, new_run_id, remove_old_runs, run_folder
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.visible import visible
from pipeline.errors import ConfigurationError, PipelineError
from pipeline.export.export import export
from pipeline.graph.client import GraphClient
from pipeline.graph.lease import Lease
from pipeline.graph.one_writer import one_writer
from pipeline.graph.stored_datasets import StoredDataset, keep_choice, stored_datasets
from pipeline.ingest.ingest import IngestOptions, IngestReport, ingest, recognise
from pipeline.query.run_view import view_of_served
from pipeline.query.served import published
from pipeline.query.vectors import read_embeddings
from pipeline.report.markdown import markdown
from pipeline.report.tables import recall_in_short
from pipeline.settings import Settings
from pipeline.source import catalogue
from pipeline.source.described.training_table import parse_settings
from pipeline.train.launch.folded import folded
from pipeline.train.launch.launch import checkpoints_folder, train
from pipeline.tune.choice import Choice, choice_in_force
from pipeline.tune.tune import settle
from pipeline.writeback.fixed_names import complete_copy, copy_is_due, switch_fixed_names
from pipeline.writeback.fold_in import extend_run, few_are_new, run_to_extend
from pipeline.writeback.recognise import Served, served_run
from pipeline.writeback.runs import kept_runs
from pipeline.writeback.writeback import write_back

_COPY_IS_WHOLE = "skipped: the copy is whole"


def _worth_another_try(stage: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's types are internal
    error = state.result(raise_on_failure=False)
    if not (isinstance(error, PipelineError) and error.retryable):
        return False
    if (tell := hears_of_tries.get()) is not None:
        tell(f"{stage.name}: {error}; it is tried again, {stage.retries} times in two minutes")
    return True


_TRIED_AGAIN: dict[str, Any] = {
    "retries": 3,
    # A restart of Neo4j takes seconds; one that has to mend its store, minutes.
    "retry_delay_seconds": [10, 30, 90],
    "retry_condition_fn": _worth_another_try,
}


@task(name="ingest", task_run_name=this_ingest_name, timeout_seconds=TABLES_S, **_TRIED_AGAIN)
def ingest_task(dataset: str, path: Path | None, options: IngestOptions, lease: Lease) -> StageReport:
    """Read the source and make the database hold it."""
    start = time.monotonic()
    source = catalogue.find(dataset, path, existing_graph)
    with database() as (client, told):
        report = ingest(client.under(lease), source, options, told)
    return _done("ingest", start, _ingest_in_words(report), report.notes)


@task(name="export", task_run_name="export {dataset}", timeout_seconds=TABLES_S, **_TRIED_AGAIN)
def export_task(dataset: str, directory: Path, resume: str | None) -> StageReport:
    """Read the hypergraph from the database into a snapshot directory, or take over one that has the key to resume from."""
    start = time.monotonic()
    shutil.rmtree(directory, ignore_errors=True)
    if resume is not None and (run := resume_snapshot(directory, resume)):
        return _done("export", start, f"resumed: the snapshot of run {run}")
    with database() as (client, told):
        counts = export(client, dataset, directory, told).counts
    numbers = {name: sum(table.values()) for name, table in counts.items()}
    did = ", ".join(f"{count:,} {name}" for name, count in numbers.items())
    return _done("export", start, did)


@task(name="tune", task_run_name="tune {snapshot.parent.name}", timeout_seconds=TUNING_S, **_TRIED_AGAIN)
def tune_task(
    snapshot: Path, settings: dict[str, Any], seconds: float, device: Device, stored: Mapping[str, Any] | None, lease: Lease
) -> StageReport:
    """Find the settings that are kept for the data set, or choose them; the database keeps them as well, for other hosts."""
    start = time.monotonic()
    hypergraph = Snapshot.read(snapshot).hypergraph
    choice, told = settle(hypergraph, Settings.load().tuned, settings, seconds, progress(), stored=stored, device=device)
    if choice is not None:
        with database() as (client, _):
            keep_choice(client.under(lease), hypergraph.dataset.name, asdict(choice))
    return _done("tune", start, told)


@task(name="train", task_run_name="train {embeddings.parent.name}", timeout_seconds=TRAINING_S, **_TRIED_AGAIN)
def train_task(
    snapshot: Path,
    embeddings: Path,
    workers: int | None,
    device: Device,
    settings: dict[str, Any],
    stored: Mapping[str, Any] | None,
    resume: str | None,
) -> StageReport:
    """Learn the factor matrices from a snapshot directory, or take them over from the run that did, where one may resume.

    ``resume`` is the snapshot's key. Training starts towards the run that is served, if there is one.
    """
    start = time.monotonic()
    dataset = Snapshot.read_summary(snapshot).dataset
    choice = choice_in_force(Settings.load().tuned, dataset.name, stored)
    parameters = _parameters(dataset, choice, settings)
    if resume is not None and (earlier := resume_embeddings(embeddings, embeddings_key(resume, parameters))):
        return _done("train", start, f"resumed: the embeddings of run {earlier}")
    run, quality = embeddings.parent.name, choice.questions if choice else ()
    if resume is not None:
        resume_checkpoints(checkpoints_folder(embeddings))
    with _served_vectors(dataset.name, embeddings.parent) as former:
        trained = train(
            snapshot,
            embeddings,
            parameters,
            workers=workers or "auto",
            device=device,
            run=run,
            quality=quality,
            former=former,
            progress=progress(),
        )
    return _done("train", start, _training_in_words(trained))


@contextmanager
def _served_vectors(dataset: str, folder: Path) -> Iterator[Path | None]:
    """The vectors that are served as an embeddings directory, for the length of a block; None where none are."""
    with database() as (client, _):
        served = read_embeddings(client, dataset)
    with TemporaryDirectory(dir=folder, prefix=".former-") as temporary:
        if served is not None:
            served.write(Path(temporary) / "embeddings")
        yield None if served is None else Path(temporary) / "embeddings"


@task(name="fold in", task_run_name="fold in {embeddings.parent.name}", timeout_seconds=TABLES_S)
def fold_in_task(snapshot: Path, embeddings: Path, key: str | None, lease: Lease) -> StageReport:
    """Give entities that the run that is served does not have vectors, and serve them with it."""
    start = time.monotonic()
    new = folded(snapshot, embeddings)
    with database() as (client, told):
        counts = extend_run(client.under(lease), new, key, told)
    tell_published(lease.dataset, new.run)
    numbers = ", ".join(f"{count:,} {label}" for label, count in counts.items()) or "nothing"
    return _done("fold in", start, f"{numbers} added to run {new.run}")


@task(name="write-back", task_run_name="write back {embeddings.parent.name}", timeout_seconds=TABLES_S, **_TRIED_AGAIN)
def write_back_task(embeddings: Path, lease: Lease) -> StageReport:
    """Write the vectors to the nodes, check them, and serve them."""
    start = time.monotonic()
    with database() as (client, told):
        counts = write_back(client.under(lease), Embeddings.read(embeddings), told, copy=False)
        _, run = published(client, next(iter(counts)))
    tell_published(lease.dataset, run.id)
    leave_quality(lease.dataset, f"of run {run.id}", run.quality)
    did = f"{sum(counts.values()):,} vectors, {len(counts)} indexes"
    if run.recall:
        did += f", {recall_in_short(run.recall)}"
    return _done("write-back", start, did)


@task(name="fixed names", task_run_name="fixed names of {dataset}", timeout_seconds=TABLES_S, **_TRIED_AGAIN)
def fixed_names_task(dataset: str, lease: Lease) -> StageReport:
    """Copy the served vectors to their fixed names, unless the copy is whole: a try that failed must not write the run again."""
    start = time.monotonic()
    with database() as (client, told):
        copied = complete_copy(client.under(lease), dataset, told)
    return _done("fixed names", start, _COPY_IS_WHOLE if copied is None else f"{copied:,} vectors copied")


@task(name="report", task_run_name="report of {dataset}", timeout_seconds=TABLES_S, **_TRIED_AGAIN)
def report_task(dataset: str) -> None:
    """Leave the report of the run that is served at Prefect: of no file, since its pages are read on other machines."""
    with database() as (client, _):
        view = view_of_served(client, dataset)
        leave_report(dataset, view.run, markdown(view, client.connection.browser_url))


@flow(name="refresh", flow_run_name=this_run_name)
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
    force: bool = False,
    fold_in: bool | None = None,
    fixed_names: bool | None = None,
    device: Device = Device.AUTO,
    train_seconds: float = TRAINING_S,
) -> list[StageReport]:
    """Bring the vectors of a data set up to date with its source.

    Only what is not there already is done. The run that is served stays where neither the graph, nor the settings in force, nor
    hyperlearn itself have changed since it was made, on whatever host; and what a refresh that failed had finished is taken over.

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
        What nothing else has changed is not trained again for the sake of choosing.
    force
        Do every stage, whatever is there already; the ingest compares with every row of the database.
    fold_in
        Give new entities vectors without training, and leave all others as they are; or train, however few are new. By default
        they are folded in where at most a hundredth of every table is new, since the last training, and nothing else has changed.
    fixed_names
        Whether the served vectors are copied to names that do not change, from now on; None leaves it as it was.
    device
        What trains.
    train_seconds
        How long training may take before it is ended, as something that hangs.

    Returns
    -------
    list of StageReport
        What each stage did.
    """
    given = parse_settings(settings or {}, "settings")
    name = catalogue.find(dataset, path).name
    run = new_run_id(name)
    runs = Settings.load().runs
    options = IngestOptions(keep_stale=keep_stale, allow_removal=allow_removal, quarantine=quarantine, verify=force)
    stages: list[StageReport] = []
    with (
        _left_at_prefect(name, stages),
        database() as (client, told),
        one_writer(client, name, "hyperlearn refresh", wait=wait, progress=told) as writer,
    ):
        if writer.lease is None:
            raise AssertionError("a writer is under a lease")
        lease = writer.lease
        stages.append(timely(ingest_task, dataset, path, options, lease))
        stored = stored_datasets(client)[name]
        copies = switch_fixed_names(writer, name, fixed_names, told)
        resume = None if force else _snapshot_key(stored)
        if resume is not None and (served := _served(client, stored, resume, given)):
            stages += map(_told, _unchanged(served))
        else:
            extended = None
            if fold_in is not False and not force:
                extended = _to_extend(client, stored, given, resume, asked=fold_in is True)
            remove_old_runs(runs, name, kept_runs(client, name))
            with run_folder(runs, name, run) as folder:
                snapshot, embeddings = folder / "snapshot", folder / "embeddings"
                stages.append(timely(export_task, name, snapshot, resume))
                if extended is not None:
                    stages.append(timely(fold_in_task, snapshot, *extended, lease))
                else:
                    tuning = tune_task.with_options(timeout_seconds=TUNING_S + tune_seconds)
                    stages.append(timely(tuning, snapshot, given, tune_seconds, device, stored.choice, lease))
                    training = train_task.with_options(timeout_seconds=train_seconds)
                    stages.append(timely(training, snapshot, embeddings, workers, device, given, stored.choice, resume))
                    stages.append(timely(write_back_task, embeddings, lease))
                timely(report_task, name)
        if copies:
            stages.append(timely(fixed_names_task, name, lease))
    return stages


@contextmanager
def _left_at_prefect(dataset: str, stages: Sequence[StageReport]) -> Iterator[None]:
    """Leave what the stages did with the run, also where one has failed, and say what to do then."""
    try:
        yield
    except PipelineError as error:
        if error.hint:
            get_run_logger().error("%s", error.hint)
        leave_stages(dataset, stages, error)
        raise
    leave_stages(dataset, stages)


def up_to_date(dataset: str, path: Path | None, settings: dict[str, Any]) -> list[StageReport] | None:
    """What `refresh` would report if it has nothing to do, found without Prefect, whose server takes its time to start; else None.

    It holds no lease: where a writer is at work, or comes meanwhile, what is served now was up to date when it was asked.
    """
    start = time.monotonic()
    given = parse_settings(settings, "settings")
    source = catalogue.find(dataset, path, existing_graph)
    with GraphClient(Settings.load().connect()) as client:
        report = recognise(client, source.name, source.fingerprint())
        if report is None:
            return None
        recognised = StageReport("ingest", time.monotonic() - start, _ingest_in_words(report))
        stored = stored_datasets(client)[source.name]
        if stored.state is None or copy_is_due(client, source.name):
            return None
        served = _served(client, stored, _snapshot_key(stored), given)
        copied = [StageReport("fixed names", 0.0, _COPY_IS_WHOLE)] if stored.fixed_names else []
        return None if served is None else [recognised, *_unchanged(served), *copied]


def _served(client: GraphClient, stored: StoredDataset, snapshot: str, settings: Mapping[str, Any]) -> Served | None:
    """The run that is served, if it is whole and what a refresh with these settings would make of a snapshot of this key."""
    return served_run(client, stored.dataset, run_key(embeddings_key(snapshot, _parameters_in_force(stored, settings))))


def _to_extend(
    client: GraphClient, stored: StoredDataset, settings: Mapping[str, Any], snapshot: str | None, *, asked: bool
) -> tuple[Path, str | None] | None:
    """Where the embeddings are to which new entities are to be added, and the key that they count as then; None to train."""
    runs, parameters = Settings.load().runs, _parameters_in_force(stored, settings)
    try:
        run = run_to_extend(client, stored, parameters, runs)
    except ConfigurationError:
        if asked:
            raise
        return None
    few = few_are_new(client, stored, run)
    if not (asked or few):
        return None
    key = embeddings_key(snapshot, parameters) if few and snapshot is not None else None
    return embeddings_folder(runs, stored.dataset.name, run.id), key


def _snapshot_key(stored: StoredDataset) -> str:
    if stored.state is None:
        raise AssertionError("an ingest under this lease has ended")
    return snapshot_key(stored.state, stored.dataset)


def _parameters_in_force(stored: StoredDataset, settings: Mapping[str, Any]) -> TrainingParameters:
    return _parameters(stored.dataset, choice_in_force(Settings.load().tuned, stored.dataset.name, stored.choice), settings)


def _parameters(dataset: Dataset, choice: Choice | None, settings: Mapping[str, Any]) -> TrainingParameters:
    return dataset.training_parameters({**(choice.settings if choice else {}), **settings})


def _unchanged(served: Served) -> list[StageReport]:
    """What is said of the stages that have nothing to do."""
    skipped = [StageReport(stage, 0.0, NOTHING_CHANGED) for stage in ("export", "tune", "train")]
    why = f", since {served.rolled_back} was rolled back; --force trains anew" if served.rolled_back else ""
    return [*skipped, StageReport("write-back", 0.0, f"skipped: run {served.run} stays served{why}")]


def _done(stage: str, start: float, did: str, notes: tuple[str, ...] = ()) -> StageReport:
    return _told(StageReport(stage, time.monotonic() - start, did, notes))


def _told(report: StageReport) -> StageReport:
    """The report, told to the run's log."""
    for text in (*report.notes, report.did):
        get_run_logger().info("%s: %s", report.stage, visible(text))
    return report


def _training_in_words(trained: Embeddings) -> str:
    report = trained.report
    did = f"{report['rounds']} rounds, {trained.embedding_dim} dimensions, {report['workers']} worker(s) on {report['hardware']}"
    if report["resumedRound"]:
        did = f"{did}, gone on from round {report['resumedRound']}"
    near = report["similarityToFormer"]
    return f"{did}; cosine {fmean(near.values()):.2f} with the run before" if near else did


def _ingest_in_words(report: IngestReport) -> str:
    if report.recognised:
        return f"{sum(t.total for t in report.tables):,} rows: the source has not changed"
    created, changed, removed = (sum(getattr(t, what) for t in report.tables) for what in ("created", "changed", "removed"))
    did = f"{sum(t.total for t in report.tables):,} rows: {created:,} created, {changed:,} changed, {removed:,} removed"
    return f"{did}, {report.num_quarantined:,} quarantined" if report.num_quarantined else did
