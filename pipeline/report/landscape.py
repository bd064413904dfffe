"""What vectors look like from afar: a map of a modality, and what stands out in each component.

Shapes: N entities, R length of a vector.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Named = Mapping[str, tuple[Sequence[str], npt.NDArray[np.float32]]]
"""Names and vectors (N × R) by modality label."""


def flat(matrix_NR: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The two directions in which directions of vectors differ most (N × 2): principal components of unit vectors."""
    unit_NR = matrix_NR / np.maximum(np.linalg.norm(matrix_NR, axis=1, keepdims=True), 1e-12).astype(np.float64)
    centred_NR = unit_NR - unit_NR.mean(axis=0)
    _, _, axes_RR = np.linalg.svd(centred_NR, full_matrices=False)
    flat_N2 = np.zeros((len(matrix_NR), 2))
    for column, axis_R in enumerate(axes_RR[:2]):
        # A singular vector has no sign of its own: its greatest number is made positive, so that a map does not flip.
        flat_N2[:, column] = centred_NR @ axis_R * np.sign(axis_R[np.abs(axis_R).argmax()])
    return flat_N2


def components(named: Named, count: int, each: int) -> list[dict[str, list[str]]]:
    """Who has most of a component, per modality label: of the components in which entities differ most, that most first.

    Half of a modality at most: of all its entities none stands out.
    """
    units = {label: matrix_NR / np.sqrt(np.mean(np.square(matrix_NR)) + 1e-12) for label, (_, matrix_NR) in named.items()}
    spread_R = np.sum([unit_NR.var(axis=0) for unit_NR in units.values()], axis=0)
    found = []
    for component in np.argsort(-spread_R, kind="stable")[:count]:
        tops = {
            label: np.argsort(-unit_NR[:, component], kind="stable")[: min(each, (len(unit_NR) + 1) // 2)]
            for label, unit_NR in units.items()
        }
        found.append({label: [named[label][0][row] for row in rows] for label, rows in tops.items()})
    return found
