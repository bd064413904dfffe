"""Commands that ask."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group

from pipeline.command.terminal import DatasetName, Json, client, output, print_json, progress
from pipeline.domain.dataset import Modality
from pipeline.domain.question import question
from pipeline.errors import QueryError
from pipeline.report.tables import analogy_table, candidates_table, explanation_table, neighbours_table

if TYPE_CHECKING:
    from pipeline.query.complete import Candidate
    from pipeline.query.explain import Explanation
    from pipeline.query.find import Entity
    from pipeline.query.served import Run
    from pipeline.query.similar import Neighbour


def similar(
    label: Annotated[str, typer.Argument(help="Modality, such as Movie.", metavar="LABEL")],
    id_or_name: Annotated[str | None, typer.Argument(help="Exact name, or id.", metavar="ID-OR-NAME")] = None,
    entity_id: Annotated[str | None, typer.Option("--id", help="Id, where several entities have one name.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    to: Annotated[str | None, typer.Option(help="Modality of the neighbours; LABEL by default.", metavar="LABEL")] = None,
    as_json: Json = False,
) -> None:
    """Show the entities nearest to one, best first.

    Example: [bold]hyperlearn similar Movie "Fight Club" -k 5[/bold]
    """
    wanted = entity_id or id_or_name
    if wanted is None:
        raise QueryError("neither a name nor an id was given", hint=f'hyperlearn similar {label} "Some name"')
    from pipeline.query.find import find
    from pipeline.query.served import ask_published, published
    from pipeline.query.similar import similar as nearest

    with client() as graph:
        target = published(graph, to or label)[0]

        def question(modality: Modality, run: "Run") -> "tuple[Entity, list[Neighbour]]":
            entity = find(graph, modality, wanted, by_id=entity_id is not None)
            return entity, nearest(graph, run, modality, entity.id, k=k, to=target)

        entity, neighbours = ask_published(graph, label, question)
    _print_neighbours(neighbours, neighbours_table(target, entity.name, neighbours), as_json=as_json)


def analogy(
    label: Annotated[str, typer.Argument(help="Modality, such as Director.", metavar="LABEL")],
    one: Annotated[str, typer.Argument(help="Exact name, or id.", metavar="ONE")],
    its: Annotated[str, typer.Argument(help="Exact name, or id, of what is to the ONE.", metavar="ITS")],
    other: Annotated[str, typer.Argument(help="Exact name, or id, of the other.", metavar="OTHER")],
    to: Annotated[str | None, typer.Option(help="Modality of ITS and of the answers; LABEL by default.", metavar="LABEL")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    as_json: Json = False,
) -> None:
    """Show what is to the other as ITS is to the ONE, best first.

    Example: [bold]hyperlearn analogy Director "Alfred Hitchcock" Vertigo "Akira Kurosawa" --to Movie[/bold]
    """
    from pipeline.query.analogy import analogy as alike
    from pipeline.query.find import find
    from pipeline.query.served import ask_published, published

    with client() as graph:
        target = published(graph, to or label)[0]

        def question(modality: Modality, run: "Run") -> "tuple[Sequence[Entity], list[Neighbour]]":
            asked = (
                find(graph, modality, one, choose=" "),
                find(graph, target, its, choose=" "),
                find(graph, modality, other, choose=" "),
            )
            return asked, alike(graph, run, asked, target, k=k)

        entities, found = ask_published(graph, label, question)
    _print_neighbours(found, analogy_table(target, [entity.name for entity in entities], found), as_json=as_json)


def _print_neighbours(found: "list[Neighbour]", table: Group, *, as_json: bool) -> None:
    if as_json:
        print_json([{"id": n.id, "name": n.name, "label": n.label, "score": n.score} for n in found])
    else:
        output.print(table)


def explain(
    label: Annotated[str, typer.Argument(help="Modality, such as Movie.", metavar="LABEL")],
    one: Annotated[str, typer.Argument(help="Exact name, or id.", metavar="ONE")],
    other: Annotated[str, typer.Argument(help="Exact name, or id.", metavar="OTHER")],
    to: Annotated[str | None, typer.Option(help="Modality of the other; LABEL by default.", metavar="LABEL")] = None,
    as_json: Json = False,
) -> None:
    """Show why two entities are near: what joins them in the graph, and which components carry the score.

    Example: [bold]hyperlearn explain Movie "Fight Club" "Panic Room"[/bold]
    """
    from pipeline.query.explain import explain as why
    from pipeline.query.find import find
    from pipeline.query.served import ask_published, published

    with client() as graph:
        target = published(graph, to or label)[0]

        def question(modality: Modality, run: "Run") -> "tuple[Entity, Entity, Explanation]":
            entities = find(graph, modality, one, choose=" "), find(graph, target, other, choose=" ")
            return *entities, why(graph, run, entities)

        first, second, explanation = ask_published(graph, label, question)
    if as_json:
        print_json(asdict(explanation))
    else:
        output.print(explanation_table(first.name, second.name, explanation))


def complete(
    hyperedge_type: Annotated[str, typer.Argument(help="Hyperedge type, such as Direction.", metavar="HYPEREDGE-TYPE")],
    given: Annotated[list[str], typer.Argument(help="Members that are given, by exact name or id.", metavar="LABEL=NAME...")],
    ask: Annotated[str, typer.Option("--ask", help="Which member is asked for.", metavar="LABEL")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    new: Annotated[bool, typer.Option("--new", help="Leave out those with which such a hyperedge is there.")] = False,
    as_json: Json = False,
) -> None:
    """Show who could best complete a hyperedge, given other members: the model's own score, not a nearness of vectors.

    Members that are neither given nor asked for are taken as the average of those that stand there. Where a modality stands in the
    type more than once, LABEL takes the first position that is free; a position's number, from 0, chooses another.

    Example: [bold]hyperlearn complete Direction Genre=Thriller --ask Director[/bold]
    """
    from pipeline.query.complete import complete as candidates
    from pipeline.query.complete import described_type
    from pipeline.query.find import find
    from pipeline.query.served import ask_published

    with client() as graph:
        dataset, kind = described_type(graph, hyperedge_type)
        asked = question(kind, [_where_and_who(text) for text in given], ask)

        def answer(modality: Modality, run: "Run") -> "tuple[dict[int, Entity], list[Candidate]]":
            found = {
                position: find(graph, dataset.modality(kind.members[position]), who, choose=f"{kind.members[position]}=")
                for position, who in asked.given.items()
            }
            ids = {position: entity.id for position, entity in found.items()}
            return found, candidates(graph, run, modality, replace(asked, given=ids), k=k, new=new)

        found, listed = ask_published(graph, asked.asked, answer)
    if as_json:
        print_json([{"id": c.id, "name": c.name, "label": c.label, "score": c.score, "known": c.known} for c in listed])
    else:
        output.print(
            candidates_table(kind.label, dataset.modality(asked.asked), [entity.name for entity in found.values()], listed)
        )


def _where_and_who(text: str) -> tuple[str, str]:
    where, sign, who = text.partition("=")
    if not (where and sign and who):
        raise QueryError(f"{text!r} does not say which member it is", hint="write LABEL=NAME, as in Genre=Thriller")
    return where, who


def vectors(
    dataset: DatasetName,
    label: Annotated[str, typer.Argument(help="Modality, such as Movie.", metavar="LABEL")],
    out: Annotated[Path, typer.Option("--out", help="File to write: its ending, .parquet, .npy or .csv, is the format.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Put it in the place of a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write the vectors of a modality to a file, with ids and names: those of the run that is served.

    Beside a .npy file lies one of the rows' ids and names, FILE.ids.csv.

    Example: [bold]hyperlearn vectors movies Movie --out movies.parquet[/bold]
    """
    from pipeline.query.vector_files import check_file, write_vectors
    from pipeline.query.vectors import read_vectors

    check_file(out, overwrite=overwrite)
    with client() as graph:
        read = read_vectors(graph, dataset, label, progress)
    write_vectors(read, out, overwrite=overwrite)
    counts = {"run": read.run, "vectors": len(read.ids), "dimensions": read.matrix_NR.shape[1], "file": str(out)}
    if as_json:
        print_json(counts)
    else:
        output.print(f"run {read.run}: {len(read.ids):,} vectors of length {read.matrix_NR.shape[1]} in {out}", highlight=False)
