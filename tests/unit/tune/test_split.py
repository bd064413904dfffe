"""What settings are measured on: hidden at random, and all of some entities."""

import numpy as np

from pipeline.tune.split import held_out, split
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.stochastic.test_epochs import blocks


def test_a_twentieth_is_hidden_and_nothing_of_it_is_known() -> None:
    hypergraph = blocks()
    hidden = split(hypergraph, 0)
    edges, known, asked = hypergraph.hyperedges["Tagging"], hidden.known.hyperedges["Tagging"], hidden.asked["Tagging"]
    whole = {tuple(row) for row in edges.members_EK.tolist()}
    told, hid = ({tuple(row) for row in part.members_EK.tolist()} for part in (known, asked))
    assert hid
    assert not told & hid
    assert told | hid <= whole
    assert len(told) < 0.95 * len(whole)


def test_a_twentieth_of_the_entities_with_a_graph_lose_all() -> None:
    hypergraph = blocks()
    before = np.unique(hypergraph.hyperedges["Tagging"].members_EK[:, 0])
    after = np.unique(split(hypergraph, 0).known.hyperedges["Tagging"].members_EK[:, 0])
    lost = np.setdiff1d(before, after)
    assert len(lost) >= len(before) // 20
    asked = split(hypergraph, 0).asked["Tagging"].members_EK[:, 0]
    assert np.isin(lost, asked).any()
    assert not np.isin(asked, lost).all()


def test_without_graphs_nobody_loses_all_by_design() -> None:
    hypergraph = blocks(num_blocks=8).with_graphs({})
    hidden = split(hypergraph, 0)
    asked = hidden.asked["Tagging"].num_hyperedges
    assert asked == hypergraph.hyperedges["Tagging"].num_hyperedges // 20


def test_a_type_with_few_hyperedges_stays_whole() -> None:
    hypergraph = coupled(3, presence=True)
    hidden = split(hypergraph, 0)
    for label, edges in hypergraph.hyperedges.items():
        if label not in hidden.asked:
            assert hidden.known.hyperedges[label].num_hyperedges == edges.num_hyperedges
            assert held_out(hidden)[label].num_hyperedges == 0


def test_another_seed_hides_others() -> None:
    first, second = (split(blocks(), seed).asked["Tagging"].members_EK.tolist() for seed in (0, 1))
    assert first != second
    assert first == split(blocks(), 0).asked["Tagging"].members_EK.tolist()
