"""A Prefect server that is gone is one error, in whatever Prefect wraps it."""

import httpx
import pytest

from flows.server_errors import errors_of_prefect
from pipeline.errors import ConfigurationError, SchedulerUnavailableError


def of(cause: BaseException, error: Exception) -> Exception:
    error.__cause__ = cause
    return error


GONE = httpx.ConnectError("All connection attempts failed")


@pytest.mark.parametrize(
    "error", [GONE, ExceptionGroup("tasks", [ValueError("other"), ExceptionGroup("", [GONE])]), of(GONE, RuntimeError("threshold"))]
)
def test_a_server_that_is_gone_is_told(error: Exception) -> None:
    with pytest.raises(SchedulerUnavailableError, match="Prefect's server does not answer"), errors_of_prefect():
        raise error


@pytest.mark.parametrize("error", [ValueError("other"), of(GONE, ConfigurationError("ours")), ExceptionGroup("", [ValueError()])])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, errors_of_prefect():
        raise error
    assert caught.value is error
