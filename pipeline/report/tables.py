"""Results as tables for people."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.domain.dataset import Modality
from pipeline.domain.visible import visible

if TYPE_CHECKING:
    import pandas as pd


def table(columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> Table:
    """A table.

    Parameters
    ----------
    columns
        Headings, each with ``left`` or ``right`` for the side its cells stand at.
    rows
        Cells; texts are never read as markup, and what a terminal would obey is written out.
    """
    shown = Table(box=None, pad_edge=False)
    for heading, side in columns.items():
        shown.add_column(Text(visible(heading)), justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(visible(in_words(cell))) for cell in row))
    return shown


def in_words(cell: object) -> str:
    """A value as people read it: lists with commas, whole numbers with separators, a missing one as nothing."""
    match cell:
        case None:
            return ""
        case list() | tuple():
            return ", ".join(map(str, cell))
        case float():
            return f"{cell:.3f}"
        case _:
            return str(cell)


def neighbours_table(modality: Modality, name: str, neighbours: Sequence[Any]) -> Group:
    """Neighbours of an entity with names and what tells them apart, best first, under a heading."""
    heading = f"{modality.label}: nearest to {name}"
    return _ranked(heading, modality, neighbours, {"score": "right"}, lambda neighbour: [neighbour.score])


def analogy_table(modality: Modality, names: Sequence[str], found: Sequence[Any]) -> Group:
    """What is to the third as the second is to the first, with what tells them apart, best first, under a heading."""
    one, its, other = names
    heading = f"{modality.label}: to {other} as {its} is to {one}"
    return _ranked(heading, modality, found, {"score": "right"}, lambda each: [each.score])


def candidates_table(kind: str, modality: Modality, given: Sequence[str], candidates: Sequence[Any]) -> Group:
    """Who could complete a hyperedge, with what tells them apart, best first, under a heading."""
    heading = f"{kind}: {modality.label} given {', '.join(given)}"
    columns = {"score": "right", " ": "left"}
    return _ranked(heading, modality, candidates, columns, lambda each: [f"{each.score:.2g}", "known" if each.known else ""])


def _ranked(
    heading: str, modality: Modality, found: Sequence[Any], columns: Mapping[str, str], cells: Callable[[Any], list[object]]
) -> Group:
    """Entities of a modality, best first, with columns of their own behind what tells them apart."""
    if not found:
        return Group(_heading(heading), Text("  nobody else is there", style="dim"))
    apart = modality.distinguish_by
    rows = [
        (place, each.name, *(each.properties.get(name) for name in apart), *cells(each))
        for place, each in enumerate(found, start=1)
    ]
    shown = table({"": "right", "name": "left", **dict.fromkeys(apart, "left"), **columns}, rows)
    return Group(_heading(heading), shown)


def _heading(text: str) -> Text:
    return Text(visible(text), style="bold")


def outliers_table(kind: str, num_hyperedges: int, frame: "pd.DataFrame") -> Group:
    """Odd hyperedges of a type, the oddest first, under a heading."""
    of_values = "spreads" in frame.columns
    what = "furthest from the value predicted" if of_values else "with the least likely members"
    shown = frame if of_values else frame.assign(seen=frame["seen"].map("{:,}".format), times=frame["times"].map(_times))
    columns = {name: "right" if name in _NUMBERS else "left" for name in shown.columns}
    rows = [(place, *row) for place, row in enumerate(shown.itertuples(index=False), start=1)]
    heading = f"{kind}: of {num_hyperedges:,} hyperedges those {what}"
    return Group(_heading(heading), table({"": "right", **columns}, rows))


_NUMBERS = frozenset({"seen", "times", "value", "predicted", "spreads"})


def _times(times: float) -> str:
    return f"{times:,.0f}" if times < 1_000_000 else f"{times:.0e}"


def explanation_table(one: str, other: str, explanation: Any) -> Group:  # noqa: ANN401 - what a query found
    """Why two entities are near."""
    parts: list[Text | Table] = [_heading(f"{one} and {other}: {explanation.score:.3f}")]
    if explanation.together:
        parts.append(Text(f"{explanation.together:,} hyperedges join them"))
    parts.extend(Text(f"related by {kind}, {weight:.3g}") for kind, weight in explanation.relations)
    if explanation.shared:
        columns = {"shared": "left", " ": "left", "with the one": "right", "the other": "right", "anybody": "right"}
        rows = [(each.label, each.name, *map(str, each.hyperedges), f"{each.degree:,}") for each in explanation.shared]
        parts.append(table(columns, rows))
    if explanation.components:
        columns = {"component": "right", "of the cosine": "right", "as in": "left"}
        rows = [(each.number, f"{each.share:.3f}", ", ".join(each.names)) for each in explanation.components]
        parts.append(table(columns, rows))
    return Group(*parts)


QUALITY_COLUMNS = ("hidden", "measure", "model", "best of counting")
"""What the columns of `quality_rows` are called."""


def quality_table(questions: Sequence[Mapping[str, Any]]) -> Table:
    """What a model reaches on hidden hyperedges, beside the best that counting does."""
    return table({name: "right" if name == "model" else "left" for name in QUALITY_COLUMNS}, quality_rows(questions))


def quality_rows(questions: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Its rows: what was hidden, the measure, the model's figure, and counting's."""
    rows = []
    for question in questions:
        measure = "mrr" if "mrr" in question else "rmse"
        what = "the value" if question["slot"] is None else f"{question['modality']} ({question['slot']})"
        counted = f"{question[f'baseline{measure.capitalize()}']:.3f} ({question['baseline']})"
        rows.append([f"{question['type']}: {what}", measure.upper(), f"{question[measure]:.3f}", counted])
    return rows


def quality_in_short(questions: Sequence[Mapping[str, Any]]) -> str:
    """The same in a few words: means over the questions of one measure."""
    parts = []
    for measure in ("mrr", "rmse"):
        pairs = [(q[measure], q[f"baseline{measure.capitalize()}"]) for q in questions if measure in q]
        if pairs:
            model, counting = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
            parts.append(f"{measure.upper()} {model:.3f} (counting {counting:.3f})")
    return ", ".join(parts)


def recall_in_short(recall: Mapping[str, float]) -> str:
    """What the vector indexes find, in a few words: of the modality of which they find least."""
    return f"recall@10 {min(recall.values()):.3f} at least"
