"""The Tate's collection as tables: in come its documents one at a time, out come the tables that ``tate.toml`` names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from pipeline.source.tate.archive import Document
from pipeline.source.tate.artworks import (
    MEDIA,
    Contributor,
    Subject,
    contributors_of,
    decade_of,
    media_of,
    properties_of,
    subjects_of,
)

_FAULTS = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What a document of another shape leads to."""

_ARTWORK = ("id", "name", "artist", "year", "dateText", "medium", "classification", "dimensions", "width", "height")
_ARTIST = ("id", "name", "birthYear", "deathYear", "gender", "birthPlace", "country", "movements")


@dataclass
class Collection:
    """What has been read of the collection.

    Attributes
    ----------
    faults
        Of each document that cannot be made sense of, the table key, the file and what is wrong.
    num_artworks
        How many documents describe an artwork, those with a fault among them.
    """

    faults: list[tuple[str, str, str]] = field(default_factory=list)
    num_artworks: int = 0
    _artworks: list[dict[str, Any]] = field(default_factory=list)
    _artists: dict[str, dict[str, Any]] = field(default_factory=dict)
    _contributors: dict[str, Contributor] = field(default_factory=dict)
    _subjects: dict[str, Subject] = field(default_factory=dict)

    def take(self, document: Document) -> None:
        """Take one document in, or note what is wrong with it."""
        is_artwork = document.kind == "artworks"
        self.num_artworks += is_artwork
        fault = document.fault
        if not fault:
            try:
                (self._take_artwork if is_artwork else self._take_artist)(document.data)
            except _FAULTS as error:
                fault = f"{type(error).__name__}: {error}"
        if fault:
            self.faults.append(("Artwork" if is_artwork else "Artist", document.file, fault))

    def _take_artwork(self, data: Mapping[str, Any]) -> None:
        properties, media = properties_of(data), media_of(data)
        contributors, named = contributors_of(data), subjects_of(data)
        # One object for what many works name: there are 800,000 namings of 17,000 subjects.
        artists = [self._contributors.setdefault(artist.id, artist).id for artist in contributors]
        subjects = [self._subjects.setdefault(subject.id, subject).id for subject in named]
        decade = None if properties["year"] is None else decade_of(properties["year"])
        self._artworks.append({**properties, "decade": decade, "artists": artists, "media": media, "subjects": subjects})

    def _take_artist(self, data: Mapping[str, Any]) -> None:
        birth, death = ((data.get(event) or {}) for event in ("birth", "death"))
        birth_place = (birth.get("place") or {}).get("name")
        artist = {
            "id": str(data["id"]),
            "name": data["fc"],
            "birthYear": data.get("birthYear"),
            "deathYear": (death.get("time") or {}).get("startYear"),
            "gender": data.get("gender"),
            "birthPlace": birth_place,
            "country": birth_place.split(", ")[-1] if birth_place else None,
            "movements": [movement["name"] for movement in data.get("movements") or ()],
        }
        self._artists.setdefault(artist["id"], artist)

    @property
    def unknown_artists(self) -> list[Contributor]:
        """Those that artworks name, and that have no document of their own."""
        return [contributor for id_, contributor in self._contributors.items() if id_ not in self._artists]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, as ``tate.toml`` has them before the point."""
        artworks = pd.DataFrame(self._artworks, columns=[*_ARTWORK, "decade", "artists", "media", "subjects"])
        artworks["logWidth"], artworks["logHeight"] = (np.log1p(artworks[side].astype("float64")) for side in ("width", "height"))
        unknown: list[dict[str, Any]] = [
            {"id": artist.id, "name": artist.name, "birthYear": artist.birth_year, "gender": artist.gender, "movements": []}
            for artist in self.unknown_artists
        ]
        decades = sorted(artworks["decade"].dropna().unique(), key=lambda decade: int(decade[:-1]))
        subjects = [
            (subject.id, subject.name, subject.level, self._subjects[subject.broader].name if subject.broader is not None else None)
            for subject in self._subjects.values()
        ]
        broader = [(subject.id, subject.broader) for subject in self._subjects.values() if subject.broader is not None]
        return {
            "artworks": artworks,
            "artists": pd.DataFrame([*self._artists.values(), *unknown], columns=[*_ARTIST]),
            "media": pd.DataFrame({"name": MEDIA}),
            "decades": pd.DataFrame([(decade, int(decade[:-1])) for decade in decades], columns=["name", "year"]),
            "next_decades": pd.DataFrame(pairwise(decades), columns=["decade", "next"]),
            "subjects": pd.DataFrame(subjects, columns=["id", "name", "level", "broaderName"]),
            "broader_subjects": pd.DataFrame(broader, columns=["subject", "broader"]),
        }
