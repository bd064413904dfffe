"""Which entities meet in a hyperedge. Shapes: N entities, M combinations of members."""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np
from scipy import sparse

from pipeline.domain.hypergraph import Hypergraph


def positions(modalities: Sequence[str], *labels: str) -> Iterator[tuple[int, ...]]:
    """All ways to find some modalities among the members of a hyperedge type, a position each; none twice."""
    for found in permutations(range(len(modalities)), len(labels)):
        if all(modalities[position] == label for position, label in zip(found, labels, strict=True)):
            yield found


def incidence(hypergraph: Hypergraph, label: str, *others: str) -> sparse.csr_array:
    """Tell with which members of other modalities the entities of a modality share a hyperedge, of whatever type.

    Parameters
    ----------
    hypergraph
        The hyperedges.
    label
        The modality of the entities.
    others
        The other modalities; of several, members count together that are in one hyperedge.

    Returns
    -------
    sparse.csr_array
        1 for every entity and combination that meet (N × M); combinations are numbered in row-major order, M is the product of
        the other modalities' numbers of entities.
    """
    sizes = tuple(hypergraph.num_entities[other] for other in others)
    pairs = [np.empty((2, 0), dtype=np.int64)]
    for edges in hypergraph.hyperedges.values():
        for own, *theirs in positions(edges.modalities, label, *others):
            combinations_E = np.ravel_multi_index(tuple(edges.members_EK[:, position] for position in theirs), sizes)
            pairs.append(np.stack([edges.members_EK[:, own], combinations_E]))
    rows, columns = np.concatenate(pairs, axis=1)
    met = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(hypergraph.num_entities[label], int(np.prod(sizes))))
    met.data[:] = 1
    return met
