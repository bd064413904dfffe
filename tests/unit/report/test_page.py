import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.domain.run_view import ModalityView, RunView
from pipeline.report.page import page

HOSTILE = "<script>alert('&')</script>"

REPORT: dict[str, Any] = {
    "parameters": {"embedding_dim": 3},
    "update": "stochastic",
    "snapshot": {"counts": {"entities": {"Film": 1200, "Maker": 2}, "relations": {}, "hyperedges": {"Making": 45}}},
    "seconds": 1.25,
    "workers": 1,
    "device": "cpu",
    "rounds": 2,
    "bestRound": 1,
    "findings": [],
    "numUntied": {"Film": 1},
    "quality": [],
    "losses": {"reconstruction": {"Making": 1.0}},
    "history": [
        {"losses": {"reconstruction": {"Making": loss}}, "validation": {"Making": validation}}
        for loss, validation in ((3.0, 2.75), (2.0, 1.5), (1.0, 1.75))
    ],
    "similarityToFormer": {"Film": 0.5},
}


def view(**changed: Any) -> RunView:
    names = [f"Film {number}" for number in range(8)] + [HOSTILE]
    films = ModalityView(
        "Film", names, np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32), {HOSTILE: [("Film 1", 0.75)]}
    )
    makers = ModalityView("Maker", ["m0", "m1"], np.eye(2, 3, dtype=np.float32), {})
    return RunView("tiny", "run-1", "2026-11-26T00:51:10Z", 0, {"Film": 0.987}, {**REPORT, **changed}, [films, makers])


def test_a_page_needs_nothing_else_and_runs_nothing() -> None:
    html = page(view())
    assert "default-src 'none'" in html
    assert "<script" not in html
    for attribute in ("http:", "https:", "src=", "href=", "@import", "url("):
        assert attribute not in html


def test_names_are_shown_as_they_are() -> None:
    html = page(view())
    assert html.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;") >= 3  # map, neighbours, components


def test_drawings_are_well_formed_and_have_all_names() -> None:
    html = page(view())
    drawings = [ET.fromstring(part.partition("</svg>")[0].join(("<svg", "</svg>"))) for part in html.split("<svg")[1:]]  # noqa: S314 - ours
    curve, films = drawings  # two makers are no map
    assert '<div class="wide"><svg class="map"' in html  # on a phone a map is as large, and scrolls
    assert len(films.findall("circle/title")) == 9
    assert {text.text for text in films.findall("text")} <= {f"Film {number}" for number in range(8)} | {HOSTILE}
    (mark,) = curve.findall("circle")
    (path,) = curve.findall("polyline")
    assert path.attrib["points"].split()[1] == f"{mark.attrib['cx']},{mark.attrib['cy']}"


def test_what_a_run_tells_is_there() -> None:
    html = page(view())
    for text in (
        "1,200",
        "round 1 of 2 counts",
        "2.75 → 1.5",
        "on the validation part",
        "0.500",
        "0.987",
        "does.",
        "2026-11-26 00:51 UTC",
    ):
        assert text in html, text
    assert "folded in" not in html
    question = {"type": "Making", "slot": 0, "modality": "Film", "mrr": 0.4567, "baseline": "popularity", "baselineMrr": 0.25}
    told = page(replace(view(quality=[question], findings=["3 components are dead <b>"]), num_folded_in=1234))
    for text in (
        "Making: Film (0)",
        "0.457",
        "0.250 (popularity)",
        "3 components are dead &lt;b&gt;",
        "1,234 entities, without training",
    ):
        assert text in told, text


def test_without_a_validation_part_the_losses_of_what_is_learned_are_drawn() -> None:
    history = [{**done, "validation": {}} for done in REPORT["history"]]
    html = page(view(history=history, similarityToFormer={}))
    assert "3 → 2<" in html
    assert "on what is learned" in html
