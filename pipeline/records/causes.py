"""What has probably made the problems of one kind: a column that is read in another way than it was written."""

import json
import re
from collections import Counter
from collections.abc import Sequence

from pipeline.domain.visible import visible

NULL_MARKERS = (r"\N", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "Null", "None", "NaN", "nan", "NAN", "NIL", "-", "--", "?", ".")
"""Texts that often stand for a missing value."""

SEPARATORS = (";", "|", ",")
"""What often stands between the values of one cell, most telling first."""

_SHARE = 0.5
"""From which share of what was found on a cause is told."""

_NUMBER_OTHERWISE = re.compile(r"[+-]?(0[0-9]+([.]0*)?|[0-9]+[.]0*)")
"""A whole number with leading zeros or a decimal point."""

_AGAIN = re.compile(r" again \(first in row \d+\)$")


def likely_cause(expected: str, found: Sequence[str | None]) -> str | None:
    """What to tell of problems of one kind in one column beside what is wrong: what it looks like, and what to do.

    Parameters
    ----------
    expected
        What should be there.
    found
        What was found instead, a text per problem, or those of the first problems.
    """
    if expected.endswith("characters in utf-8"):
        return _encoding("".join(text for text in found if text is not None))
    texts = [_AGAIN.sub("", text) for text in found if text is not None]
    markers = Counter(text for text in texts if text in NULL_MARKERS)
    if texts and markers.total() >= _SHARE * len(texts):
        return looks_like_null([marker for marker, _ in markers.most_common()])
    if expected.startswith("a key of "):
        separator = next((sign for sign in SEPARATORS if _share(sign, texts) >= _SHARE), None)
        if separator is not None:
            return looks_like_list(next(text for text in texts if separator in text), separator)
        otherwise = [text for text in texts if _NUMBER_OTHERWISE.fullmatch(text)]
        if texts and len(otherwise) >= _SHARE * len(texts):
            return f'"{otherwise[0]}" looks like a whole number written in another way than the key: say derive = "integer" of both'
    return None


def looks_like_null(markers: Sequence[str]) -> str:
    """What is said of texts that probably stand for missing values."""
    shown = " and ".join(f'"{marker}"' for marker in markers)
    written = ", ".join('"' + marker.replace("\\", "\\\\") + '"' for marker in markers)
    look = "look like null markers" if len(markers) > 1 else "looks like a null marker"
    return f"{shown} {look}: say null = [{written}] of the table"


def looks_like_list(example: str, separator: str) -> str:
    """What is said of texts that are probably several in one cell."""
    return f'"{_shortened(example)}" looks like several in one cell: say separator = "{separator}"'


def looks_like_written_list(example: str, header: str) -> str:
    """What is said of texts that are lists as JSON or Python writes them."""
    return f"{_shortened(example)} looks like a list: say lists = {json.dumps([header], ensure_ascii=False)} of the table"


def _shortened(example: str) -> str:
    return visible(example if len(example) <= 40 else f"{example[:39]}…")


def _encoding(found: str) -> str:
    """What is said of bytes that are not UTF-8, which stand in the text as backslashes and hexadecimal digits."""
    if found.startswith((r"\xff\xfe", r"\xfe\xff")):
        encoding = "utf-16"
    else:
        # In latin-1, these are characters that control a terminal; in windows-1252, quotes and dashes.
        encoding = "windows-1252" if re.search(r"\\x[89]", found) else "latin-1"
    return f'it looks like {encoding}: say encoding = "{encoding}" of the table'


def _share(separator: str, texts: Sequence[str]) -> float:
    return sum(separator in text for text in texts) / len(texts) if texts else 0.0
