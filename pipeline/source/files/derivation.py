"""What can be made of the texts of a column."""

from typing import Literal

Derivation = Literal["lower", "integer", "year", "decade"]
"""Each text in small letters, the whole number that it is however it is written, the year of a year or a date, the
first year of its decade."""
