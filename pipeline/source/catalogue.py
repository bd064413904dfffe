"""The data sets that are built in, by name."""

from collections.abc import Callable

from pipeline.domain.records import Records
from pipeline.errors import ConfigurationError
from pipeline.source import movies

_BUILT_IN: dict[str, Callable[[], Records]] = {"movies": movies.read}


def read(name: str) -> Records:
    """Read a built-in data set.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    SourceError
        If its tables are not as expected.
    """
    if name not in _BUILT_IN:
        raise ConfigurationError(f"there is no data set {name!r}", hint=f"built in: {', '.join(sorted(_BUILT_IN))}")
    return _BUILT_IN[name]()
