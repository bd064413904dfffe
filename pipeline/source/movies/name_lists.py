"""Fields that hold several names in one text, and what is wrong with them.

A field is 'Arch Hall, Sr., Peter Falk': names separated by ', ', where a name may hold a ', ' of its own. What comes out is a
list of names; whatever was mended or left out on the way is counted, never silent.
"""

import re
from dataclasses import dataclass
from itertools import chain

import pandas as pd

SEPARATOR = ", "

_ODD = re.compile(
    r"(?P<tail>(Jr|Sr|Esq|Ltd|Inc|PhD|Ph\.D|MD|M\.D)\.?|[IVX]+|the Creator)|(?P<title>list of .+|art director|dialogue writer)"
)
"""A fragment that is the end of the name before it ('Ed Begley, Jr.', 'SHOWBOX Co., Ltd.', 'Tyler, the Creator'), or the title of
another item that the source has taken for a person."""


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
class NameLists:
    """The names of a multi-valued field.

    Attributes
    ----------
    lists
        The names of each row, each once.
    repairs
        What was mended.
    """

    lists: list[list[str]]
    repairs: Repairs

    @property
    def names(self) -> list[str]:
        """All names, each once, in the order of the alphabet."""
        return sorted(set(chain.from_iterable(self.lists)))

    @property
    def num_empty(self) -> int:
        """Rows without a name."""
        return sum(not names for names in self.lists)


def split_names(text: str) -> tuple[list[str], Repairs]:
    """Names in one field, in their order, each once.

    >>> split_names("Arch Hall, Sr., Peter Falk")[0]
    ['Arch Hall, Sr.', 'Peter Falk']
    """
    fragments = [stripped for part in text.split(SEPARATOR) if (stripped := part.strip())]
    names: list[str] = []
    joined = dropped = 0
    for fragment in fragments:
        odd = _ODD.fullmatch(fragment)
        if odd is None or (odd["tail"] and not names):
            names.append(fragment)
        elif odd["tail"]:
            names[-1] += SEPARATOR + fragment
            joined += 1
        else:
            dropped += 1
    unique = list(dict.fromkeys(names))
    return unique, Repairs(joined, dropped, len(names) - len(unique))


def name_lists(texts: "pd.Series[str]") -> NameLists:
    """Names in a column of fields; a missing text is an empty one."""
    lists: list[list[str]] = []
    joined = dropped = repeated = 0
    for text in texts.fillna("").tolist():
        names, repairs = split_names(text)
        lists.append(names)
        joined, dropped, repeated = joined + repairs.joined, dropped + repairs.dropped, repeated + repairs.repeated
    return NameLists(lists, Repairs(joined, dropped, repeated))
