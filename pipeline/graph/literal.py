"""Values as Cypher text, for statements that a person gets to see and change; the pipeline itself sends parameters."""

import unicodedata

_ESCAPED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
"""Unicode's categories of what is not seen, or changes how all else is seen."""


def literal(text: str) -> str:
    """A string literal that stands for the text, whatever it holds.

    What cannot be seen, and the dollar sign, which begins a parameter elsewhere, are written by their numbers.
    """
    return f"'{''.join(map(_character, text))}'"


def _character(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character == "$" or (unicodedata.category(character) in _UNSEEN and ord(character) <= 0xFFFF):
        return f"\\u{ord(character):04x}"
    return character
