import itertools

import numpy as np
import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.evaluate.incidence import incidence, positions

SIZES = {"A": 5, "B": 4, "C": 3}
KINDS = (HyperedgeType("One", ("A", "B", "C")), HyperedgeType("Two", ("B", "A")), HyperedgeType("Three", ("A", "A", "C")))


@pytest.fixture
def hypergraph() -> Hypergraph:
    rng = np.random.default_rng(0)
    lists = {
        kind.label: HyperedgeList(
            kind.members, np.stack([rng.integers(SIZES[label], size=4) for label in kind.members], axis=1), np.ones(4, np.float32)
        )
        for kind in KINDS
    }
    return Hypergraph(Dataset("abc", tuple(map(Modality, SIZES)), KINDS), SIZES, lists, {})


def test_positions_are_all_ways_to_find_the_modalities() -> None:
    assert list(positions(("A", "A", "C"), "A", "C")) == [(0, 2), (1, 2)]
    assert list(positions(("A", "A", "C"), "A", "A")) == [(0, 1), (1, 0)]
    assert list(positions(("A", "A", "C"), "B", "A")) == []


@pytest.mark.parametrize(("label", "others"), [("A", ("B",)), ("B", ("A",)), ("A", ("A",)), ("A", ("B", "C")), ("A", ("A", "C"))])
def test_entities_meet_whom_a_hyperedge_joins_them_with(hypergraph: Hypergraph, label: str, others: tuple[str, ...]) -> None:
    expected = np.zeros((SIZES[label], *(SIZES[other] for other in others)))
    for edges in hypergraph.hyperedges.values():
        for members in edges.members_EK:
            for named in itertools.permutations(zip(edges.modalities, members, strict=True), 1 + len(others)):
                if tuple(modality for modality, _ in named) == (label, *others):
                    expected[tuple(row for _, row in named)] = 1
    assert expected.any()
    np.testing.assert_array_equal(incidence(hypergraph, label, *others).toarray(), expected.reshape(SIZES[label], -1))


def test_modalities_that_never_meet_have_an_empty_matrix(hypergraph: Hypergraph) -> None:
    alone = Hypergraph(hypergraph.dataset, SIZES, {"Two": hypergraph.hyperedges["Two"]}, {})
    assert incidence(alone, "A", "C").shape == (5, 3)
    assert incidence(alone, "A", "C").nnz == 0
