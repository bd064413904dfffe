"""Fields that hold several names in one text, and what is wrong with them.

A field is 'Arch Hall, Sr., Peter Falk': names separated by ', ', where a name may hold a ', ' of its own. What comes out is one
name a row; whatever was mended or left out on the way is counted, never silent.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

SEPARATOR = ", "

_TAIL = re.compile(r"(Jr|Sr|Esq|Ltd|Inc|PhD|Ph\.D|MD|M\.D)\.?|[IVX]+|the Creator")
"""A fragment that is the end of the name before it: 'Ed Begley, Jr.', 'SHOWBOX Co., Ltd.', 'Tyler, the Creator'."""

_NOT_A_NAME = re.compile(r"list of .+|art director|dialogue writer")
"""Titles of other items that the source has taken for people."""


@dataclass(frozen=True)
class Repairs:
    """How often what was done to the names of a field.

    Attributes
    ----------
    joined
        Fragments that were the end of the name before them.
    dropped
        Texts that are not names.
    repeated
        Names that stood twice in one field.
    """

    joined: int = 0
    dropped: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class Names:
    """The names of a multi-valued field.

    Attributes
    ----------
    links
        A frame with the columns ``movie`` (the id of the row they came from) and ``name``, each pair once.
    repairs
        What was mended.
    num_empty
        Rows without a name.
    """

    links: pd.DataFrame
    repairs: Repairs = field(default_factory=Repairs)
    num_empty: int = 0


def split_names(text: str) -> tuple[list[str], Repairs]:
    """Names in one field, in their order, each once.

    >>> split_names("Arch Hall, Sr., Peter Falk")[0]
    ['Arch Hall, Sr.', 'Peter Falk']
    """
    fragments = [stripped for part in text.split(SEPARATOR) if (stripped := part.strip())]
    names: list[str] = []
    done: Counter[str] = Counter()
    for fragment in fragments:
        if _NOT_A_NAME.fullmatch(fragment):
            done["dropped"] += 1
        elif names and _TAIL.fullmatch(fragment):
            names[-1] += SEPARATOR + fragment
            done["joined"] += 1
        else:
            names.append(fragment)
    unique = list(dict.fromkeys(names))
    return unique, Repairs(done["joined"], done["dropped"], len(names) - len(unique))


def names_of(ids: "pd.Series[str]", texts: "pd.Series[str]") -> Names:
    """Names in a column of fields; a missing text is an empty one."""
    movies: list[str] = []
    names: list[str] = []
    joined = dropped = repeated = empty = 0
    for id_, text in zip(ids.tolist(), texts.fillna("").tolist(), strict=True):
        found, repairs = split_names(text)
        movies += [id_] * len(found)
        names += found
        joined, dropped, repeated = joined + repairs.joined, dropped + repairs.dropped, repeated + repairs.repeated
        empty += not found
    links = pd.DataFrame({"movie": pd.Series(movies, dtype=object), "name": pd.Series(names, dtype=object)})
    return Names(links, Repairs(joined, dropped, repeated), empty)
