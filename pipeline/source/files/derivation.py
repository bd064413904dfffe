"""What can be made of the texts of a column."""

from typing import Literal

Derivation = Literal["lower", "year", "decade"]
"""Each text in small letters, the year of a year or a date, the first year of its decade."""
