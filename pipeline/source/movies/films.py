"""The films of the package ``bokeh_sampledata`` as tables.

In come the tables ``omdb`` and ``tomatoes`` of its SQLite file, one film a row, joined on ID. Out come the tables that
``movies.toml`` names: the films with lists of names and with what their features are computed from, and all names per modality.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import SourceError
from pipeline.source.movies.name_lists import NameLists, name_lists

_FIELDS = {
    "Director": ("director", "directors"),
    "Actor": ("performers", "actors"),
    "Writer": ("screenwriters", "writers"),
    "Genre": ("kinds", "genres"),
    "Country": ("origins", "countries"),
}
"""Per modality, the text that holds several names, and the column of their lists."""

_LEAST_BOX_OFFICE = 1000.0
"""Dollars; the six figures below it ('Wonder Woman': 7.386) are in some other unit."""

_COMMON_WORD = 0.05
"""A word in more than this part of the titles tells nothing."""

_FEW_TITLES = 10
"""A word in no more titles than this is never common, however few films there are."""

_QUERY = """
    SELECT CAST(o.ID AS TEXT) AS id, trim(o.Title) AS name, o.Year AS year, o.Runtime AS runtime, o.Language AS language,
           o.Rating AS certificate, t.Rating AS rating, t.Meter AS meter, t.Reviews AS reviews, o.Metacritic AS metacritic,
           o.Oscars AS oscars, t.BoxOffice AS boxOffice, t.Production AS production, o.imdbID AS imdbId,
           o.Director AS director, o."Cast" AS performers, o.Writer AS screenwriters, o.Genre AS kinds, o.Country AS origins
    FROM omdb o LEFT JOIN tomatoes t ON t.ID = o.ID ORDER BY o.ID
"""


@dataclass(frozen=True)
class Films:
    """The films as tables.

    Attributes
    ----------
    tables
        By name, as ``movies.toml`` has them after the #.
    notes
        What was mended, left out or not there.
    """

    tables: dict[str, pd.DataFrame]
    notes: list[str]


def read_films(path: Path) -> Films:
    """Read the SQLite file.

    Raises
    ------
    SourceError
        If the file or one of its columns is missing.
    """
    films = _query(path)
    implausible = films["boxOffice"] < _LEAST_BOX_OFFICE
    films.loc[implausible, "boxOffice"] = np.nan
    names = {label: name_lists(films[field]) for label, (field, _) in _FIELDS.items()}
    films = films.assign(
        **{column: pd.Series(names[label].lists) for label, (_, column) in _FIELDS.items()},
        decade=[f"{year // 10 * 10}s" for year in films["year"]],
        clippedRuntime=films["runtime"].clip(40, 240),
        logBoxOffice=np.log(films["boxOffice"]),
        logReviews=np.log1p(films["reviews"]),
        titleWords=_title_words(films["name"]),
    )
    decades = sorted(films["decade"].unique())
    tables = {
        "films": films,
        **{column: pd.DataFrame({"name": names[label].names}) for label, (_, column) in _FIELDS.items()},
        "decades": pd.DataFrame({"name": decades, "year": [int(decade[:-1]) for decade in decades]}),
        "next_decades": pd.DataFrame(pairwise(decades), columns=["decade", "next"]),
    }
    return Films(tables, list(_notes(names, int(implausible.sum()))))


def _query(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise SourceError(f"{path} is missing", hint="install the package bokeh_sampledata again")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return pd.read_sql(_QUERY, connection)
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        raise SourceError(
            f"{path}: {error}", hint="the tables omdb and tomatoes of bokeh_sampledata 2026.1 are expected"
        ) from error
    finally:
        connection.close()


def _title_words(titles: "pd.Series[str]") -> "pd.Series[Any]":
    """Words of three letters or more, each once, without those that are in many titles."""
    words = [list(dict.fromkeys(re.findall(r"[^\W\d_]{3,}", title.casefold()))) for title in titles]
    num_titles = Counter(word for title in words for word in title)
    most = max(_COMMON_WORD * len(words), _FEW_TITLES)
    return pd.Series([[word for word in title if num_titles[word] <= most] for title in words])


def _notes(names: dict[str, NameLists], num_dropped_box_offices: int) -> Iterator[str]:
    for label, found in names.items():
        done = [f"{count:,} {what}" for what, count in asdict(found.repairs).items() if count]
        yield f"{label}: {found.num_empty:,} films have none; names {', '.join(done) or 'as they are'}"
    yield f"{num_dropped_box_offices} box offices below {_LEAST_BOX_OFFICE:,.0f} dollars count as missing"
