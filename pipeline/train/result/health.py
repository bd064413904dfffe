"""What can go wrong with factors without an error, found and named. Shapes: N entities, D embedding_dim."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pipeline.train.problem.problem import Problem

_DEAD = 1e-4
"""A component counts as dead where its size, multiplied over a type's members, is so small against the largest one's."""
_ALIKE = 1e-4
"""Vectors count as all the same where so small a part of their mean square is variance."""
_FLAT = 1.5
"""Vectors count as fallen onto a line where fewer directions than this share the variance."""
_FEW = 5
"""So few vectors may well lie on a line."""
_NOTHING = 1e-3
"""Factors have vanished where their predictions are so small against the values."""


def findings(
    problem: Problem, factors: Mapping[str, npt.NDArray[np.float32]], told_shares: Mapping[str, float] | None = None
) -> list[str]:
    """Name dead components and collapsed modalities, a sentence each; empty where all is well.

    A component is dead where it predicts next to nothing in any hyperedge type. A modality has collapsed where its vectors are all
    the same (no variance) or lie on one line (the variance has one direction: participation ratio (Σ s²)² / Σ s⁴ of the singular
    values s). Modalities with few entities in hyperedges have little to collapse from. Where hidden
    values told how much vectors say of values (``told_shares``, by hyperedge type), it is named if that is nothing.
    """
    sizes = {label: np.sqrt(np.mean(np.square(factor_ND, dtype=np.float64), axis=0)) for label, factor_ND in factors.items()}
    found = [
        f"vectors tell the values of {label} no better than their mean and the members' offsets do: these alone predict them"
        for label, share in (told_shares or {}).items()
        if share == 0
    ]
    if problem.terms:
        shares = [np.prod([sizes[label] for label in term.modalities], axis=0) for term in problem.terms]
        for term, share_D in zip(problem.terms, shares, strict=True):
            if share_D.sum() < _NOTHING * np.sqrt(np.mean(np.square(term.hyperedges.values_E, dtype=np.float64))):
                found.append(f"the factors predict next to nothing of {term.label}: they are as good as zero")
        relative_D = np.max([share_D / max(share_D.max(), np.finfo(float).tiny) for share_D in shares], axis=0)
        if num_dead := int((relative_D < _DEAD).sum()):
            found.append(f"{num_dead} of {len(relative_D)} components are dead: they predict next to nothing in any hyperedge type")
    for label, factor_ND in factors.items():
        held_ND = factor_ND[factor_ND.any(axis=1)].astype(np.float64)
        if len(held_ND) < _FEW or held_ND.shape[1] < 2:
            continue
        centred_ND = held_ND - held_ND.mean(axis=0)
        share = np.square(centred_ND).sum() / np.square(held_ND).sum()
        if share < _ALIKE:
            found.append(f"{label} has collapsed: its vectors are all the same (variance {share:.1e} of their mean square)")
            continue
        spread_DD = centred_ND.T @ centred_ND
        directions = np.trace(spread_DD) ** 2 / np.square(spread_DD).sum()
        if directions < _FLAT:
            found.append(f"{label} has collapsed: its vectors differ along {directions:.1f} directions of {held_ND.shape[1]} only")
    return found
