"""The command that looks for errors in data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.command.terminal import DatasetName, Json, client, messages, print_json, print_wide, progress
from pipeline.errors import QueryError
from pipeline.report.tables import outliers_table

if TYPE_CHECKING:
    from pipeline.domain.embeddings import Embeddings
    from pipeline.query.outliers import Outliers


def outliers(
    dataset: DatasetName,
    label: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="A hyperedge type; every type by default.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many of each type.")] = 10,
    as_json: Json = False,
) -> None:
    """Show the hyperedges that the model finds oddest: where to look for errors in the data.

    A member is odd if, given the others, another one is many times as likely in its place. Each place has an order of its own, and
    a hyperedge stands where its oddest place puts it. Of measured values, those furthest from what the model predicts are shown.

    Example: [bold]hyperlearn outliers movies --type Direction[/bold]
    """
    from pipeline.domain.outliers_frame import outliers_frame
    from pipeline.export.export import read_snapshot
    from pipeline.graph.stored_datasets import without_vectors
    from pipeline.query.outliers import outliers as oddest
    from pipeline.query.vectors import read_embeddings

    with client() as graph:
        learned = read_embeddings(graph, dataset)
        if learned is None:
            raise without_vectors(dataset)
        labels = _labels(learned, label)
        snapshot = read_snapshot(graph, dataset, progress)
    found = [oddest(snapshot, learned, each, k=k, progress=progress) for each in labels]
    for each in found:
        if each.num_new:
            new = f"{each.num_new:,} hyperedges of {each.type} are left out: members of theirs have no vector yet"
            messages.print(f"  {new}", style="yellow", highlight=False, soft_wrap=True)
    if as_json:
        print_json([row for each in found for row in _rows(each)])
    else:
        for each in found:
            frame = outliers_frame(each.modalities, each.found)
            print_wide(outliers_table(each.type, each.num_hyperedges, frame))
            if len(each.found) < min(k, each.num_hyperedges):
                messages.print(f"  {each.type}: in all others each member is the likeliest", highlight=False, soft_wrap=True)


def _labels(learned: "Embeddings", label: str | None) -> Sequence[str]:
    if label is None:
        return list(learned.types)
    if label not in learned.types:
        from pipeline.domain.did_you_mean import did_you_mean

        meant, known = did_you_mean(label, learned.types), ", ".join(learned.types) or "none"
        raise QueryError(f"nothing was learned of a hyperedge type {label}{meant}", hint=f"there are {known}")
    return [label]


def _rows(outliers: "Outliers") -> list[dict[str, Any]]:
    rows = []
    for found in outliers.found:
        row = asdict(found)
        del row["hyperedge"]  # a number of this reading
        rows.append({"type": outliers.type, **row})
    return rows
