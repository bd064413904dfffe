"""Sparse tensors to measure training on, and the problem that they are to each peer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph

KINDS = ("uniform", "power law")


@dataclass(frozen=True)
class Case:
    """One tensor and how many components are fitted to it."""

    kind: str
    num_hyperedges: int
    arity: int
    embedding_dim: int

    @property
    def num_entities(self) -> int:
        """Entities of each modality: ten hyperedges each, on average."""
        return self.num_hyperedges // 10

    @property
    def bytes_of_data(self) -> int:
        """Bytes of hyperedges, as a hypergraph holds them, and of factors."""
        return self.num_hyperedges * (8 * self.arity + 4) + self.arity * self.num_entities * self.embedding_dim * 4


def members_and_values(case: Case) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Draw members independently, evenly or by Zipf's law with exponent 1, and values between 0.5 and 1.5; no cell twice."""
    rng = np.random.default_rng(0)
    shape = (case.num_hyperedges, case.arity)
    if case.kind == "uniform":
        members_EK = rng.integers(0, case.num_entities, shape)
    else:
        # The inverse of the distribution function of the continuous law; popular entities lie anywhere among the rows.
        ranks_EK = np.minimum(case.num_entities ** rng.random(shape), case.num_entities - 1).astype(np.int64)
        members_EK = np.stack([rng.permutation(case.num_entities)[column] for column in ranks_EK.T], axis=1)
    members_EK = np.unique(members_EK, axis=0)
    rng.shuffle(members_EK)
    return members_EK, rng.uniform(0.5, 1.5, len(members_EK)).astype(np.float32)


def hypergraph_of(members_EK: npt.NDArray[np.int64], values_E: npt.NDArray[np.float32], num_entities: int) -> Hypergraph:
    """Make the tensor the one hyperedge type of a hypergraph, without intra-modal graphs."""
    labels = tuple(f"Modality{place}" for place in range(members_EK.shape[1]))
    dataset = Dataset("tensor", tuple(map(Modality, labels)), (HyperedgeType("Event", labels),))
    edges = HyperedgeList(labels, members_EK, values_E)
    return Hypergraph(dataset, dict.fromkeys(labels, num_entities), {"Event": edges}, {})
