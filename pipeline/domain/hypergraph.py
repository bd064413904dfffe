"""A hypergraph in rows: what training computes with.

Entities are rows 0 … N-1 of their modality; hyperedges and intra-modal graphs refer to rows.
Shapes: N entities, E hyperedges, K arity.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.dataset import Dataset, GraphKey


@dataclass(frozen=True)
class HyperedgeList:
    """The hyperedges of one type.

    Attributes
    ----------
    modalities
        Labels of the members' modalities, by position (K).
    members_EK
        Rows of the members, int64 (E × K).
    values_E
        Value of each hyperedge, float32 (E); 1 for presence.
    """

    modalities: tuple[str, ...]
    members_EK: npt.NDArray[np.int64]
    values_E: npt.NDArray[np.float32]

    @property
    def num_hyperedges(self) -> int:
        """E."""
        return len(self.values_E)


@dataclass(frozen=True)
class Hypergraph:
    """A whole hypergraph in rows.

    Attributes
    ----------
    dataset
        The description: weights of hyperedge types and graphs stand there.
    num_entities
        N per modality label; an entity without relations counts like any other.
    hyperedges
        One list per hyperedge type label.
    graphs
        Per (modality label, relation type), the symmetric N × N weight matrix W (CSR, float32, no diagonal, no explicit zero).
    """

    dataset: Dataset
    num_entities: Mapping[str, int]
    hyperedges: Mapping[str, HyperedgeList]
    graphs: Mapping[GraphKey, sparse.csr_array]
