from random import Random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.hypergraph_of_ids import hypergraph_of_ids
from pipeline.domain.rows import RowIndex
from pipeline.errors import HypergraphError

DATASET = Dataset(
    "small",
    (Modality("Film"), Modality("Maker")),
    (HyperedgeType("Making", ("Film", "Maker")), HyperedgeType("Remake", ("Film", "Film"))),
    (IntraModalGraph("Film", "LIKE"), IntraModalGraph("Maker", "KNOWS", weight=2)),
)
FILMS, MAKERS = [f"f{i}" for i in range(12)], ["m1", "m0"]

Making = dict[tuple[str, str], float]


def hypergraph(making: Making, like: dict[tuple[str, str], float], remakes: tuple[tuple[str, str], ...] = ()) -> Hypergraph:
    columns = {
        "Making": [*zip(*making, strict=True), list(making.values())] if making else [()] * 3,
        "Remake": [*zip(*remakes, strict=True), [1.0] * len(remakes)] if remakes else [()] * 3,
        "LIKE": [*zip(*like, strict=True), list(like.values())] if like else [()] * 3,
        "KNOWS": [()] * 3,
    }
    return hypergraph_of_ids(
        DATASET,
        {"Film": RowIndex(FILMS), "Maker": RowIndex(MAKERS)},
        lambda kind: [columns[kind.label]],
        lambda graph: [columns[graph.relation_type]],
    )


values = st.integers(1, 9).map(float)
makings = st.dictionaries(st.tuples(st.sampled_from(FILMS), st.sampled_from(MAKERS)), values)
likes = st.dictionaries(st.tuples(st.sampled_from(FILMS), st.sampled_from(FILMS)).filter(lambda pair: pair[0] < pair[1]), values)


@given(makings, likes)
def test_ids_come_back_from_rows(making: Making, like: dict[tuple[str, str], float]) -> None:
    found = hypergraph(making, like)
    films, makers = sorted(FILMS), sorted(MAKERS)
    edges = found.hyperedges["Making"]
    assert edges.members_EK.dtype == np.int64
    assert edges.values_E.dtype == np.float32
    assert {
        (films[film], makers[maker]): value
        for (film, maker), value in zip(edges.members_EK.tolist(), edges.values_E.tolist(), strict=True)
    } == making
    weights = found.graphs["Film", "LIKE"]
    assert weights.dtype == np.float32
    expected = nx.Graph()
    expected.add_nodes_from(films)
    expected.add_weighted_edges_from((a, b, weight) for (a, b), weight in like.items())
    np.testing.assert_array_equal(weights.toarray(), nx.to_numpy_array(expected, nodelist=films))


@given(makings, st.randoms())
def test_the_order_in_which_it_is_told_does_not_matter(making: Making, random: Random) -> None:
    again = list(making.items())
    random.shuffle(again)
    one, other = (hypergraph(told, {}).hyperedges["Making"] for told in (making, dict(again)))
    np.testing.assert_array_equal(one.members_EK, other.members_EK)
    np.testing.assert_array_equal(one.values_E, other.values_E)


def test_what_nothing_joins_is_there() -> None:
    found = hypergraph({}, {})
    assert found.num_entities == {"Film": 12, "Maker": 2}
    assert found.hyperedges["Remake"].members_EK.shape == (0, 2)
    assert found.graphs["Maker", "KNOWS"].shape == (2, 2)


def test_an_id_that_no_entity_has_is_named() -> None:
    with pytest.raises(HypergraphError, match="the Maker 'm7' came up"):
        hypergraph({("f1", "m0"): 1.0, ("f2", "m7"): 1.0}, {})
    with pytest.raises(HypergraphError, match="the Film 'g' came up"):
        hypergraph({}, {("f1", "g"): 1.0})
