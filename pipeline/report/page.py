"""What a run learned, as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pipeline.domain.run_view import ModalityView, RunView
from pipeline.report.landscape import flat
from pipeline.report.run_tables import (
    COMPONENTS_TOLD,
    MODALITY_COLUMNS,
    NEIGHBOURS_TOLD,
    component_table,
    figure_rows,
    modality_rows,
)
from pipeline.report.svg import line, points
from pipeline.report.tables import QUALITY_COLUMNS, quality_rows

_LABELS = 40
"""Names that a map says at once, at most."""

_STYLE = """
:root { --paper: #fff; --ink: #1d2329; --soft: #667; --rule: #dde; --mark: #2563a8; --warn: #a33; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16191d; --ink: #e4e7ea; --soft: #9aa3ad; --rule: #333a42; --mark: #7db3ea; --warn: #f08a80; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--rule); } h3 { margin-bottom: .3rem; }
p, li, .soft { color: var(--soft); } p.warn { color: var(--warn); }
.wide { overflow-x: auto; } table { border-collapse: collapse; } th { text-align: left; font-weight: 600; }
th, td { padding: .2rem 1rem .2rem 0; vertical-align: top; } .broad table { min-width: 50rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.cards ol { margin: 0; padding-left: 1.4rem; } .cards li { color: var(--ink); }
.cards li span { margin-left: .5rem; color: var(--soft); font-variant-numeric: tabular-nums; } svg { width: 100%; height: auto; }
.map { box-sizing: border-box; min-width: 40rem; border: 1px solid var(--rule); }
.map circle { fill: var(--mark); fill-opacity: .45; }
.map circle:hover { fill-opacity: 1; r: 6px; }
.map text { fill: var(--ink); font-size: 12px; } .curve polyline { fill: none; stroke: var(--mark); stroke-width: 2; }
.curve circle { fill: var(--mark); } .curve { max-width: 16rem; }
"""


def page(view: RunView) -> str:
    """The page as HTML."""
    sections = [
        _figures(view),
        _quality(view.report),
        _curves(view.report),
        _modalities(view),
        "<h2>Maps</h2><p>The best-connected entities of each modality, by the two directions in which their vectors differ most. "
        "Point at one for its name.</p>",
        *(_map(modality) for modality in view.modalities if len(modality.names) > 2),
        f"<h2>Neighbours</h2><p>{NEIGHBOURS_TOLD}</p>",
        *(_neighbours(modality) for modality in view.modalities if modality.neighbours),
        _components(view),
    ]
    title = escape(f"{view.dataset}: what was learned")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>{''.join(sections)}</body></html>\n"
    )


def _figures(view: RunView) -> str:
    warnings = "".join(f'<p class="warn">{escape(finding)}</p>' for finding in view.report["findings"])
    return _table([], figure_rows(view)) + warnings


def _quality(report: Mapping[str, Any]) -> str:
    head = "<h2>How good</h2>"
    if not report["quality"]:
        told = "Nobody has hidden hyperedges to see how well the settings of this run complete them;"
        return f"{head}<p>{told} <code>hyperlearn evaluate</code> does.</p>"
    told = "<p>On hyperedges that were hidden when the settings were chosen, beside the best that counting does.</p>"
    return head + told + _table(QUALITY_COLUMNS, quality_rows(report["quality"]))


def _curves(report: Mapping[str, Any]) -> str:
    history, best = report["history"], report["bestRound"]
    cards = []
    for label in report["losses"]["reconstruction"]:
        values = [{**done["losses"]["reconstruction"], **done["validation"]}[label] for done in history]
        ends = f'<div class="soft">{values[0]:.3g} → {values[best]:.3g}</div>'
        cards.append(f"<div><h3>{escape(label)}</h3>{line(values, best)}{ends}</div>")
    where = "on the validation part" if history[-1]["validation"] else "on what is learned"
    told = f"<p>Per hyperedge type, round by round, {where}; the round that counts is marked.</p>"
    return f'<h2>Losses</h2>{told}<div class="cards">{"".join(cards)}</div>'


def _modalities(view: RunView) -> str:
    told = (
        "<p>Entities that no hyperedge joins have nearly the mean vector of their modality. Recall@10 is the part of the ten "
        "nearest that the vector index finds. The last column tells how near vectors are to those of the run before: the mean "
        "cosine.</p>"
    )
    return "<h2>Modalities</h2>" + told + _table(MODALITY_COLUMNS, modality_rows(view))


def _map(modality: ModalityView) -> str:
    drawing = points(modality.names, flat(modality.matrix_NR), num_labels=_LABELS)
    return f'<h3>{escape(modality.label)}</h3><div class="wide">{drawing}</div>'


def _neighbours(modality: ModalityView) -> str:
    cards = []
    for name, found in modality.neighbours.items():
        items = "".join(f"<li>{escape(other)} <span>{score:.3f}</span></li>" for other, score in found)
        cards.append(f"<div><b>{escape(name)}</b><ol>{items}</ol></div>")
    return f'<h3>{escape(modality.label)}</h3><div class="cards">{"".join(cards)}</div>'


def _components(view: RunView) -> str:
    return f'<h2>Components</h2><p>{COMPONENTS_TOLD}</p><div class="broad">{_table(*component_table(view))}</div>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells of digits stand at the right under a heading."""
    head = f"<tr>{''.join(f'<th>{escape(column)}</th>' for column in columns)}</tr>" if columns else ""
    body = "".join(f"<tr>{''.join(_cell(cell, bool(columns)) for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{head}{body}</table></div>'


def _cell(text: str, headed: bool) -> str:
    is_number = headed and text.replace(",", "").replace(".", "").isdecimal()
    return f'<td class="number">{escape(text)}</td>' if is_number else f"<td>{escape(text)}</td>"
