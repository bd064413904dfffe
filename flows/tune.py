"""Settings of training chosen for a data set, on demand: what `hyperlearn tune` does, by a worker.

It reads the source, and writes nothing to the database: a refresh may be at work meanwhile; the next trains with what was chosen.
The choice is kept under the home folder of the host that made it.
"""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task

from flows.names import this_choice_name, this_run_name
from flows.surroundings import existing_graph, progress
from flows.timeouts import TABLES_S, timely
from flows.traces import leave_quality
from pipeline.domain.device import Device
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.settings import Settings
from pipeline.source.described.training_table import parse_settings
from pipeline.tune.tune import Trial, choice_in_words, tune_and_keep


@task(name="choose", task_run_name=this_choice_name)
def choose_task(
    dataset: str, path: Path | None, seconds: float, trials: int | None, device: Device, settings: dict[str, Any]
) -> str:
    """Choose the settings and keep them; what was chosen, in words."""
    logger = get_run_logger()

    def tell(trial: Trial) -> None:
        logger.info("trial %d: %s", trial.number, "given up" if trial.score is None else f"{trial.score:.3f}")

    hypergraph = read_hypergraph(dataset, path, progress(), existing_graph)
    choice = tune_and_keep(
        hypergraph,
        Settings.load().tuned,
        seconds=seconds,
        trials=trials,
        settings=settings,
        device=device,
        on_trial=tell,
        progress=progress(),
    )
    leave_quality(choice.dataset, "that were chosen", choice.questions)
    told = choice_in_words(choice, settings)
    logger.info("%s", told)
    return told


@flow(name="tune", flow_run_name=this_run_name)
def tune(
    dataset: str = "movies",
    path: Path | None = None,
    seconds: float = 300,
    trials: int | None = None,
    device: Device = Device.AUTO,
    settings: dict[str, Any] | None = None,
) -> str:
    """Choose settings of training for a data set by hiding some of it, and keep them for every later run.

    Parameters
    ----------
    dataset
        A data set file, or the name of a built-in data set.
    path
        Where a built-in data set's files are.
    seconds
        How long to look; what a former choosing tried is gone on with.
    trials
        Most trials; as many as there is time for where it is None.
    device
        What trains.
    settings
        Settings of training that are given and not chosen, value by name.

    Returns
    -------
    str
        What was chosen, in words.
    """
    given = parse_settings(settings or {}, "settings")
    return timely(choose_task.with_options(timeout_seconds=TABLES_S + seconds), dataset, path, seconds, trials, device, given)
