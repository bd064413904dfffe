"""The guide as its reader sees it: in Neo4j Browser, in a real Chromium, every query run by a click.

Not run unless asked for (``uv run pytest -m browser``), since Chromium is a package of the system: ``apt-get install chromium``.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import variables

pytestmark = pytest.mark.browser

PATIENCE_MS = 120_000
HOSTILE = """<img src=x onerror="document.title='taken'">'"`"""


@pytest.fixture
def address(client: GraphClient, connection: Connection, tmp_path: Path) -> Iterator[str]:
    """Where a person is sent by `hyperlearn browse`, who has a data set in which every film has a name that means harm."""
    films = tiny.tables()
    films.entities["Film"]["name"] = [f"{HOSTILE} {number}" for number in range(len(films.entities["Film"]))]
    ids = {label: sorted(table["id"]) for label, table in films.entities.items()}
    random = np.random.default_rng(0)
    factors = {label: random.standard_normal((len(of), 4)).astype(np.float32) for label, of in ids.items()}
    ingest(client, films)
    write_back(client, Embeddings("run-1", "tiny", 4, ids, factors, {}, {}))
    command = [sys.executable, "-m", "pipeline", "browse", "tiny", "--json"]
    environment = variables(connection, tmp_path / "home")
    if connection.browser_url:
        command += ["--browser", connection.browser_url]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as browse:
        assert browse.stdout
        try:
            yield json.loads("".join(iter(browse.stdout.readline, "}\n")) + "}")["url"]
        finally:
            browse.terminate()


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        # Root, as which containers run, has no sandbox.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield page
        browser.close()


def test_every_query_of_the_guide_is_answered_by_a_click(page: Page, address: str, connection: Connection, tmp_path: Path) -> None:
    page.goto(address)
    page.locator("input[type=password]").fill(connection.password)
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are connected as user")).to_be_visible()
    assert errors(page.get_by_test_id("stream")).count() == 0
    guide = page.get_by_test_id("guidesDrawer")
    guide.get_by_text("Colour the graph").click()
    expect(top_frame(page)).to_contain_text(":style")
    chips = chip_colours(guide)
    assert len(chips) == 5  # three modalities, two hyperedge types, each with a colour of its own
    num_slides = page.locator("[data-testid^=pagination-]").count()
    drawn: set[str] = set()
    asked = 0
    for slide in range(1, num_slides + 1):
        page.get_by_test_id(f"pagination-{slide}").click()
        for number in range(guide.locator(".runnable").count()):
            query = guide.locator(".runnable").nth(number)
            query.locator("i").click()
            text = squeezed(query.inner_text())
            frame = top_frame(page)
            expect(frame.get_by_test_id("frameCommand")).to_contain_text(text[:20])
            expect(frame.get_by_test_id("cypherFrameSidebarTable").or_(errors(frame)).first).to_be_visible()
            page.screenshot(path=tmp_path / f"slide-{slide}-query-{number}.png")
            assert errors(frame).count() == 0, frame.inner_text()
            if frame.get_by_test_id("cypherFrameSidebarVisualization").count():
                drawn |= colours_of_nodes(frame)
            asked += 1
    assert asked >= 10
    assert drawn <= chips
    assert len(drawn) == 5
    assert page.title() != "taken"


def top_frame(page: Page) -> Locator:
    """What was asked last stands above what was asked before."""
    return page.get_by_test_id("frame").first


def errors(place: Locator) -> Locator:
    return place.get_by_text("ERROR", exact=True)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def chip_colours(guide: Locator) -> set[str]:
    return set(guide.locator("td span").evaluate_all("chips => chips.map(chip => getComputedStyle(chip).backgroundColor)"))


def colours_of_nodes(frame: Locator) -> set[str]:
    """The colours in which a frame draws its nodes, each of which has to have a caption."""
    captions = frame.locator("svg .node text.caption")
    expect(captions.first).to_be_attached()
    nodes = frame.locator("svg .node")
    assert nodes.count() > 1
    for node in range(nodes.count()):
        assert nodes.nth(node).locator("text.caption").first.inner_html().strip()
    fills = "circles => circles.map(circle => getComputedStyle(circle).fill)"
    return set(nodes.locator("circle.b-outline").evaluate_all(fills))
