"""The command that shows what a run learned."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.command.terminal import DatasetName, client, output, progress
from pipeline.domain.whole_file import check_is_free, write_whole


def report(
    dataset: DatasetName,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; DATASET.html by default.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Put it in the place of a file that is there.")] = False,
) -> None:
    """Write one HTML page about the run that is served: figures, quality, losses, maps, neighbours, components.

    The page needs nothing else, and opens in any browser.

    Example: [bold]hyperlearn report movies --out movies.html[/bold]
    """
    from pipeline.query.run_view import view_of_served
    from pipeline.report.page import page

    file = out or Path(f"{dataset}.html")
    check_is_free(file, overwrite=overwrite)
    with client() as graph, progress(f"Looking at {dataset}"):
        view = view_of_served(graph, dataset)
    write_whole(file, lambda to: to.write_text(page(view), encoding="utf-8"), overwrite=overwrite)
    output.print(f"run {view.run}: {file}", highlight=False, soft_wrap=True)
