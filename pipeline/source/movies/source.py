"""The films of the package ``bokeh_sampledata`` (Wikidata, CC0) as a hypergraph.

In come the tables ``omdb`` and ``tomatoes`` of its SQLite file, one film a row, joined on ID. Out come checked records: films,
the people who made them by role, genres, countries and decades; hyperedges that join them; films that are near by their features.
A film that lacks a value (a genre, a director) is simply not in the hyperedge types that need one. People have no id in the
source: their name is their id.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType, IntraModalGraph, Modality, PropertyType
from pipeline.domain.progress import Progress
from pipeline.errors import SourceError
from pipeline.records.records import Records
from pipeline.records.tables import member_columns
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.movies.graphs import decade_relations, movie_relations
from pipeline.source.movies.name_lists import Names, names_of

MOVIE_PROPERTIES: dict[str, PropertyType] = {
    "year": "integer",
    "director": "string",
    "runtime": "float",
    "language": "string",
    "certificate": "string",
    "rating": "float",
    "meter": "float",
    "metacritic": "float",
    "oscars": "integer",
    "boxOffice": "float",
    "production": "string",
    "imdbId": "string",
}

DATASET = Dataset(
    name="movies",
    modalities=(
        Modality("Movie", MOVIE_PROPERTIES, distinguish_by=("year", "director")),
        Modality("Director"),
        Modality("Actor"),
        Modality("Writer"),
        Modality("Genre"),
        Modality("Country"),
        Modality("Decade", {"year": "integer"}),
    ),
    # A film that lacks one value keeps its others: without a director it has its genres, countries and cast, without a genre its
    # directors, writers and cast.
    hyperedge_types=(
        HyperedgeType("Production", ("Movie", "Genre", "Country"), weight=3.0),
        HyperedgeType("Direction", ("Movie", "Director", "Genre"), weight=1.0),
        HyperedgeType("Screenplay", ("Movie", "Director", "Writer"), weight=2.0),
        HyperedgeType("Casting", ("Movie", "Actor", "Decade"), weight=0.2),
    ),
    graphs=(
        IntraModalGraph("Movie", "SIMILAR", weight=1.5),
        IntraModalGraph("Decade", "NEXT", weight=0.1),
    ),
)
"""The weights were chosen on a validation part of the films; `hyperlearn evaluate films` measures them on another part."""

_FIELDS = {"Director": "Director", "Actor": "Cast", "Writer": "Writer", "Genre": "Genre", "Country": "Country"}
"""The multi-valued field that names the members of each modality."""

_LEAST_BOX_OFFICE = 1000.0
"""Dollars; the six figures below it ('Wonder Woman': 7.386) are in some other unit."""


@dataclass(frozen=True)
class Table:
    """One film a row, and the names in its fields.

    Attributes
    ----------
    films
        Columns of the source with ``id``, ``decade`` and, where the same, its own names.
    names
        Per modality with a multi-valued field, its names.
    num_dropped_box_offices
        Box offices that cannot be dollars and count as missing.
    """

    films: pd.DataFrame
    names: Mapping[str, Names]
    num_dropped_box_offices: int = 0

    def links(self, label: str) -> pd.DataFrame:
        """Films and members of a modality: columns ``movie`` and ``name``."""
        if label == "Decade":
            return self.films[["id", "decade"]].set_axis(["movie", "name"], axis=1)
        return self.names[label].links

    def without(self, label: str, movies: Iterable[str]) -> "Table":
        """The same films, some of which have no members of that modality: no hyperedge made of it can tell them."""
        names = self.names[label]
        kept = names.links[~names.links["movie"].isin(list(movies))].reset_index(drop=True)
        return replace(self, names={**self.names, label: replace(names, links=kept)})


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
        with _file(self.path) as path:
            return fingerprint(paths=[path])

    def read(self, progress: Progress) -> Records:
        """Read the films as a hypergraph.

        Raises
        ------
        SourceError
            If the file or one of its columns is missing.
        """
        with progress("Reading films"):
            table = read_table(self.path)
            return Records.of(
                DATASET,
                entities={modality.label: _entities(table, modality.label) for modality in DATASET.modalities},
                relations=relations(table),
                hyperedges={t.label: hyperedges(table, t) for t in DATASET.hyperedge_types},
                notes=tuple(_notes(table)),
            )


@contextmanager
def _file(path: Path | None) -> Iterator[Path]:
    if path is not None:
        yield path
    else:
        with as_file(files("bokeh_sampledata") / "_data" / "movies.db") as own:
            yield own


def read_table(path: Path | None = None) -> Table:
    """Read the films and take their fields apart, without joining anything yet; None takes the package's own file."""
    with _file(path) as file:
        return _table(file)


def _table(path: Path) -> Table:
    films = _films(path)
    implausible = films["boxOffice"] < _LEAST_BOX_OFFICE
    films.loc[implausible, "boxOffice"] = np.nan
    names = {label: names_of(films["id"], films[field]) for label, field in _FIELDS.items()}
    return Table(films, names, int(implausible.sum()))


def _films(path: Path) -> pd.DataFrame:
    query = """
        SELECT CAST(o.ID AS TEXT) AS id, trim(o.Title) AS name, o.Year AS year, o.Runtime AS runtime, o.Language AS language,
               o.Rating AS certificate, t.Rating AS rating, t.Meter AS meter, t.Reviews AS reviews, o.Metacritic AS metacritic,
               o.Oscars AS oscars, o.Awards AS awards, t.BoxOffice AS boxOffice, t.Production AS production, o.imdbID AS imdbId,
               o.Director AS Director, o."Cast" AS "Cast", o.Writer AS Writer, o.Genre AS Genre, o.Country AS Country
        FROM omdb o LEFT JOIN tomatoes t ON t.ID = o.ID ORDER BY o.ID
    """
    if not path.is_file():
        raise SourceError(f"{path} is missing", hint="install the package bokeh_sampledata again")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        films = pd.read_sql(query, connection)
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        raise SourceError(
            f"{path}: {error}", hint="the tables omdb and tomatoes of bokeh_sampledata 2026.1 are expected"
        ) from error
    finally:
        connection.close()
    films["decade"] = [f"{year // 10 * 10}s" for year in films["year"]]
    return films


def _entities(table: Table, label: str) -> pd.DataFrame:
    if label == "Movie":
        films = table.films.assign(director=table.films["Director"])
        frame = films[["id", "name", *MOVIE_PROPERTIES]].astype({"year": "int64", "oscars": "int64"})
        texts = ["director", "language", "certificate", "production", "imdbId"]
        # an empty text is no value
        return frame.assign(**{name: frame[name].astype(object).where(frame[name].fillna("") != "", None) for name in texts})
    names = sorted(table.links(label)["name"].unique())
    frame = pd.DataFrame({"id": names, "name": names}, dtype=object)
    return frame.assign(year=[int(name[:4]) for name in names]) if label == "Decade" else frame


def hyperedges(table: Table, hyperedge_type: HyperedgeType) -> pd.DataFrame:
    """Every combination of a film with its members of the other modalities; films that lack one of them are not there."""
    label, *others = hyperedge_type.members
    if label != "Movie":
        raise ValueError(f"hyperedge type {hyperedge_type.label} does not start with Movie")
    joined = pd.DataFrame({"movie": table.films["id"]})
    for position, other in enumerate(others, start=1):
        joined = joined.merge(table.links(other).rename(columns={"name": f"member{position}"}), on="movie")
    return joined.set_axis(member_columns(hyperedge_type.arity), axis=1).assign(value=1.0)


def relations(table: Table) -> dict[GraphKey, pd.DataFrame]:
    """Relations inside the modalities."""
    links = {label: table.links(label) for label in ("Actor", "Writer", "Country")}
    return {
        ("Movie", "SIMILAR"): movie_relations(table.films, links),
        ("Decade", "NEXT"): decade_relations(table.films["decade"]),
    }


def _notes(table: Table) -> Iterator[str]:
    """Say what was mended, left out or not there."""
    for label, names in table.names.items():
        done = [f"{count:,} {what}" for what, count in asdict(names.repairs).items() if count]
        yield f"{label}: {names.num_empty:,} films have none; names {', '.join(done) or 'as they are'}"
    yield f"{table.num_dropped_box_offices} box offices below {_LEAST_BOX_OFFICE:,.0f} dollars count as missing"
