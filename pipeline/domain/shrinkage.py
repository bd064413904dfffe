"""How near two entities are said to be: the cosine of their vectors, believed the less, the fewer hyperedges tell of the one found.

A vector that is learned from one or two hyperedges says what these say and nothing else. Of very many such entities some happen
to fit anybody, and would be nearest to the best known. So the cosine is shrunk towards 0, which is what two entities have that say
nothing of each other: as similarities of items are that few have rated (Koren 2010, "Factor in the neighbors"). One is added, so
that an entity that only its neighbours tell of is found too. Shapes: N entities.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

DOUBT = 3
"""Hyperedges, and one, at which half of a cosine is believed."""


def scores(cosines_N: npt.NDArray[np.floating[Any]], degrees_N: npt.NDArray[np.int64]) -> npt.NDArray[np.floating[Any]]:
    """From cosines with some entity to scores: (1 + cosine · (degree + 1) / (degree + 1 + `DOUBT`)) / 2.

    Parameters
    ----------
    cosines_N
        Of the entities that are found.
    degrees_N
        How many hyperedges join each of them.
    """
    known_N = degrees_N + 1
    scores_N: npt.NDArray[np.floating[Any]] = (1 + cosines_N * known_N / (known_N + DOUBT)) / 2
    return scores_N
