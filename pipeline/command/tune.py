"""The command that chooses settings of training."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command.terminal import (
    DatasetSource,
    From,
    Json,
    OnDevice,
    existing_graph,
    load_settings,
    messages,
    output,
    print_json,
    print_wide,
    progress,
)
from pipeline.command.training_settings import TrainingSettings, read_settings
from pipeline.domain.device import Device
from pipeline.report.tables import quality_table

if TYPE_CHECKING:
    from pipeline.tune.tune import Trial


def tune(
    dataset: DatasetSource,
    path: From = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long to look.")] = 300,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Most trials; with a seed, and time enough, the choice is the same each time.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is hidden, of what is tried, and of training.")] = 0,
    device: OnDevice = Device.AUTO,
    settings: TrainingSettings = None,
    as_json: Json = False,
) -> None:
    """Choose settings of training for a data set by hiding some of it, and keep them for every later run.

    Needs no database. What the file's training table or [bold]--set[/bold] gives is left as it is. Run again, it goes on where it
    stopped.

    Example: [bold]hyperlearn tune books.toml --seconds 600[/bold]
    """
    from pipeline.evaluate.hypergraph import read_hypergraph
    from pipeline.tune.tune import tune_and_keep

    given = read_settings(settings)
    hypergraph = read_hypergraph(dataset, path, progress, existing_graph)
    choice = tune_and_keep(
        hypergraph,
        load_settings().tuned,
        seconds=seconds,
        trials=trials,
        seed=seed,
        settings=given,
        device=device,
        on_trial=_tell,
        progress=progress,
    )
    if as_json:
        print_json(asdict(choice))
        return
    print_wide(quality_table(choice.questions))
    if choice.settings == given:
        told = f"{choice.trials} trials in {choice.seconds:.0f} s; none is ahead of the defaults by more than chance"
        output.print(f"{told}. They reach {choice.score:.3f}, and are kept.", highlight=False)
        return
    reached = f"{choice.trials} trials in {choice.seconds:.0f} s; the best reaches {choice.score:.3f}"
    output.print(f"{reached}. It is kept, and used from now on:", highlight=False)
    output.print(toml_of(choice.settings), highlight=False, markup=False)


def toml_of(settings: Mapping[str, Any]) -> str:
    """Settings as a data set file has them."""
    lines = ["[training]"]
    for name, value in settings.items():
        entries = value.items() if isinstance(value, Mapping) else [(None, value)]
        lines += [f"{name}{'' if entry is None else f'.{entry}'} = {json.dumps(each)}" for entry, each in entries]
    return "\n".join(lines)


def _tell(trial: "Trial") -> None:
    reached = "given up" if trial.score is None else f"{trial.score:.3f}"
    best = "" if trial.best is None else f" (best {trial.best:.3f})"
    chosen = ", ".join(f"{name} {_short(value)}" for name, value in trial.settings.items())
    messages.print(f"  {reached}{best}: {chosen}", style="dim", highlight=False, markup=False, soft_wrap=True)


def _short(value: object) -> str:
    return "/".join(f"{each:g}" for each in value.values()) if isinstance(value, Mapping) else str(value)
