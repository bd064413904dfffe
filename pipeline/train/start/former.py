"""Starting towards a former run, so that vectors of two runs can be compared: components keep their meaning.

Two runs from random starts find different solutions, about as good; no rotation brings their vectors together
(benchmarks/RESULTS.md). So a run starts with vectors as short as random ones, which tell nothing yet, but in the directions that
the former run found. Longer ones would carry on what was learned by heart, the validation part of this run among it. Shapes: N
entities, D embedding_dim.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.domain.embeddings import Embeddings
from pipeline.train.problem.layout import Factors


def former_vectors(former: Embeddings, ids: Mapping[str, Sequence[str]]) -> Factors:
    """The vectors that entities had in a former run (N × its D per modality label), zero for those that it does not have.

    Parameters
    ----------
    former
        The run.
    ids
        Ids of the entities now, in the order of the rows.
    """
    found = {}
    for label, known in ids.items():
        vectors_ND = former.factors.get(label, np.zeros((0, former.embedding_dim), np.float32))
        found[label] = by_rows_now(vectors_ND, rows_then(former, label, known))
    return found


def rows_then(former: Embeddings, label: str, ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """The row of each entity in a former run (N), -1 where it has none."""
    known = pd.Index(former.ids.get(label, []), dtype=object)
    rows_N: npt.NDArray[np.int64] = known.get_indexer(pd.Index(ids, dtype=object)).astype(np.int64)
    return rows_N


def by_rows_now(then_N: npt.NDArray[np.float32], rows_N: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Numbers by the rows of a former run, one or more each, by the rows of now; 0 where `rows_then` has none."""
    now_N = np.zeros((len(rows_N), *then_N.shape[1:]), np.float32)
    now_N[rows_N >= 0] = then_N[rows_N[rows_N >= 0]]
    return now_N


def turn_towards(start_ND: npt.NDArray[np.float32], former_ND: npt.NDArray[np.float32]) -> None:
    """Turn the rows that the former run has, and that do not start at zero, into its directions, in place; lengths stay."""
    both_N = former_ND.any(axis=1) & start_ND.any(axis=1)
    lengths_N = [np.linalg.norm(matrix_ND[both_N], axis=1) for matrix_ND in (start_ND, former_ND)]
    start_ND[both_N] = former_ND[both_N] * (lengths_N[0] / lengths_N[1])[:, None]


def similarity_to_former(factors: Factors, former: Factors) -> dict[str, float]:
    """The mean cosine of the vectors with the former ones, per modality label, of entities that have both; {} for other lengths."""
    found: dict[str, float] = {}
    for label, then_ND in former.items():
        now_ND = factors[label]
        if now_ND.shape[1] != then_ND.shape[1]:
            return {}
        both_N = then_ND.any(axis=1) & now_ND.any(axis=1)
        if both_N.any():
            now, then = now_ND[both_N].astype(np.float64), then_ND[both_N].astype(np.float64)
            lengths = np.linalg.norm(now, axis=1) * np.linalg.norm(then, axis=1)
            found[label] = float(np.mean((now * then).sum(axis=1) / lengths))
    return found
