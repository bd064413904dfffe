"""Vectors as people take them into a notebook. Shapes: N entities, R length of a vector."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def vectors_frame(ids: Sequence[str], names: Sequence[str], matrix_NR: npt.NDArray[np.float32]) -> pd.DataFrame:
    """A row per entity: ``id`` is the index, then ``name``, then ``v0``, ``v1`` and so on, the vector."""
    columns = [f"v{column}" for column in range(matrix_NR.shape[1])]
    frame = pd.DataFrame(matrix_NR, index=pd.Index(ids, name="id"), columns=columns)
    frame.insert(0, "name", names)
    return frame
