"""The command that opens a data set in Neo4j Browser."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

import typer

from pipeline.command.terminal import DatasetName, Json, load_settings, messages, output, print_json, progress
from pipeline.domain.dataset import Dataset
from pipeline.domain.private_folder import private_folder
from pipeline.domain.whole_file import write_whole

if TYPE_CHECKING:
    from pipeline.graph.client import GraphClient
    from pipeline.graph.connection import Connection
    from pipeline.query.served import Run
    from pipeline.report.guide import GuideView
    from pipeline.settings import Settings


def browse(
    dataset: DatasetName,
    browser: Annotated[
        str | None,
        typer.Option("--browser", help="Address of Neo4j Browser, where it is not the usual one.", metavar="URL"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explore a data set in Neo4j Browser: a guide with queries about its own entities, and a style with its colours.

    Both are written to files, and served on this machine, to Browser alone, until Ctrl-C is pressed.

    Example: [bold]hyperlearn browse movies[/bold]
    """
    from pipeline.command.guide_server import origins, serving
    from pipeline.graph.client import GraphClient
    from pipeline.graph.stored_datasets import stored_dataset
    from pipeline.query.served import ask_published
    from pipeline.report.guide import guide

    settings = load_settings()
    if browser is not None:
        origins(browser)  # refused before a server is started
    connection = settings.connect(progress)
    address = browser or connection.browser_url or f"http://{urlsplit(connection.uri).hostname}:7474/browser/"
    allowed = origins(address)
    with GraphClient(connection) as graph, progress(f"Looking at {dataset}"):
        described = stored_dataset(graph, dataset).dataset
        view = ask_published(graph, described.labels[0], lambda _, run: _view(graph, described, run))
    files = {f"{dataset}.html": ("text/html", guide(view)), f"{dataset}.grass": ("text/plain", _style(described))}
    folder = private_folder(settings.browser)
    for name, (_, text) in files.items():
        _write(folder / name, text)
    with serving(files, allowed) as served:
        url = _url(address, connection, f"{served}/{quote(dataset)}.html")
        if as_json:
            print_json({"url": url, "guide": str(folder / f"{dataset}.html"), "style": str(folder / f"{dataset}.grass")})
        else:
            output.print(f"open  {url}", highlight=False, markup=False, soft_wrap=True)
        _advise(settings, folder, dataset, served)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            messages.print("Browser keeps what it has loaded.", highlight=False)


def _style(dataset: Dataset) -> str:
    """The style of a data set."""
    from pipeline.report.grass import grass

    return grass(dataset.labels, _types(dataset), [graph.relation_type for graph in dataset.graphs])


def _view(graph: "GraphClient", dataset: Dataset, run: "Run") -> "GuideView":
    from pipeline.graph.counts import count_nodes
    from pipeline.query.guide_queries import general_queries, modality_queries
    from pipeline.report.guide import GuideView

    return GuideView(
        dataset.name,
        run.id,
        run.published_at,
        {label: count_nodes(graph, label) for label in dataset.labels},
        {label: count_nodes(graph, label) for label in _types(dataset)},
        [each.relation_type for each in dataset.graphs],
        {modality.label: modality_queries(graph, run, dataset, modality) for modality in dataset.modalities},
        general_queries(graph, dataset),
    )


def _types(dataset: Dataset) -> list[str]:
    return [kind.label for kind in dataset.hyperedge_types]


def _write(file: Path, text: str) -> None:
    write_whole(file, lambda to: to.write_text(text, encoding="utf-8"), overwrite=True)


def _url(browser: str, connection: "Connection", guide: str) -> str:
    """Where a person goes: Browser, with the database, the user's name and the guide; never the password."""
    from pipeline.graph.connection import DEFAULT_DATABASE

    if urlsplit(browser).path in {"", "/"}:
        # The server leads from there to Browser, and forgets what is behind the question mark.
        browser = f"{browser.rstrip('/')}/browser/"
    database = f"dbms={quote(connection.uri.replace('://', f'://{quote(connection.user)}@', 1), safe=':/@')}"
    # Browser says that the usual one is not there if it is told to use it before it has asked which there are.
    other = "" if connection.database == DEFAULT_DATABASE else f"&db={quote(connection.database)}"
    return f"{browser}?{database}{other}&cmd=guide&arg={guide}"


def _advise(settings: "Settings", folder: Path, dataset: str, served: str) -> None:
    lines = [
        f"or type in Neo4j Browser  :guide {served}/{quote(dataset)}.html",
        f"the colours alone         :style {served}/{quote(dataset)}.grass",
    ]
    if settings.embedded is not None:
        lines.append(f"the password is in        {settings.embedded.home}/password")
    lines.append(f"both files are in         {folder}")
    lines.append("Ctrl-C ends this.")
    for line in lines:
        messages.print(line, highlight=False, markup=False, soft_wrap=True)
