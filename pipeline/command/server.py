"""Commands about the database server."""

import typer

from pipeline.command.terminal import Json, load_settings, messages, output, print_json, print_wide, progress
from pipeline.errors import ConfigurationError, GraphUnavailableError
from pipeline.report.tables import quality_table, recall_in_short, table


def up() -> None:
    """Start the embedded Neo4j, or find it running.

    Example: [bold]hyperlearn up[/bold]
    """
    print_connection()


def down() -> None:
    """Stop the embedded Neo4j; nothing is lost.

    Example: [bold]hyperlearn down[/bold]
    """
    embedded = load_settings().embedded
    if embedded is None:
        raise ConfigurationError(
            "NEO4J_URI is set: that server is not ours to stop", hint="unset NEO4J_URI to mean the embedded one"
        )
    with progress("Stopping Neo4j"):
        stopped = embedded.down()
    messages.print("Neo4j is stopped." if stopped else "Neo4j was not running.")


def status(as_json: Json = False) -> None:
    """Show what the database holds, and which run it serves.

    Example: [bold]hyperlearn status --json[/bold]
    """
    settings = load_settings()
    connection = settings.connect() if settings.embedded is None else settings.embedded.running()
    if connection is None:
        raise GraphUnavailableError("the embedded Neo4j is not running", hint="start it with `hyperlearn up`")
    from pipeline.graph.client import GraphClient
    from pipeline.graph.fixed_names import FIXED_PROPERTY, fixed_index
    from pipeline.query.status import status as read_status

    with GraphClient(connection) as client:
        found = read_status(client)
    runs = [vars(entry.run) | {"dataset": entry.dataset.name} for entry in found.datasets if entry.run]
    newest = max(runs, key=lambda entry: str(entry["published_at"]), default=None)
    if as_json:
        run_json = newest and {
            "id": newest["id"],
            "dataset": newest["dataset"],
            "embeddingDim": newest["embedding_dim"],
            "publishedAt": newest["published_at"],
            "quality": newest["quality"],
            "recall": newest["recall"],
        }
        counts = {"entities": found.entities, "hyperedges": found.hyperedges}
        names = {
            entry.dataset.name: {
                "run": entry.copied_run,
                "property": FIXED_PROPERTY,
                "indexes": {label: fixed_index(label) for label in entry.fixed_names},
            }
            for entry in found.datasets
            if entry.fixed_names
        }
        server = {"uri": found.uri, "database": found.database, "version": found.version}
        print_json({**server, **counts, "run": run_json, "fixedNames": names})
        return
    output.print(f"Neo4j {found.version} at {found.uri}, database {found.database}", highlight=False)
    rows = [["entities", label, f"{count:,}"] for label, count in found.entities.items()]
    rows += [["hyperedges", label, f"{count:,}"] for label, count in found.hyperedges.items()]
    if rows:
        output.print(table({"kind": "left", "label": "left", "count": "right"}, rows))
    for run in runs:
        output.print(f"{run['dataset']}: run {run['id']}, published {run['published_at']}", highlight=False)
        if run["recall"]:
            output.print(f"vector indexes: {recall_in_short(run['recall'])}", highlight=False)
        if run["quality"]:
            print_wide(quality_table(run["quality"]))
    for copied in found.datasets:
        if copied.fixed_names:
            indexes = ", ".join(map(fixed_index, copied.fixed_names))
            whole = f"of run {copied.copied_run}" if copied.copied_run else "not whole: refresh completes it"
            output.print(f"{copied.dataset.name}: copied to {FIXED_PROPERTY}, indexes {indexes}; {whole}", highlight=False)
    for entry in found.datasets:
        if entry.run is None:
            output.print(f"{entry.dataset.name}: no vectors yet; `hyperlearn refresh` with its file makes them", highlight=False)
    if not found.datasets:
        output.print("No data set is there yet.")


def doctor() -> None:
    """Look for what is wrong with the set-up, and say how to mend it.

    Example: [bold]hyperlearn doctor[/bold]
    """
    settings = load_settings()
    if settings.embedded is None:
        from pipeline.graph.client import GraphClient

        with GraphClient(settings.connect()):
            output.print("[green]ok[/green]       Neo4j answers at NEO4J_URI")
        return
    findings = settings.embedded.diagnose()
    for finding in findings:
        mark = "[green]ok[/green]     " if finding.ok else "[red]problem[/red]"
        output.print(f"{mark}  {finding.what}", highlight=False)
        if finding.mend:
            output.print(f"         {finding.mend}", highlight=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def print_connection() -> None:
    """Say where the database is and how to look at it."""
    from pipeline.graph.client import GraphClient

    settings = load_settings()
    connection = settings.connect(progress)
    with GraphClient(connection):  # that it answers is to be seen, not believed
        messages.print(f"Neo4j is up at {connection.uri}", highlight=False)
    if settings.embedded is None or connection.browser_url is None:
        return
    messages.print(f"Neo4j Browser: {connection.browser_url}", highlight=False)
    messages.print(f"user {connection.user}, password in {settings.embedded.home}/password", highlight=False, soft_wrap=True)
    messages.print("`hyperlearn browse DATASET` opens a data set there, with a guide and colours", highlight=False, soft_wrap=True)
