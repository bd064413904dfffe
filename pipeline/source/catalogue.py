"""Every data set that can be named on the command line: the built-in ones, and those that a file describes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from pipeline.records.source_protocol import Source
    from pipeline.source.files.graph_table import OpenGraph


def find(dataset: str, path: Path | None = None, graph: "OpenGraph | None" = None) -> "Source":
    """The source of a data set.

    Parameters
    ----------
    dataset
        Path of a data set file (``….toml``), or the name of a built-in data set.
    path
        Where a built-in data set's files are, for those that need a download.
    graph
        Connects to the graph in the database, for data sets whose tables are there.

    Raises
    ------
    ConfigurationError
        If there is no such data set, its file is not right, or a path is missing or not wanted.
    """
    if dataset.endswith(".toml"):
        from pipeline.source.described.source import DescribedSource

        if path is not None:
            raise ConfigurationError("--from is for built-in data sets", hint="a data set file names its tables itself")
        return DescribedSource.of_file(Path(dataset), graph)
    if dataset not in _BUILT_IN:
        raise _unknown(dataset)
    return _BUILT_IN[dataset](path)


def _unknown(dataset: str) -> ConfigurationError:
    built_in = f"name a data set file (….toml), or one that is built in: {', '.join(_BUILT_IN)}"
    path = Path(dataset)
    if path.is_file():
        return ConfigurationError(f"{dataset} is no data set file, whose names end in .toml", hint=built_in)
    if path.is_dir():
        inside = sorted(str(file) for file in path.glob("*.toml"))
        return ConfigurationError(f"{dataset} is a folder", hint=f"name {' or '.join(inside[:3])}" if inside else built_in)
    beside = [str(path.parent / file.name) for file in path.parent.glob("*.toml")]
    return ConfigurationError(
        f"there is no data set {dataset!r}{did_you_mean(dataset, [*_BUILT_IN, *sorted(beside)])}", hint=built_in
    )


def _movies(path: Path | None) -> "Source":
    from pipeline.source.movies.source import MoviesSource

    return MoviesSource(path)


def _tate(path: Path | None) -> "Source":
    from pipeline.source.tate.source import TateSource

    return TateSource(_required("tate", path, "the archive of the Tate's collection, or the folder that it unpacks to"))


def _movielens(path: Path | None) -> "Source":
    from pipeline.source.movielens.source import MovieLensSource

    return MovieLensSource(_required("movielens", path, "the folder ml-100k, its u.data, or a .mat file with a split"))


def _planted(path: Path | None) -> "Source":
    from pipeline.source.planted.source import PlantedSource

    return PlantedSource(path)


def _required(name: str, path: Path | None, what: str) -> Path:
    if path is None:
        raise ConfigurationError(f"data set {name} is read from files of yours", hint=f"--from PATH names {what}")
    return path


_BUILT_IN: dict[str, "Callable[[Path | None], Source]"] = {
    "movies": _movies,
    "tate": _tate,
    "movielens": _movielens,
    "planted": _planted,
}
