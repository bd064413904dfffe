"""Which entities a measurement asks about, and of which all that tells the answer is hidden."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

Part = Literal["test", "validation"]
"""What is asked for: the test part, or a part for choosing settings, from which the test part is hidden as well."""


def hold_out_a_tenth(rows: Rows, part: Part, seed: int) -> tuple[Rows, Rows]:
    """Draw a tenth of some rows.

    Returns
    -------
    rows_Q
        Those that are asked about, ascending.
    hidden
        Those whose answer is hidden: the same, and in validation the test part's too.
    """
    drawn = np.random.default_rng(seed).permutation(rows)
    size = len(rows) // 10
    if part == "test":
        return np.sort(drawn[:size]), drawn[:size]
    return np.sort(drawn[size : 2 * size]), drawn[: 2 * size]
