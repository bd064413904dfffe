"""Texts of a user's data as a terminal can be given them: what would move, colour, clear or turn what it shows is written out.

What is printed is for eyes; JSON and files have the texts as they are.
"""

import re

_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters: escape sequences begin with one of them
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, embeddings, overrides and isolates of the writing direction
    "\ud800-\udfff"  # halves of characters, which no encoding has
    "]"
)


def visible(text: str) -> str:
    r"""The text in one line, each character that a terminal would obey as Python writes it: ``\x1b``, ``\n``, ``\u202e``."""
    return _UNSAFE.sub(lambda found: repr(found[0])[1:-1], text)


def visible_lines(text: str) -> str:
    """The same of a text of several lines, which stay lines."""
    return "\n".join(map(visible, text.split("\n")))
