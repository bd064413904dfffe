"""The map between an entity's id and its row, its dense index in its modality."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


class RowIndex:
    """Rows 0 … N-1 of the entities of one modality, in the order of their sorted ids.

    Parameters
    ----------
    ids
        Unique ids in any order: the same ids give the same rows.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = sorted(ids)
        self._index = pd.Index(self.ids, dtype=object)
        if not self._index.is_unique:
            raise ValueError("ids are not unique")

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Row of each id, -1 for one that is unknown."""
        rows: npt.NDArray[np.int64] = self._index.get_indexer(pd.Index(ids, dtype=object)).astype(np.int64)
        return rows
