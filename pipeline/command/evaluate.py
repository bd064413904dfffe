"""Commands that measure the method on held-out data; none needs a database."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from pipeline.command.evaluate_dataset import evaluate_dataset
from pipeline.command.terminal import Json, output, print_json, progress
from pipeline.command.verbosity import with_verbosity
from pipeline.report.tables import table

_ANY = "DATASET"


class _Evaluations(TyperGroup):
    """The published evaluations by name; whatever else is named is a data set."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # its base is private to typer
        """Put the command for any data set before what is no command's name."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = [_ANY, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Evaluations,
    help="Measure the method on held-out data, beside what it has to beat; needs no database.\n\n"
    "Of any data set, a file ([bold]books.toml[/bold]) or a built-in one ([bold]movies[/bold], [bold]planted[/bold]), it hides "
    "hyperedges and asks for each of their slots; [bold]hyperlearn evaluate DATASET --help[/bold] has the options. The commands "
    "[bold]movielens[/bold], [bold]tate[/bold] and [bold]films[/bold] ask the questions of docs/method.md, each with settings of "
    "its own.\n\n"
    "Example: [bold]hyperlearn evaluate books.toml --type Writing[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


class ValuesUpdate(StrEnum):
    """The updates that values are measured with."""

    EXACT = "exact"
    RECURRENT = "recurrent"


class PresenceUpdate(StrEnum):
    """The updates that hyperedges which are there or not are measured with."""

    STOCHASTIC = "stochastic"
    EXACT = "exact"
    RECURRENT = "recurrent"


class PartChoice(StrEnum):
    """What is held out."""

    TEST = "test"
    VALIDATION = "validation"


_MEASURES = ("mrr", "hits@1", "hits@10")

_UPDATE = typer.Option(help="Which update trains.")
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds to average over: 0, 1, 2 …")]
Part = Annotated[PartChoice, typer.Option(help="What is held out; settings are chosen on the validation part.")]


@app.command()
@with_verbosity
def movielens(
    source: Annotated[Path, typer.Option("--from", help="The .mat file with the ratings, the split and the graphs.")],
    update: Annotated[ValuesUpdate, _UPDATE] = ValuesUpdate.EXACT,
    seeds: Seeds = 3,
    part: Part = PartChoice.TEST,
    as_json: Json = False,
) -> None:
    """Root mean squared error of MovieLens 100K's held-out ratings, on the split that sRGCNN and HyperLearn used.

    Example: [bold]hyperlearn evaluate movielens --from movielens-100k-split_1.mat --update recurrent[/bold]
    """
    from pipeline.evaluate.movielens import evaluate
    from pipeline.source.movielens.split import read_split

    found = evaluate(read_split(source), update.value, seeds, part.value, progress)
    rows = [(name, found["baselines"][name], found["baseline_deviations"][name], None) for name in found["baselines"]]
    rows.append((update.value, found[f"{part.value}_rmse"], found["deviation"], found["seconds"]))
    _show(found, as_json, table({"method": "left", f"{part.value} RMSE": "right", "±": "right", "seconds": "right"}, rows))


@app.command()
@with_verbosity
def tate(
    source: Annotated[Path, typer.Option("--from", help="The archive of the Tate's collection, or its folder.")],
    update: Annotated[PresenceUpdate, _UPDATE] = PresenceUpdate.STOCHASTIC,
    seeds: Seeds = 3,
    part: Part = PartChoice.TEST,
    as_json: Json = False,
) -> None:
    """Ranking of the artists of the Tate's artworks, asked of a tenth of the works, whose artists are kept from training.

    Example: [bold]hyperlearn evaluate tate --from tate-collection.tar.xz[/bold]
    """
    from pipeline.evaluate.hypergraph import read_hypergraph
    from pipeline.evaluate.tate import evaluate

    found = evaluate(read_hypergraph("tate", source, progress), update.value, seeds, part.value, progress)
    others = {**found["without_turner"], "baselines": {name: b["without_turner"] for name, b in found["baselines"].items()}}
    _show(
        found,
        as_json,
        _ranked("artists", found, update.value),
        _ranked("artists, works not by Turner", others, update.value),
    )


@app.command()
@with_verbosity
def films(seeds: Seeds = 3, part: Part = PartChoice.TEST, as_json: Json = False) -> None:
    """Ranking of the genres and of the directors of a tenth of the films, which are kept from training.

    Example: [bold]hyperlearn evaluate films --seeds 1[/bold]
    """
    from pipeline.evaluate.films import TASKS, evaluate
    from pipeline.evaluate.hypergraph import read_hypergraph

    found = evaluate(read_hypergraph("movies", None, progress), seeds, part.value, progress)
    _show(found, as_json, *(_ranked(task, found[task], "model") for task in TASKS))


app.command(_ANY)(with_verbosity(evaluate_dataset))


def _show(found: dict[str, Any], as_json: bool, *tables: Table) -> None:
    if as_json:
        print_json(found)
    else:
        for each in tables:
            output.print(each)


def _ranked(asked: str, found: dict[str, Any], own: str) -> Table:
    rows = [
        (name, *(f"{of[measure]:.3f} ± {of['deviations'][measure]:.3f}" for measure in _MEASURES), of.get("seconds"))
        for name, of in [*found["baselines"].items(), (own, found)]
    ]
    return table({asked: "left", **dict.fromkeys(_MEASURES, "right"), "seconds": "right"}, rows)
