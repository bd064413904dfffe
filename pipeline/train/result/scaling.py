"""What is done to the factors once they are trained, so that vectors can be compared by cosine.

A CP model does not fix the scale of its columns: where Π_k c_k = 1 over the members of every hyperedge type, multiplying column
r of modality k by c_k changes no prediction. Convention: inside that freedom, the root mean squares of a component's columns
are made as equal over the modalities as they can be (least squares on their logarithms). Shapes: N entities, D embedding_dim, M
modalities, T types.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import linalg

from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem

_BESIDE = 0.02
"""How far an entity that nothing is known of is from the mean, as a part of the mean's length: cosines among them are 0.9996."""


def balance_columns(problem: Problem, factors: Mapping[str, npt.NDArray[np.float32]]) -> Factors:
    """Even out the columns' scales between the modalities without changing a prediction.

    A component that is zero in some modality predicts nothing and is left as it is.
    """
    labels = problem.labels
    counts_TM = np.array([[term.modalities.count(label) for label in labels] for term in problem.terms], dtype=np.float64)
    counts_TM = counts_TM.reshape(len(problem.terms), len(labels))
    used_M = counts_TM.sum(axis=0) > 0
    freedom_MF = np.zeros((len(labels), 0))
    if used_M.any():
        inner = linalg.null_space(counts_TM[:, used_M])
        freedom_MF = np.zeros((len(labels), inner.shape[1]))
        freedom_MF[used_M] = inner
    if freedom_MF.shape[1] == 0:
        return dict(factors)
    size_MD = np.stack([np.sqrt(np.mean(np.square(factors[label], dtype=np.float64), axis=0)) for label in labels])
    alive_D = (size_MD[used_M] > 0).all(axis=0)
    logs_MD = np.log(np.where(size_MD > 0, size_MD, 1))
    centre_MM = np.diag(used_M.astype(np.float64)) - np.outer(used_M, used_M) / used_M.sum()
    shifts_FD = -np.linalg.lstsq(centre_MM @ freedom_MF, centre_MM @ logs_MD, rcond=None)[0]
    scale_MD = np.where(alive_D, np.exp(freedom_MF @ shifts_FD), 1)
    return {label: (factors[label] * scale_D).astype(np.float32) for label, scale_D in zip(labels, scale_MD, strict=True)}


def fill_zero_rows(factors: Mapping[str, npt.NDArray[np.float32]]) -> tuple[Factors, dict[str, int]]:
    """Give entities without a vector the mean vector of their modality, each a little beside it.

    A vector index refuses a zero vector. The mean says "nothing is known of this one"; it is nearest to whatever is usual.
    Where the mean is zero itself, or all vectors are, it is the vector of equal entries and length 1. No two are the same: of
    equal vectors the index makes a circle that a search does not find out of, and 167 of 8,282 cost the others a fifth of their
    neighbours (benchmarks/RESULTS.md).

    Returns
    -------
    Factors
        A per modality, no row zero.
    dict of str to int
        Number of rows that were, per modality.
    """
    filled, counts = {}, {}
    for label, factor_ND in factors.items():
        zero_N = ~factor_ND.any(axis=1)
        counts[label] = int(zero_N.sum())
        filled[label] = factor_ND
        if counts[label]:
            mean_D = factor_ND[~zero_N].mean(axis=0, dtype=np.float64) if not zero_N.all() else np.zeros(factor_ND.shape[1])
            if not mean_D.any():
                mean_D = np.full(factor_ND.shape[1], factor_ND.shape[1] ** -0.5)
            directions_ZD = np.random.default_rng(0).standard_normal((counts[label], len(mean_D)))
            directions_ZD /= np.linalg.norm(directions_ZD, axis=1, keepdims=True)
            filled[label] = factor_ND.copy()
            filled[label][zero_N] = mean_D + _BESIDE * np.linalg.norm(mean_D) * directions_ZD
    return filled, counts
