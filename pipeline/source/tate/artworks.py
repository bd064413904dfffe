"""What the Tate says of an artwork: when, of what, showing what, by whom.

A *medium keyword* is one of the 35 words that name a material, a support or a technique and that stand in most works' texts on
their medium ("Oil paint and graphite on canvas": oil, graphite, canvas), as a whole word, in singular or plural. Words that tell
no more than the keyword beside them (paint, print, silver, plate, line) or that are colours are not among them.

A *subject* is a node of the museum's taxonomy, of whatever level (nature › animals: mammals › dog): a work has those that it was
given and all above them, but for the root, which says nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MEDIA = (
    "paper", "graphite", "watercolour", "oil", "canvas", "screenprint", "lithograph", "ink", "etching", "engraving", "gouache",
    "photograph", "chalk", "pen", "aquatint", "gelatin", "wood", "intaglio", "board", "acrylic", "bronze", "copper", "drypoint",
    "mezzotint", "steel", "digital", "pastel", "metal", "woodcut", "crayon", "video", "plastic", "sound", "aluminium", "charcoal",
)  # fmt: skip
"""The medium keywords, those of most works first."""

_KEYWORD = {word: word for word in MEDIA} | {f"{word}s": word for word in MEDIA} | {"canvases": "canvas", "gelatine": "gelatin"}

_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-9]{2})\b")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Subject:
    """A node of the taxonomy.

    Attributes
    ----------
    id, name
        The museum's.
    level
        1 below the root.
    broader
        The id of the node above; None at level 1.
    """

    id: str
    name: str
    level: int
    broader: str | None


@dataclass(frozen=True)
class Contributor:
    """An artist as an artwork names them."""

    id: str
    name: str
    gender: str | None
    birth_year: int | None


def year_of(artwork: Mapping[str, Any]) -> int | None:
    """The first year in which it may have been made; a few are texts ("c.1997-9")."""
    found = _YEAR.search(str((artwork.get("dateRange") or {}).get("startYear") or ""))
    return int(found[0]) if found else None


def decade_of(year: int) -> str:
    """The decade of a year.

    >>> decade_of(1839)
    '1830s'
    """
    return f"{year // 10 * 10}s"


def media_of(artwork: Mapping[str, Any]) -> list[str]:
    """Its medium keywords, each once.

    >>> media_of({"medium": "Oil paint and graphite on 2 canvases"})
    ['oil', 'graphite', 'canvas']
    """
    words = re.findall(r"[a-z]+", (artwork.get("medium") or "").casefold())
    return list(dict.fromkeys(_KEYWORD[word] for word in words if word in _KEYWORD))


def subjects_of(artwork: Mapping[str, Any]) -> list[Subject]:
    """Its subjects at all levels, each once, broader before narrower."""
    found = {subject.id: subject for subject in _below(artwork.get("subjects") or {}, 0, None)}
    return list(found.values())


def _below(node: Mapping[str, Any], level: int, broader: str | None) -> Iterator[Subject]:
    for child in node.get("children") or ():
        subject = Subject(str(child["id"]), child["name"], level + 1, broader)
        yield subject
        yield from _below(child, level + 1, subject.id)


def contributors_of(artwork: Mapping[str, Any]) -> list[Contributor]:
    """Its artists, each once, whatever their part (artist, after, attributed to …)."""
    found = {
        str(c["id"]): Contributor(str(c["id"]), c["fc"], c.get("gender"), c.get("birthYear"))
        for c in artwork.get("contributors") or ()
    }
    return list(found.values())


def properties_of(artwork: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored with it."""
    return {
        "id": str(artwork["acno"]),
        "name": artwork.get("title") or str(artwork["acno"]),
        "artist": artwork.get("all_artists") or None,
        "year": year_of(artwork),
        "dateText": artwork.get("dateText") or None,
        "medium": artwork.get("medium") or None,
        "classification": artwork.get("classification") or None,
        "dimensions": " / ".join((artwork.get("dimensions") or "").split("\r\n")) or None,
        "width": _millimetres(artwork.get("width")),
        "height": _millimetres(artwork.get("height")),
    }


def _millimetres(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None
