"""The films of the package ``bokeh_sampledata`` (Wikidata, CC0) as a hypergraph.

``movies.toml`` describes it: films, the people who made them by role, genres, countries and decades; hyperedges that join them;
films that are near by their features. A film that lacks a value (a genre, a director) is simply not in the hyperedge types that
need one. People have no id in the source: their name is their id.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from pipeline.domain.progress import Progress
from pipeline.records.records import Records
from pipeline.source.described.description_file import packaged_description
from pipeline.source.described.source import fill_described
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.files.raw_tables import RawTables
from pipeline.source.movies.films import read_films

DESCRIPTION, DATASET = packaged_description(__package__, "movies.toml")


@dataclass(frozen=True)
class MoviesSource:
    """The films.

    Attributes
    ----------
    path
        The SQLite file; None takes the package's own.
    """

    path: Path | None = None
    name: str = DATASET.name

    def fingerprint(self) -> str:
        """Digest of the file and of the code that reads it."""
        with self._file() as path:
            return fingerprint(paths=[path])

    def read(self, progress: Progress) -> Records:
        """Read the films as a hypergraph.

        Raises
        ------
        SourceError
            If the file or one of its columns is missing.
        """
        return Records.filled(DATASET, lambda records: self._fill(records, progress))

    def _fill(self, records: Records, progress: Progress) -> None:
        with progress("Reading films"):
            raw_tables = self._raw_tables(records)
        fill_described(records, DESCRIPTION, raw_tables, Path(), progress)

    def _raw_tables(self, records: Records) -> RawTables:
        raw_tables = RawTables(records)
        with self._file() as path:
            films = read_films(path)
        records.notes += films.notes
        for name, frame in films.tables.items():
            raw_tables.add(f"movies.db#{name}", frame)
        return raw_tables

    @contextmanager
    def _file(self) -> Iterator[Path]:
        if self.path is not None:
            yield self.path
        else:
            with as_file(files("bokeh_sampledata") / "_data" / "movies.db") as own:
                yield own
