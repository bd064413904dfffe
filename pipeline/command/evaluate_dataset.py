"""The command that measures the method on a data set of whatever kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

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
    print_notes,
    print_wide,
    progress,
)
from pipeline.command.training_settings import TrainingSettings, read_settings
from pipeline.domain.device import Device
from pipeline.errors import ConfigurationError
from pipeline.report.tables import table

if TYPE_CHECKING:
    from pipeline.domain.hypergraph import Hypergraph
    from pipeline.evaluate.hidden import Hidden
    from pipeline.evaluate.hold_out import Part

_Tables = Sequence[str] | None


def evaluate_dataset(
    dataset: DatasetSource,
    path: From = None,
    label: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="A hyperedge type; every type by default.")] = None,
    slot: Annotated[
        str | None, typer.Option(metavar="SLOT", help="A slot: a modality, or a position from 0; every slot by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to average over: 0, 1, 2 …")] = 1,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="MODALITY",
            help="Cold start: hide all hyperedges, of the type, of a tenth of this modality's entities.",
        ),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE=TABLE", help="A split of your own: the table with a type's hyperedges to test on. May be repeated."
        ),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE=TABLE",
            help="The table with those to choose settings on and to stop by: true, and not learned from.",
        ),
    ] = None,
    part: Annotated[
        str, typer.Option(metavar="test|validation", help="What is asked for; settings are chosen on the validation part.")
    ] = "test",
    device: OnDevice = Device.AUTO,
    settings: TrainingSettings = None,
    as_json: Json = False,
) -> None:
    """How well hidden hyperedges of any data set are completed, beside counting, votes and shuffled graphs.

    A tenth of the hyperedges of a type is hidden, the rest is learned from; then each slot is asked for, given the other members:
    all entities of its modality are ranked, less those that are true as well. Values that differ (ratings) are predicted instead.

    Example: [bold]hyperlearn evaluate books.toml --type Writing --slot Genre --seeds 3[/bold]
    """
    from pipeline.evaluate.evaluation import evaluate
    from pipeline.evaluate.selection import select
    from pipeline.evaluate.verdict import verdict
    from pipeline.tune.choice import chosen_settings

    asked = _part(part)
    hypergraph, split, notes = _read(dataset, path, by, _by_type("--test", test), _by_type("--valid", valid), asked)
    print_notes(notes)
    given = chosen_settings(load_settings().tuned, hypergraph.dataset.name, read_settings(settings))
    selection = select(hypergraph, label, slot, by, None if split is None else split.asked)
    parameters = hypergraph.dataset.training_parameters(given)
    found = evaluate(hypergraph, parameters, selection, seeds, asked, by, split, device, progress)
    told = verdict(found["questions"])
    if as_json:
        print_json(found)
    else:
        _show(found["questions"])
    for warning in (*found["left_out"], *told.warnings):
        messages.print(Text(f"  {warning}", style="yellow"), soft_wrap=True)
    if not as_json:
        if found["overall"] is not None:
            output.print(Text(_in_words(found["overall"])), soft_wrap=True)
        output.print(Text(told.summary), soft_wrap=True)


def _in_words(overall: Mapping[str, float]) -> str:
    return (
        f"Over all {overall['asked']:,} answers: MRR {overall['mrr']:.3f} (best baselines {overall['best_baseline']:.3f}), "
        f"hits@1 {overall['hits@1']:.3f}, hits@10 {overall['hits@10']:.3f}."
    )


def _part(name: str) -> "Part":
    match name:
        case "test" | "validation":
            return name
        case _:
            raise ConfigurationError(f"--part is {name!r}", hint="name test or validation")


def _by_type(option: str, tables: _Tables) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in tables or ():
        label, equals, path = text.partition("=")
        if not (label and equals and path):
            raise ConfigurationError(f"{option} {text!r} is no TYPE=TABLE", hint=f"{option} Writing=test.csv")
        if label in found:
            raise ConfigurationError(f"{option} names {label} twice", hint="put all of it in one table")
        found[label] = path
    return found


def _read(
    dataset: str, path: Path | None, by: str | None, test: Mapping[str, str], valid: Mapping[str, str], part: "Part"
) -> "tuple[Hypergraph, Hidden | None, tuple[str, ...]]":
    from pipeline.evaluate.hypergraph import read_hypergraph
    from pipeline.evaluate.own_split import read_own_split

    if not (test or valid):
        return read_hypergraph(dataset, path, progress, existing_graph), None, ()
    if by is not None:
        raise ConfigurationError("--by draws what is hidden, --test and --valid name it", hint="leave one of them out")
    if path is not None or not dataset.endswith(".toml"):
        raise ConfigurationError("--test and --valid are for data set files", hint="describe the tables in a file: books.toml")
    split = read_own_split(Path(dataset), {"test": test, "validation": valid}, part, progress, existing_graph)
    return split.hidden.known, split.hidden, split.notes


def _show(questions: Sequence[Mapping[str, Any]]) -> None:
    from pipeline.evaluate.verdict import heading

    for measures in (("mrr", "hits@1", "hits@10"), ("rmse",)):
        rows: list[tuple[object, ...]] = []
        for question in questions:
            if measures[0] in question:
                methods = {**question["baselines"], "model": question}
                of = f", {question['candidates']:,}{' sampled' if question['sampled'] else ''}" if question["candidates"] else ""
                asked = f"{heading(question)}{of}"
                rows += [(asked, name, *(figures[measure] for measure in measures)) for name, figures in methods.items()]
        if rows:
            print_wide(table({"question, candidates": "left", "method": "left", **dict.fromkeys(measures, "right")}, rows))
