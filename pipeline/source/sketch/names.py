"""What the parts of a data set file are called, after the files and columns that they are made of."""

import re
import unicodedata
from collections.abc import Iterable

from pipeline.domain.dataset import Modality
from pipeline.errors import ConfigurationError

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ID_WORDS = frozenset({"id", "ids", "key", "fk", "uuid"})
_SINGULARS = {"people": "person", "children": "child", "men": "man", "women": "woman"}
_LONGEST = 50
"""Characters of a label or a name, of the 64 that are allowed: something may be put before or behind it."""


def words(text: str) -> list[str]:
    """The words of a name, in lower case: ``birthCountry``, ``birth_country`` and ``Birth country`` are alike."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return [word.lower() for word in _WORD.findall(plain)]


def singular(word: str) -> str:
    """A noun of several as one: ``genres`` is ``genre``, ``countries`` is ``country``."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    if len(word) > 4 and word.endswith("ies") and word not in {"movies", "series", "species"}:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "ries", "cies")) and len(word) > 3:
        return word[:-1]
    return word


def thing(text: str) -> list[str]:
    """What a file or a column is about: its words in the singular, without ``id`` at the end."""
    found = words(text)
    while len(found) > 1 and found[-1] in _ID_WORDS:
        found.pop()
    return [*found[:-1], singular(found[-1])] if found else []


def label(text: str, taken: Iterable[str], before: str = "") -> str:
    """A label in PascalCase that no other part has.

    Parameters
    ----------
    text
        The name of a file or a column.
    taken
        Labels that are given already.
    before
        What to put before it where it is taken.
    """
    name = "".join(word.capitalize() for word in thing(text))[:_LONGEST]
    name = name if name[:1].isalpha() else f"Column{name}"
    try:
        Modality(name)
    except ConfigurationError:
        name = f"{name}Item"
    if name in set(taken):
        name = f"{before}{name}"[:_LONGEST]
    number, free = 2, name
    while free in set(taken):
        free, number = f"{name}{number}", number + 1
    return free


def property_name(header: str, taken: Iterable[str]) -> str:
    """The name of a property: the column's own where that may be one, else its words in snake_case."""
    used = {name.lower() for name in taken}
    plain = "_".join(words(header))[:_LONGEST]
    for name in (header, plain, f"column_{plain}"):
        if name.lower() not in used and may_be_property(name):
            return name
    number = 2
    while f"column_{plain}_{number}"[:64].lower() in used:
        number += 1
    return f"column_{plain}_{number}"


def dataset_name(text: str) -> str:
    """The name of a data set after a file or folder."""
    found = words(text)
    return "-".join(found)[:_LONGEST] if found and found[0][0].isalpha() else "-".join(["data", *found])[:_LONGEST]


def may_be_property(name: str) -> bool:
    """Whether a property may be called so."""
    try:
        Modality("A", {name: "string"})
    except ConfigurationError:
        return False
    return True
