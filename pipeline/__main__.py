"""The `hyperlearn` command.

Results go to standard output, everything else to standard error. The exit status is 0 only if the command did its work, 2 for a
question or a setting that cannot be right, 130 after Ctrl-C, 143 after SIGTERM, 1 for anything else.
"""

import sys
from traceback import clear_frames
from typing import Annotated

import typer
from rich.text import Text

from pipeline.command import (
    browse,
    check,
    deploy,
    evaluate,
    init,
    outliers,
    query,
    refresh,
    report,
    runs,
    serve,
    server,
    stages,
    tune,
)
from pipeline.command.stopped import stoppable
from pipeline.command.terminal import asks_for_json, messages, output
from pipeline.command.verbosity import with_verbosity
from pipeline.domain.visible import visible_lines
from pipeline.errors import ConfigurationError, PipelineError, QueryError

app = typer.Typer(
    name="hyperlearn",
    help="Learn one vector per entity of a hypergraph kept in Neo4j, and ask for what is similar.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

for _command in (
    refresh.demo,
    server.up,
    server.down,
    server.status,
    server.doctor,
    init.init,
    check.check,
    stages.ingest,
    stages.export,
    stages.train,
    stages.write_back,
    refresh.refresh,
    serve.serve,
    deploy.deploy,
    tune.tune,
    query.similar,
    query.analogy,
    query.explain,
    query.complete,
    outliers.outliers,
    query.vectors,
    report.report,
    browse.browse,
    runs.runs,
    runs.rollback,
    runs.remove,
):
    app.command()(stoppable(with_verbosity(_command)))
app.add_typer(evaluate.app, name="evaluate")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        output.print(f"hyperlearn {version('hyperlearn')}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show which version this is, and exit.")
    ] = False,
) -> None:
    del show_version


def main() -> None:
    """Run the command; turn errors into a few lines and an exit status."""
    try:
        app()
    except PipelineError as error:
        _tell(error)
        _let_go(error)
        sys.exit(2 if isinstance(error, QueryError | ConfigurationError) else 1)


def _tell(error: PipelineError) -> None:
    if asks_for_json():
        from pipeline.report.json_log import error_line

        typer.echo(error_line(str(error), error.hint), err=True)
        return
    messages.quiet = False
    messages.print(Text.assemble(("error: ", "red"), visible_lines(str(error))), soft_wrap=True)
    if error.hint:
        messages.print(Text(visible_lines(error.hint)), soft_wrap=True)


def _let_go(error: BaseException) -> None:
    """Empty the frames that an error has passed: others keep it, and libraries complain of what is alive when they end."""
    found: BaseException | None = error
    while found is not None:
        clear_frames(found.__traceback__)
        found = found.__cause__ or found.__context__


if __name__ == "__main__":
    main()
