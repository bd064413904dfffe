"""MovieLens 100K as a hypergraph: who rated which film how, and when.

In comes the folder of the package, or its ``u.data`` alone (user, item, rating and seconds since 1970, tab-separated); ``u.item``
and ``u.genre`` beside it give the films' titles, years and genres, ``u.user`` gives the users' age, gender and occupation. Or a
``.mat`` file with a split and graphs comes in (`pipeline.source.movielens.split`). GroupLens forbids redistribution: a user brings
a copy.

This one is code, and no data set file: which modalities, properties and hyperedge types there are depends on which of the files are
there; the files have no header, and rows that cannot be read must keep their numbers; genres are columns of flags that another file
names. A data set file would be needed for each of the layouts, beside all of this.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.progress import Progress
from pipeline.errors import SourceError
from pipeline.records.records import Records
from pipeline.records.store import literal, quoted
from pipeline.records.tables import member_columns
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.movielens.split import Split, read_split
from pipeline.source.neighbours.features import pairs

_NAME = "movielens"
_UNKNOWN_GENRE = "unknown"
_TITLE = re.compile(r"(?P<title>.+?)\s*\((?P<year>[0-9]{4})\)\s*")

_HINT = "expected is the folder ml-100k, its u.data, or a .mat file with a split"


@dataclass(frozen=True)
class MovieLensSource:
    """Ratings of films.

    Attributes
    ----------
    path
        The folder, its ``u.data``, or a ``.mat`` file.
    """

    path: Path
    name: str = _NAME

    def fingerprint(self) -> str:
        """Digest of the files that are read and of the code that reads them."""
        return fingerprint(paths=[self.path] if self.path.suffix == ".mat" else _files(self.path).values())

    def read(self, progress: Progress) -> Records:
        """Read the ratings as a hypergraph.

        Raises
        ------
        SourceError
            If the path is of neither layout.
        """
        with progress("Reading ratings"):
            if self.path.suffix == ".mat":
                return _of_split(read_split(self.path))
            tables = {name: _read(file, name) for name, file in _files(self.path).items()}
            return Records.filled(_dataset(tables), lambda records: _stage(records, tables))


def _of_split(split: Split) -> Records:
    """The ratings for training alone, and both graphs: what is held out is never in the database. Numbers are from 1."""
    ids = {"User": _numbers(np.arange(split.num_users)), "Movie": _numbers(np.arange(split.num_movies))}
    ratings = {
        "member0": _numbers(split.training.users_E),
        "member1": _numbers(split.training.movies_E),
        "value": split.training.values_E.astype(float),
    }
    return Records.of(
        Dataset(
            _NAME,
            tuple(Modality(label) for label in ids),
            (HyperedgeType("Rating", ("User", "Movie")),),
            tuple(IntraModalGraph(label) for label in ids),
        ),
        entities={label: pd.DataFrame({"id": own, "name": own}) for label, own in ids.items()},
        relations={
            ("User", "SIMILAR"): pairs(ids["User"].tolist(), split.user_graph),
            ("Movie", "SIMILAR"): pairs(ids["Movie"].tolist(), split.movie_graph),
        },
        hyperedges={"Rating": pd.DataFrame(ratings)},
        notes=(f"Rating: {len(split.test.values_E):,} that the split holds out are left out",),
    )


def _numbers(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Rows as GroupLens numbers them, from 1, as text."""
    return (rows + 1).astype(str).astype(object)


@dataclass(frozen=True)
class _Table:
    """A file taken apart: rows that are as they should be, and what is wrong with the others."""

    place: str
    rows: pd.DataFrame
    problems: list[tuple[int, str, str, str]]


def _number(text: str) -> int:
    return int(text)


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(int(text), tz=UTC).replace(tzinfo=None)


def _text(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _optional(text: str) -> str | None:
    return text or None


_Columns = Mapping[str, tuple[Callable[[str], Any], str]]
"""How a column is read and what messages expect of it."""

_LAYOUTS: dict[str, tuple[str, _Columns]] = {
    "u.data": (
        "\t",
        {
            "user": (_text, "a user"),
            "item": (_text, "a film"),
            "rating": (float, "a number"),
            "timestamp": (_moment, "seconds since 1970"),
        },
    ),
    "u.item": (
        "|",
        {
            "id": (_text, "a film's id"),
            "title": (_text, "a title"),
            "released": (_optional, ""),
            "video": (_optional, ""),
            "url": (_optional, ""),
        },
    ),
    "u.genre": ("|", {"genre": (_text, "a genre"), "position": (_number, "a whole number")}),
    "u.user": (
        "|",
        {
            "id": (_text, "a user's id"),
            "age": (_number, "a whole number"),
            "gender": (_optional, ""),
            "occupation": (_optional, ""),
            "zipCode": (_optional, ""),
        },
    ),
}
"""Separator and first columns by file; u.item goes on with a 0 or 1 per genre."""


def _files(path: Path) -> dict[str, Path]:
    """The files that are there, by name; u.data is, the others may be."""
    ratings = path / "u.data" if path.is_dir() else path
    if not ratings.is_file():
        raise SourceError(f"{ratings} is missing", hint=_HINT)
    others = {name: ratings.with_name(name) for name in ("u.item", "u.genre", "u.user")}
    return {"u.data": ratings, **{name: file for name, file in others.items() if file.is_file()}}


def _read(path: Path, name: str) -> _Table:
    separator, columns = _LAYOUTS[name]
    try:
        # The package is in Latin-1, in which every byte is a character.
        lines = path.read_text(encoding="latin-1").split("\n")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", hint=_HINT) from error
    rows: list[dict[str, Any]] = []
    problems: list[tuple[int, str, str, str]] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            fields = line.rstrip("\r").split(separator)
            found = list(_problems(fields, columns, more=name == "u.item"))
            problems += [(number, *problem) for problem in found]
            if not found:
                values = {column: read(field) for (column, (read, _)), field in zip(columns.items(), fields, strict=False)}
                rows.append({"row": number, **values, "flags": fields[len(columns) :]})
    return _Table(str(path), pd.DataFrame(rows, columns=["row", *columns, "flags"], dtype=object), problems)


def _problems(fields: Sequence[str], columns: _Columns, *, more: bool) -> Iterator[tuple[str, str, str]]:
    """Column, expected and found."""
    if len(fields) < len(columns) or (len(fields) > len(columns) and not more):
        yield next(iter(columns)), f"{len(columns)} fields{' and one per genre' if more else ''}", f"{len(fields)}"
        return
    for (column, (read, expected)), field in zip(columns.items(), fields, strict=False):
        try:
            read(field)
        except (ValueError, OverflowError, OSError):
            yield column, expected, field


def _dataset(tables: Mapping[str, _Table]) -> Dataset:
    """The modalities and hyperedge types that the files give."""
    modalities = [
        Modality(
            "User",
            {"age": "integer", "gender": "string", "occupation": "string", "zipCode": "string"} if "u.user" in tables else {},
        ),
        Modality("Movie", {"year": "integer", "released": "string"}, ("year",)) if "u.item" in tables else Modality("Movie"),
    ]
    kinds = [HyperedgeType("Rating", ("User", "Movie"), time="datetime")]
    if {"u.item", "u.genre"} <= tables.keys():
        modalities.append(Modality("Genre"))
        kinds.append(HyperedgeType("MovieGenre", ("Movie", "Genre")))
    if "u.user" in tables:
        modalities.append(Modality("Occupation"))
        kinds.append(HyperedgeType("UserOccupation", ("User", "Occupation")))
    return Dataset(_NAME, tuple(modalities), tuple(kinds))


def _stage(records: Records, tables: Mapping[str, _Table]) -> None:
    ratings = tables["u.data"]
    named = ratings.rows.rename(columns={"rating": "value", "timestamp": "time"})
    _append(records, "Rating", ratings, named.rename(columns={"user": "member0", "item": "member1"}))
    for column, called in {"member0": "user", "member1": "item", "value": "rating", "time": "timestamp"}.items():
        records.columns["Rating", column] = called
    for label, column, name in (("User", "user", "u.user"), ("Movie", "item", "u.item")):
        if name not in tables:
            ids = ratings.rows.drop_duplicates(column)
            records.append(label, pd.DataFrame({"id": ids[column], "name": ids[column]}), ratings.place)
    if "u.item" in tables:
        _stage_movies(records, tables["u.item"], tables.get("u.genre"))
    if "u.user" in tables:
        users = tables["u.user"]
        _append(records, "User", users, users.rows.assign(name=users.rows["id"]))
        employed = users.rows[users.rows["occupation"].notna()]
        names = sorted(employed["occupation"].unique())
        records.append("Occupation", pd.DataFrame({"id": names, "name": names}, dtype=object), users.place)
        works = employed.rename(columns={"id": "member0", "occupation": "member1"})
        _append(records, "UserOccupation", users, works.assign(value=1.0), with_problems=False)


def _stage_movies(records: Records, movies: _Table, genres: _Table | None) -> None:
    titles = [_TITLE.fullmatch(title) for title in movies.rows["title"]]
    frame = movies.rows.assign(
        name=[found["title"] if found else title for found, title in zip(titles, movies.rows["title"], strict=True)],
        year=pd.array([int(found["year"]) if found else None for found in titles], dtype="Int64"),
    )
    _append(records, "Movie", movies, frame)
    if genres is None:
        return
    names = [genre for genre in genres.rows.sort_values("position")["genre"] if genre != _UNKNOWN_GENRE]
    known = genres.rows[genres.rows["genre"] != _UNKNOWN_GENRE]
    _append(records, "Genre", genres, known.assign(id=known["genre"], name=known["genre"]))
    positions = dict(zip(genres.rows["genre"], genres.rows["position"], strict=True))
    pairs = [
        {"row": row, "member0": id_, "member1": genre, "value": 1.0}
        for row, id_, flags in zip(movies.rows["row"], movies.rows["id"], movies.rows["flags"], strict=True)
        for genre in names
        if positions[genre] < len(flags) and flags[positions[genre]] == "1"
    ]
    kinds = pd.DataFrame(pairs, columns=["row", *member_columns(2), "value"], dtype=object)
    _append(records, "MovieGenre", movies, kinds, with_problems=False)
    without = len(movies.rows) - kinds["member0"].nunique()
    records.note(f"Movie: {without:,} have no genre, those of genre '{_UNKNOWN_GENRE}' among them")


def _append(records: Records, key: str, table: _Table, frame: pd.DataFrame, *, with_problems: bool = True) -> None:
    """Stage rows under their numbers in the file, and what is wrong with the others."""
    columns = list(records.tables[key].columns)
    if len(frame):
        with records.store.view(frame[["row", *columns]].reset_index(drop=True)) as view:
            records.fill(key, f"SELECT {literal(table.place)}, row, {', '.join(map(quoted, columns))} FROM {view}")
    if with_problems and table.problems:
        with records.store.view(pd.DataFrame(table.problems, columns=["row", "column", "expected", "found"])) as view:
            records.problem(f'SELECT {literal(key)}, {literal(table.place)}, row, "column", expected, found FROM {view}')
