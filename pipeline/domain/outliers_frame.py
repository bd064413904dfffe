"""Odd hyperedges as a frame that a person reads."""

from collections.abc import Sequence

import pandas as pd

from pipeline.domain.outliers import FarOff, Unlikely


def outliers_frame(modalities: Sequence[str], found: Sequence[Unlikely] | Sequence[FarOff]) -> pd.DataFrame:
    """A row per hyperedge: names of its members, and what is odd.

    Parameters
    ----------
    modalities
        Labels of the members' modalities, by position: the first columns, with the position behind where one stands more than once.
    found
        The hyperedges.
    """
    places = [f"{label} {at}" if modalities.count(label) > 1 else label for at, label in enumerate(modalities)]
    rows = []
    for each in found:
        names = [member.name for member in each.members]
        if isinstance(each, Unlikely):
            rows.append((*names, places[each.odd], each.seen, [member.name for member in each.expected], each.times))
        else:
            rows.append((*names, each.value, each.predicted, each.spreads))
    of_values = any(isinstance(each, FarOff) for each in found)
    return pd.DataFrame(rows, columns=[*places, *(_OF_VALUES if of_values else _OF_MEMBERS)])


_OF_MEMBERS = ("odd", "seen", "expected", "times")
_OF_VALUES = ("value", "predicted", "spreads")
