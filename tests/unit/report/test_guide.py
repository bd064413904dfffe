"""The guide's text: what the data hold stays text, whatever it is."""

import json
import re
from html.parser import HTMLParser

import pytest

from pipeline.report.grass import grass
from pipeline.report.guide import GuideView, guide

HOSTILE = [
    "<script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    '" exec-topic="style reset" x="',
    "an only = 1, once= 'two'",
    'href="javascript:alert(1)"',
    "&lt;b&gt; &#60;b&#62; &amp;",
    "</slide><slide><h3>another",
    "`back` \\ {{braces}} [source]\n----\n==== AsciiDoc",
    "-->  <!-- ]]> <![CDATA[",
]


class Reader(HTMLParser):
    """Tags with the names of their attributes, and the text of each element that matters."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.topics: list[str] = []
        self.texts: dict[str, list[str]] = {"pre": [], "h3": [], "p": []}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.topics += [value or "" for name, value in attrs if name == "exec-topic"]
        self._open.append(tag)
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in self.texts:
            self.texts[self._open[-1]][-1] += data


def view(asked: str = "Who?", query: str = "MATCH (n) RETURN n", run: str = "run-1") -> GuideView:
    return GuideView(
        "tiny",
        run,
        "2026-11-26T00:51:10Z",
        {"Film": 1200, "Maker": 2},
        {"Making": 45},
        ["LIKE"],
        {"Film": {asked: query}, "Maker": {}},
        {"Runs": "MATCH (r) RETURN r"},
    )


def cleaned(text: str) -> str:
    """What a cleaning by regular expressions leaves, like Browser's: it takes handlers, scripts and links to scripts away."""
    text = re.sub(r"""\s+on[^\s=]+\s*=\s*("[^"]*"|'[^']*'|[\w\-.:]+\s*)""", "", text, flags=re.IGNORECASE)
    text = re.sub(r"<script\b.*?(</script>)?", "", text, flags=re.IGNORECASE)
    return re.sub(r"""href=(".*javascript:[^"]*"|'.*javascript:[^']*')""", "href", text)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_the_data_hold_stays_text(hostile: str) -> None:
    text = guide(view(hostile, f"RETURN {hostile}", hostile))
    plain, read = Reader(guide(view())), Reader(text)
    assert read.tags == plain.tags
    assert read.topics == plain.topics
    assert read.texts["pre"][0] == f"RETURN {hostile}"
    assert " ".join(hostile.split()) + ":" in read.texts["p"]
    # Between tags stands nothing that a search for tags or attributes could take for one.
    assert not re.search("[<>=\"'`]", re.sub(r"<[^<>]*>", "", text))
    assert cleaned(text) == text


def test_there_is_a_slide_per_modality_that_has_queries() -> None:
    read = Reader(guide(view()))
    assert read.texts["h3"] == ["tiny", "Film", "Hyperedges and runs"]
    assert read.texts["pre"] == ["MATCH (n) RETURN n", "MATCH (r) RETURN r"]
    assert [tag for tag, _ in read.tags].count("slide") == 3


def test_the_guide_has_the_style_in_it() -> None:
    (topic,) = Reader(guide(view())).topics
    command, _, style = topic.partition(" ")
    assert command == "style"
    assert json.loads(style) == json.loads(grass(["Film", "Maker"], ["Making"], ["LIKE"]))


def test_counts_are_told() -> None:
    text = guide(view())
    assert ">1,200<" in text
    assert "1,200 nodes." in text


def test_a_long_name_is_cut_beside_the_query_and_not_in_it() -> None:
    read = Reader(guide(view("x" * 1000, "y" * 1000)))
    assert read.texts["pre"][0] == "y" * 1000
    assert f"{'x' * 159}…:" in read.texts["p"]


def test_what_cannot_be_seen_is_not_shown() -> None:
    assert "a b c:" in Reader(guide(view("a\u202eb\n\x07c"))).texts["p"]


def test_the_same_data_give_the_same_guide() -> None:
    assert guide(view()) == guide(view())
