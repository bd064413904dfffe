"""The Tate's collection (69,202 artworks, CC0) as a hypergraph.

In comes the museum's public repository, packed or unpacked (`pipeline.source.tate.archive`). Out come artworks, artists, medium
keywords, decades and the subjects of a taxonomy of three levels; artists and artworks that are near by their features, decades in
a row, subjects under broader ones.

What a work is joins four modalities: a work has several media, and a few have several artists. With its subjects as a fifth,
every combination would stand for itself: some 725,000 of 52,500 works with the most special subjects alone, 1.68 million with
all levels, nearly all of which say again what others said. Instead each type joins what belongs together, and a work joins the
types:

=========  =================================  ==========  ===================================================================
type       members                            hyperedges
=========  =================================  ==========  ===================================================================
Making     Artwork, Artist, Medium, Decade    123,598     who made it, of what, when
Material   Artwork, Medium, Decade            122,558     the same without the artist: what is known of a work of unknown hand
Depiction  Artwork, Subject, Decade           776,917     what it shows, at every level, and when such things were shown
=========  =================================  ==========  ===================================================================

No combination is lost: Making and Depiction of one work, joined, give all of them. Where an artist is to be guessed, Making is what
is hidden of a work; Material and Depiction stay and tell nobody's name. A work that lacks a year is in none of them, one that
lacks a medium only in Depiction; the notes count both. Files come as a stream and rows are staged some thousands at a time: memory
grows with the artworks' features alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.progress import Progress
from pipeline.errors import SourceError
from pipeline.records.records import Records
from pipeline.records.store import literal
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.tate.archive import LAYOUT_HINT, Document, documents
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
from pipeline.source.tate.graphs import artist_relations, artwork_relations

DATASET = Dataset(
    name="tate",
    modalities=(
        Modality(
            "Artwork",
            {
                "artist": "string",
                "year": "integer",
                "dateText": "string",
                "medium": "string",
                "classification": "string",
                "dimensions": "string",
                "width": "float",
                "height": "float",
            },
            distinguish_by=("artist", "year"),
        ),
        Modality(
            "Artist",
            {
                "birthYear": "integer",
                "deathYear": "integer",
                "gender": "string",
                "birthPlace": "string",
                "country": "string",
                "movements": "strings",
            },
            distinguish_by=("birthYear",),
        ),
        Modality("Medium"),
        Modality("Decade", {"year": "integer"}),
        Modality("Subject", {"level": "integer", "broader": "string"}, distinguish_by=("broader",)),
    ),
    hyperedge_types=(
        HyperedgeType("Making", ("Artwork", "Artist", "Medium", "Decade")),
        HyperedgeType("Material", ("Artwork", "Medium", "Decade")),
        HyperedgeType("Depiction", ("Artwork", "Subject", "Decade")),
    ),
    graphs=(
        IntraModalGraph("Artwork", "SIMILAR"),
        IntraModalGraph("Artist", "SIMILAR"),
        IntraModalGraph("Decade", "NEXT"),
        IntraModalGraph("Subject", "BROADER"),
    ),
)

_STREAMED = ("Artwork", *(kind.label for kind in DATASET.hyperedge_types))
"""Tables that are staged while artworks are read."""

_CHUNK_ROWS = 20_000
"""Rows of a table that wait to be staged."""

_FAULTS = (KeyError, TypeError, ValueError, AttributeError)
"""What a document of another shape leads to."""


@dataclass(frozen=True)
class TateSource:
    """The Tate's collection.

    Attributes
    ----------
    path
        The archive of its repository, or the folder.
    """

    path: Path
    name: str = DATASET.name

    def fingerprint(self) -> str:
        """Digest of the archive or folder and of the code that reads it."""
        return fingerprint(paths=[self.path])

    def read(self, progress: Progress) -> Records:
        """Read the collection as a hypergraph.

        Raises
        ------
        SourceError
            If the path is not the repository of the collection.
        """
        return Records.filled(DATASET, lambda records: self._stage(records, progress))

    def _stage(self, records: Records, progress: Progress) -> None:
        reading = _Reading(records)
        with progress("Reading the Tate's collection") as advance:
            for document in documents(self.path):
                reading.take(document)
                advance(1)
        if not reading.counts["artworks"]:
            raise SourceError(f"{self.path} holds no artwork", hint=LAYOUT_HINT)
        with progress("Joining what is near"):
            reading.finish()


@dataclass
class _Reading:
    """What has been read and is not yet staged, and what the artworks name."""

    records: Records
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in _STREAMED})
    artists: dict[str, dict[str, Any]] = field(default_factory=dict)
    contributors: dict[str, Contributor] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    decades: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, document: Document) -> None:
        """Take one document in, or note what is wrong with it."""
        self.counts[document.kind] += 1
        fault = document.fault
        if not fault:
            try:
                (self._artwork if document.kind == "artworks" else self._artist)(document.data)
            except _FAULTS as error:
                fault = f"{type(error).__name__}: {error}"
        if fault:
            key = "Artwork" if document.kind == "artworks" else "Artist"
            expected = "a description of one, in JSON, as the repository has it"
            self.records.problem(f"SELECT {literal(key)}, {literal(document.file)}, 1, NULL, {literal(expected)}, {literal(fault)}")

    def _artwork(self, data: Mapping[str, Any]) -> None:
        properties = properties_of(data)
        contributors, media, subjects = contributors_of(data), media_of(data), subjects_of(data)
        self.rows["Artwork"].append(properties)
        self.contributors.update((contributor.id, contributor) for contributor in contributors)
        self.subjects.update((subject.id, subject) for subject in subjects)
        self.counts["without medium"] += not media
        self.counts["without subject"] += not subjects
        if properties["year"] is None:
            self.counts["without year"] += 1
        else:
            work, decade = properties["id"], decade_of(properties["year"])
            self.decades.add(decade)
            making = [(work, artist.id, medium, decade) for artist in contributors for medium in media]
            self.rows["Making"] += _hyperedges(making)
            self.rows["Material"] += _hyperedges([(work, medium, decade) for medium in media])
            self.rows["Depiction"] += _hyperedges([(work, subject.id, decade) for subject in subjects])
        for table, rows in self.rows.items():
            if len(rows) >= _CHUNK_ROWS:
                self._stage(table, rows)

    def _artist(self, data: Mapping[str, Any]) -> None:
        birth, death = ((data.get(event) or {}) for event in ("birth", "death"))
        place = (birth.get("place") or {}).get("name")
        self.artists.setdefault(
            str(data["id"]),
            {
                "id": str(data["id"]),
                "name": data["fc"],
                "birthYear": data.get("birthYear"),
                "deathYear": (death.get("time") or {}).get("startYear"),
                "gender": data.get("gender"),
                "birthPlace": place,
                "country": place.split(", ")[-1] if place else None,
                "movements": [movement["name"] for movement in data.get("movements") or ()],
            },
        )

    def _stage(self, key: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            frame = pd.DataFrame(rows, dtype=object)
            self.records.append(key, frame)
            rows.clear()

    def finish(self) -> None:
        """Stage what is left: the entities that artworks name, and the relations."""
        for table, rows in self.rows.items():
            self._stage(table, rows)
        unknown = [contributor for id_, contributor in self.contributors.items() if id_ not in self.artists]
        nothing = dict.fromkeys(DATASET.modality("Artist").properties)
        for contributor in unknown:
            known = {"id": contributor.id, "name": contributor.name, "birthYear": contributor.birth_year}
            self.artists[contributor.id] = {**nothing, **known, "gender": contributor.gender, "movements": []}
        decades = sorted(self.decades, key=lambda decade: int(decade[:-1]))
        artists = list(self.artists.values())
        self._stage("Medium", [{"id": medium, "name": medium} for medium in MEDIA])
        self._stage("Decade", [{"id": decade, "name": decade, "year": int(decade[:-1])} for decade in decades])
        self._stage("Subject", list(self._subject_rows()))
        artist_frame = pd.DataFrame(artists, dtype=object)
        self.records.append("Artist", artist_frame)
        self.records.append("Artist-SIMILAR", artist_relations(artist_frame))
        self.records.append("Artwork-SIMILAR", artwork_relations(self.records.frame("Artwork")))
        self._stage("Decade-NEXT", [_pair(before, after) for before, after in pairwise(decades)])
        broader = [_pair(s.id, s.broader) for s in self.subjects.values() if s.broader is not None]
        self._stage("Subject-BROADER", broader)
        self.records.note(f"Artist: {len(unknown)} that artworks name have no file of their own, which has their years and places")
        for what in ("year", "medium", "subject"):
            self.records.note(f"Artwork: {self.counts[f'without {what}']:,} have no {what}")

    def _subject_rows(self) -> Iterator[dict[str, Any]]:
        for subject in self.subjects.values():
            above = self.subjects[subject.broader].name if subject.broader is not None else None
            yield {**asdict(subject), "broader": above}


def _hyperedges(members: Iterable[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    for ids in members:
        yield {**{f"member{position}": id_ for position, id_ in enumerate(ids)}, "value": 1.0}


def _pair(source: str, target: str) -> dict[str, Any]:
    return {"source": source, "target": target, "weight": 1.0}
