"""What is told of a run in rows of texts, whatever shows them."""

from pipeline.domain.run_view import RunView
from pipeline.report.landscape import components

_COMPONENTS = 12
_NAMES = 4

NEIGHBOURS_TOLD = (
    "The entities nearest to the best-connected ones; the score is (1 + cosine) / 2, the cosine taken for less where few "
    "hyperedges tell of one."
)
COMPONENTS_TOLD = "The components in which the best-connected entities differ most, each by those that have most of it."
"""What stands above them."""

MODALITY_COLUMNS = ("modality", "entities", "in no hyperedge", "recall@10", "as before")
"""What the columns of `modality_rows` are called."""


def figure_rows(view: RunView) -> list[list[str]]:
    """Names and values of what it was learned from, and how."""
    report = view.report
    counts = report["snapshot"]["counts"]
    best = f"{report['bestRound']} of {report['rounds']}"
    norm = "" if report.get("cubicNorm") is None else f", with norm {report['cubicNorm']:g}"
    rows = [
        ["run", view.run],
        ["served since", view.published_at[:16].replace("T", " ") + " UTC"],
        ["entities", f"{sum(counts['entities'].values()):,}"],
        ["relations", f"{sum(counts['relations'].values()):,}"],
        ["hyperedges", f"{sum(counts['hyperedges'].values()):,}"],
        ["vectors", f"of {view.modalities[0].matrix_NR.shape[1]} numbers, by the {report['update']} update"],
        ["training", f"{report['seconds']:.1f} s on {report['workers']} worker(s), {report['device']}; round {best} counts{norm}"],
    ]
    return [*rows, ["folded in since", f"{view.num_folded_in:,} entities, without training"]] if view.num_folded_in else rows


def modality_rows(view: RunView) -> list[list[str]]:
    """Of each modality how many entities there are and how well they are found."""
    report, rows = view.report, []
    for modality in view.modalities:
        moved = report.get("similarityToFormer", {}).get(modality.label)
        count, untied = report["snapshot"]["counts"]["entities"][modality.label], report["numUntied"].get(modality.label, 0)
        found = view.recall.get(modality.label)
        figures = ["" if figure is None else f"{figure:.3f}" for figure in (found, moved)]
        rows.append([modality.label, f"{count:,}", f"{untied:,}", *figures])
    return rows


def component_table(view: RunView) -> tuple[list[str], list[list[str]]]:
    """The components in which entities differ most, as columns and rows: by modality who has most of each."""
    named = {modality.label: (modality.names, modality.matrix_NR) for modality in view.modalities if modality.names}
    rows = [
        [str(number), *(", ".join(tops[label]) for label in named)]
        for number, tops in enumerate(components(named, _COMPONENTS, _NAMES), start=1)
    ]
    return ["", *named], rows
