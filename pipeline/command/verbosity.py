"""How much a command says beside its answer: two options that all of them take."""

import functools
import inspect
import logging
import os
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.logging import RichHandler

from pipeline.command.terminal import asks_for_json, messages

_T = TypeVar("_T")

_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer and errors, and nothing else.")]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print what libraries log as well.")]


def with_verbosity(command: Callable[..., _T]) -> Callable[..., _T]:
    """The command with ``--quiet`` and ``--verbose``."""

    @functools.wraps(command)
    def run(*args: Any, quiet: bool, verbose: bool, **options: Any) -> _T:  # noqa: ANN401 - the command's own
        messages.quiet = quiet or asks_for_json()
        if verbose:
            _print_logs()
        return command(*args, **options)

    ours = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in (("quiet", _Quiet), ("verbose", _Verbose))
    ]
    signature = inspect.signature(command)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *ours])  # type: ignore[attr-defined]
    run.__annotations__ = command.__annotations__ | {"quiet": _Quiet, "verbose": _Verbose}
    return run


def _print_logs() -> None:
    handler: logging.Handler = RichHandler(console=messages, show_path=False, highlighter=None)
    if asks_for_json():
        from pipeline.report.json_log import JsonFormatter

        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", handlers=[handler])
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO")
