"""A guide for Neo4j Browser as it comes with the server: HTML with a ``slide`` after the other, beside the graph.

Browser cleans a guide by regular expressions before it shows it, so nothing of the data may look like markup, and none of it like
an attribute either: all that has a meaning in HTML, the equals sign too, is written as a character reference.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.report.grass import colours, grass

_SHOWN = 160
"""Characters of a text beside a query, at most; the query has all of them."""
_PLAIN = " \n,.:;()[]{}/_-+*!?|#%@^~"


@dataclass(frozen=True)
class GuideView:
    """A data set, as its guide shows it.

    Attributes
    ----------
    dataset, run, published_at
        What is in the database, and the run that is served.
    entities, hyperedges
        Number of nodes by label.
    relation_types
        The intra-modal relations.
    modality_queries
        Cypher by what it asks, by modality; those without any have no slide.
    general_queries
        Cypher by what it asks.
    """

    dataset: str
    run: str
    published_at: str
    entities: Mapping[str, int]
    hyperedges: Mapping[str, int]
    relation_types: Sequence[str]
    modality_queries: Mapping[str, Mapping[str, str]]
    general_queries: Mapping[str, str]


def guide(view: GuideView) -> str:
    """The guide as HTML."""
    own = colours([*view.entities], [*view.hyperedges])
    slides = [
        _slide(view.dataset, _overview(view, own)),
        *(
            _slide(label, f"<p>{_chip(own[label])}{view.entities[label]:,} nodes.</p>{_queries(queries)}")
            for label, queries in view.modality_queries.items()
            if queries
        ),
        _slide("Hyperedges and runs", _queries(view.general_queries)),
    ]
    return "\n".join(slides) + "\n"


def _overview(view: GuideView, own: Mapping[str, str]) -> str:
    style = grass([*view.entities], [*view.hyperedges], view.relation_types)
    return (
        f'<p><a exec-topic="style {_escaped(style)}">Colour the graph</a> first: a colour for each kind of node, entities with '
        "their names, hyperedges with their types. Browser keeps it.</p>"
        "<p>A click on the arrow of a query runs it; a click on its text puts it in the editor, where you can change it.</p>"
        "<p>A hyperedge is a small node, with a line to each entity that it joins.</p>"
        f"<h4>Entities</h4>{_counts(view.entities, own)}<h4>Hyperedges</h4>{_counts(view.hyperedges, own)}"
        f"<p>Run {_escaped(view.run)}, served since {_escaped(view.published_at[:16].replace('T', ' '))} UTC.</p>"
    )


def _counts(counts: Mapping[str, int], own: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><td>{_chip(own[label])}{_escaped(label)}</td><td style="text-align: right; padding-left: 24px">{count:,}</td></tr>'
        for label, count in counts.items()
    )
    return f"<table>{rows}</table>"


def _chip(colour: str) -> str:
    shape = "display: inline-block; width: 12px; height: 12px; border-radius: 6px; margin-right: 8px"
    return f'<span style="{shape}; background: {colour}"></span>'


def _queries(queries: Mapping[str, str]) -> str:
    return "".join(
        f'<p style="margin: 18px 0 6px">{_escaped(_shown(asked))}:</p>'
        # Browser draws its arrow at the left of the text, outside of it.
        f'<pre class="runnable" style="overflow: visible; margin: 0 0 0 12px">{_escaped(query)}</pre>'
        for asked, query in queries.items()
    )


def _slide(title: str, content: str) -> str:
    return f'<slide><div style="padding: 0 18px"><h3>{_escaped(_shown(title))}</h3>{content}</div></slide>'


def _shown(text: str) -> str:
    """A text in one line, without what cannot be seen."""
    seen = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    line = " ".join(seen.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _escaped(text: str) -> str:
    """Text that is nothing but text, in an element and in an attribute."""
    return "".join(character if character.isalnum() or character in _PLAIN else f"&#{ord(character)};" for character in text)
