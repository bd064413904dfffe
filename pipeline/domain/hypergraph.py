"""A hypergraph in rows: what training computes with.

Entities are rows 0 … N-1 of their modality; hyperedges and intra-modal graphs refer to rows. A `Hypergraph` checks its rows and
shapes when it is made, so that no code after it has to: compiled kernels read whatever row they are told.
Shapes: N entities, E hyperedges, K arity.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.dataset import Dataset, GraphKey
from pipeline.errors import HypergraphError


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

    Raises
    ------
    HypergraphError
        If the shapes do not fit together.
    """

    modalities: tuple[str, ...]
    members_EK: npt.NDArray[np.int64]
    values_E: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        members, values, joined = self.members_EK, self.values_E, " × ".join(self.modalities)
        if members.ndim != 2 or members.shape[1] != len(self.modalities) or members.dtype.kind not in "iu":
            raise HypergraphError(
                f"hyperedges of {joined}: their members are {members.dtype} of shape {members.shape}, "
                f"whole numbers in {len(self.modalities)} columns are expected"
            )
        if values.shape != members.shape[:1]:
            raise HypergraphError(f"{len(members):,} hyperedges of {joined} have values of shape {values.shape}")

    @property
    def num_hyperedges(self) -> int:
        """E."""
        return len(self.values_E)

    @property
    def is_measured(self) -> bool:
        """Whether values differ from each other, so that they must be measurements; else they tell presence."""
        return bool(np.ptp(self.values_E) > 0) if len(self.values_E) else False

    def holding(self, marked: Mapping[str, npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
        """Which hyperedges have a member that is marked (E), given marks of all entities (N) by modality label."""
        found_E: npt.NDArray[np.bool_] = np.any(
            [marked[label][self.members_EK[:, position]] for position, label in enumerate(self.modalities)], axis=0
        )
        return found_E

    def only(self, kept_E: npt.NDArray[np.bool_]) -> "HyperedgeList":
        """Some of the hyperedges, in their order."""
        return HyperedgeList(self.modalities, self.members_EK[kept_E], self.values_E[kept_E])


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

    Raises
    ------
    HypergraphError
        If a part is not described, a row is not that of an entity, or a graph is not N × N.
    """

    dataset: Dataset
    num_entities: Mapping[str, int]
    hyperedges: Mapping[str, HyperedgeList]
    graphs: Mapping[GraphKey, sparse.csr_array]

    def __post_init__(self) -> None:
        if set(self.num_entities) != set(self.dataset.labels):
            raise HypergraphError(f"entities are of {_named(self.num_entities)}, described are {_named(self.dataset.labels)}")
        described = {kind.label: kind.members for kind in self.dataset.hyperedge_types}
        for label, edges in self.hyperedges.items():
            if described.get(label) != edges.modalities:
                raise HypergraphError(
                    f"hyperedges of {label} join {_named(edges.modalities)}, described is {_named(described.get(label, ()))}"
                )
            for position, modality in enumerate(edges.modalities):
                check_rows(edges.members_EK[:, position], self.num_entities[modality], f"{label}, member {position} ({modality})")
        graphs = {graph.key for graph in self.dataset.graphs}
        for key, weights in self.graphs.items():
            name = "-".join(key)
            if key not in graphs:
                raise HypergraphError(f"graph {name} is not described")
            count = self.num_entities[key[0]]
            if weights.shape != (count, count):
                raise HypergraphError(f"graph {name} has the shape {weights.shape}, {(count, count)} is expected")
            check_rows(weights.indices, count, f"graph {name}")

    def degrees(self, label: str) -> npt.NDArray[np.int64]:
        """How often each of a modality's entities is a member (N), over all types and positions."""
        return num_memberships(self.hyperedges.values(), label, self.num_entities[label])

    @property
    def digest(self) -> str:
        """SHA-256 of the description and of every row and number: the same content gives the same, whatever file it lies in."""
        digest = hashlib.sha256(json.dumps(self.dataset.to_json(), sort_keys=True).encode())
        digest.update(json.dumps(self.num_entities, sort_keys=True).encode())
        for name, array in self._arrays():
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def with_graphs(self, graphs: Mapping[GraphKey, sparse.csr_array]) -> "Hypergraph":
        """The same hyperedges with other weights in some of the graphs, and without those that are not given."""
        described = tuple(graph for graph in self.dataset.graphs if graph.key in graphs)
        return replace(self, dataset=replace(self.dataset, graphs=described), graphs=graphs)

    def _arrays(self) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        for label, edges in sorted(self.hyperedges.items()):
            yield label, edges.members_EK
            yield label, edges.values_E
        for key, weights in sorted(self.graphs.items()):
            entries = weights.tocsr(copy=True)
            entries.sum_duplicates()
            for array in (entries.indptr.astype(np.int64), entries.indices.astype(np.int64), entries.data):
                yield "-".join(key), array


def num_memberships(lists: Iterable[HyperedgeList], label: str, count: int) -> npt.NDArray[np.int64]:
    """Count how often each of a modality's entities is a member (N), over all lists of hyperedges and positions."""
    held_N = np.zeros(count, dtype=np.int64)
    for edges in lists:
        for position, modality in enumerate(edges.modalities):
            if modality == label:
                held_N += np.bincount(edges.members_EK[:, position], minlength=count)
    return held_N


def number_combinations(members_EK: npt.NDArray[np.int64], positions: Iterable[int]) -> npt.NDArray[np.int64]:
    """Number the combinations of members at some positions from 0, the same ones alike and in the order of their rows (E)."""
    numbers_E = np.zeros(len(members_EK), dtype=np.int64)
    for position in positions:
        column_E = members_EK[:, position]
        # Numbered anew after each member, so that the product of many modalities' sizes never overflows.
        numbers_E = np.unique(numbers_E * (column_E.max(initial=0) + 1) + column_E, return_inverse=True)[1]
    return numbers_E


def pairs_once(weights: sparse.csr_array) -> Iterator[tuple[int, int, float]]:
    """Each relation of an intra-modal graph once, from its lower row to the higher, with its weight."""
    entries = weights.tocoo()
    for source, target, weight in zip(*(end.tolist() for end in entries.coords), entries.data.tolist(), strict=True):
        if source < target:
            yield source, target, weight


def check_rows(rows: npt.NDArray[np.int32] | npt.NDArray[np.int64], count: int, what: str) -> None:
    """Make sure that rows are those of entities.

    Parameters
    ----------
    rows
        Row numbers.
    count
        N, the number of entities of their modality.
    what
        What to call them in the message.

    Raises
    ------
    HypergraphError
        If one is below 0, or N or more; names the first such row and where it stands.
    """
    if len(rows) and not (rows.min() >= 0 and rows.max() < count):
        at = int(((rows < 0) | (rows >= count)).argmax())
        raise HypergraphError(f"{what}: row {rows[at]} at {at:,}, there are {count:,} entities")


def _named(labels: Iterable[str]) -> str:
    return ", ".join(labels) or "nothing"
