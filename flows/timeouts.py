"""How long a stage may take, in seconds: so long that only what hangs meets it, and does not block every later night.

Prefect ends a task that takes longer by a signal, which also ends a wait for a server that does not answer. Then it is an error of
ours, and not tried again.
"""

from typing import Any, ParamSpec, TypeVar

from prefect import Task
from prefect.task_engine import TaskRunTimeoutError

from pipeline.errors import StageTimeoutError

_HOUR = 3600.0

TABLES_S = 6 * _HOUR
"""For what reads tables, or writes to the database."""

TRAINING_S = 48 * _HOUR
"""For training, unless the refresh is given another."""

TUNING_S = 1 * _HOUR
"""For what choosing settings takes besides the time that it is given: the trial that is under way is ended."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


def timely(stage: Task[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
    """Run a stage.

    Raises
    ------
    StageTimeoutError
        If it has not ended in time.
    """
    try:
        return stage(*args, **options)
    except TaskRunTimeoutError as error:
        raise StageTimeoutError(
            f"{stage.name} has not ended within {_in_words(stage.timeout_seconds)}, and was ended",
            hint="see that the database answers (`hyperlearn status`); what was served still is, and the next refresh goes on",
        ) from error


def _in_words(seconds: Any) -> str:  # noqa: ANN401 - Prefect's type is internal
    return f"{seconds / _HOUR:g} h" if seconds >= _HOUR else f"{seconds:g} s"
