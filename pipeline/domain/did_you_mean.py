"""The name that was probably meant."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

_ALIKE = 70.0
"""Of 100: from where on an unknown name is taken for a misspelt one."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to add to a message about an unknown name: the known one that is most like it, or nothing."""
    found = process.extractOne(name, list(known), scorer=fuzz.ratio, processor=str.casefold, score_cutoff=_ALIKE)
    return f"; did you mean {found[0]}?" if found else ""
