"""The command that shows what a run learned."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.command.terminal import DatasetName, client, output, progress
from pipeline.domain.dataset import Dataset, Modality
from pipeline.domain.whole_file import check_is_free, write_whole

if TYPE_CHECKING:
    from pipeline.graph.client import GraphClient
    from pipeline.query.served import Run
    from pipeline.report.page import ModalityView, RunView

_MAPPED = 1_000
"""Entities on a map, at most."""
_ASKED = 6
"""Entities of a modality whose neighbours are shown."""
_NEIGHBOURS = 5


def report(
    dataset: DatasetName,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; DATASET.html by default.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Put it in the place of a file that is there.")] = False,
) -> None:
    """Write one HTML page about the run that is served: figures, quality, losses, maps, neighbours, components.

    The page needs nothing else, and opens in any browser.

    Example: [bold]hyperlearn report movies --out movies.html[/bold]
    """
    from pipeline.graph.stored_datasets import stored_dataset
    from pipeline.query.served import ask_published
    from pipeline.report.page import page

    file = out or Path(f"{dataset}.html")
    check_is_free(file, overwrite=overwrite)
    with client() as graph, progress(f"Looking at {dataset}"):
        described = stored_dataset(graph, dataset).dataset
        view = ask_published(graph, described.labels[0], lambda _, run: _view(graph, described, run))
    write_whole(file, lambda to: to.write_text(page(view), encoding="utf-8"), overwrite=overwrite)
    output.print(f"run {view.run}: {file}", highlight=False, soft_wrap=True)


def _view(graph: "GraphClient", dataset: Dataset, run: "Run") -> "RunView":
    from pipeline.graph.stored_runs import stored_runs
    from pipeline.report.page import RunView

    stored = next(each for each in stored_runs(graph, dataset.name) if each.id == run.id)
    modalities = [_modality(graph, run, modality) for modality in dataset.modalities]
    return RunView(dataset.name, run.id, run.published_at, stored.num_folded_in, run.recall, stored.report, modalities)


def _modality(graph: "GraphClient", run: "Run", modality: Modality) -> "ModalityView":
    from pipeline.query.landmarks import landmarks
    from pipeline.query.similar import similar
    from pipeline.report.page import ModalityView

    known = landmarks(graph, run, modality.label, _MAPPED)
    neighbours = {
        name: [(other.name, other.score) for other in similar(graph, run, modality, id_, k=_NEIGHBOURS)]
        for id_, name in list(zip(known.ids, known.names, strict=True))[:_ASKED]
    }
    return ModalityView(modality.label, known.names, known.matrix_NR, neighbours)
