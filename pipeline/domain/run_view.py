"""A run, as reports show it: what training told of it, and its best-connected entities with their vectors.

Shapes: N entities, R length of a vector.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ModalityView:
    """A modality, as it is shown.

    Attributes
    ----------
    label
        The modality.
    names, matrix_NR
        Its best-connected entities with their vectors, the best connected first.
    neighbours
        Names and scores of the entities nearest to some of them, by name.
    """

    label: str
    names: Sequence[str]
    matrix_NR: npt.NDArray[np.float32]
    neighbours: Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True)
class RunView:
    """A run, as it is shown.

    Attributes
    ----------
    dataset, run, published_at, num_folded_in
        Which run it is, and since when it has been served.
    recall
        Per modality label the part of the ten nearest that its vector index finds.
    report
        What training told about it.
    modalities
        In the order of the data set.
    """

    dataset: str
    run: str
    published_at: str
    num_folded_in: int
    recall: Mapping[str, float]
    report: Mapping[str, Any]
    modalities: Sequence[ModalityView]
