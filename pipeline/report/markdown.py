"""What a run learned, as Markdown: for pages of others that show such, as Prefect's do. Drawings are in the HTML page alone."""

import re
from collections.abc import Sequence

from pipeline.domain.run_view import ModalityView, RunView
from pipeline.domain.visible import visible
from pipeline.report.run_tables import (
    COMPONENTS_TOLD,
    MODALITY_COLUMNS,
    NEIGHBOURS_TOLD,
    component_table,
    figure_rows,
    modality_rows,
)

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def markdown(view: RunView, browser: str | None = None) -> str:
    """The report as Markdown with tables.

    Parameters
    ----------
    view
        The run.
    browser
        Address of Neo4j Browser, where it is known.
    """
    found = f", and [Neo4j Browser]({browser}) has the graph" if browser else ""
    parts = [
        f"# {_text(view.dataset)}: what was learned",
        _table(["figure", "value"], figure_rows(view)),
        *(f"**{_text(finding)}**" for finding in view.report["findings"]),
        "## Modalities",
        _table(MODALITY_COLUMNS, modality_rows(view)),
        "## Neighbours",
        NEIGHBOURS_TOLD,
        *(_neighbours(modality) for modality in view.modalities if modality.neighbours),
        "## Components",
        COMPONENTS_TOLD,
        _table(*component_table(view)),
        f"Maps and losses are in the page that `hyperlearn report {view.dataset}` writes{found}.",
    ]
    return "\n\n".join(parts) + "\n"


def _neighbours(modality: ModalityView) -> str:
    rows = [[name, ", ".join(f"{other} ({score:.3f})" for other, score in found)] for name, found in modality.neighbours.items()]
    return _table([modality.label, "nearest"], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[_text(cell) for cell in row] for row in (columns, *rows)]
    head, *body = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([head, "|" + "---|" * len(columns), *body])


def _text(text: str) -> str:
    """A text that is nothing but itself in Markdown: each sign that may mean something is escaped, and so are lines."""
    return _PUNCTUATION.sub(r"\\\1", visible(text))
