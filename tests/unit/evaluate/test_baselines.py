"""What is counted, against counts by hand."""

import numpy as np
import pytest
from scipy import sparse

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.evaluate.baselines import by_neighbours, by_popularity, by_popularity_given
from pipeline.evaluate.question import Question
from pipeline.evaluate.tate import TASK

DATASET = Dataset(
    "works",
    tuple(map(Modality, ("Artwork", "Artist", "Medium", "Decade"))),
    (
        HyperedgeType("Making", ("Artwork", "Artist", "Medium", "Decade")),
        HyperedgeType("Material", ("Artwork", "Medium", "Decade")),
    ),
    (IntraModalGraph("Artwork"), IntraModalGraph("Decade", "NEXT")),
)


def by_hand() -> Question:
    """Works 0 to 4 known, 5 asked about: media 0 and 1, decade 0. Artist 0 made four, artist 1 one."""
    making = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 2, 1], [3, 0, 2, 1], [4, 1, 1, 0], [4, 1, 0, 0], [4, 1, 0, 1]])
    material = np.array([*np.delete(making, 1, axis=1).tolist(), [5, 0, 0], [5, 1, 0]])
    lists = {
        kind.label: HyperedgeList(kind.members, members, np.ones(len(members), np.float32))
        for kind, members in zip(DATASET.hyperedge_types, (making, material), strict=True)
    }
    graph = np.zeros((6, 6), np.float32)
    graph[5, [0, 4]] = 0.25, 0.5
    graphs: dict[GraphKey, sparse.csr_array] = {
        ("Artwork", "SIMILAR"): sparse.csr_array(graph + graph.T),
        ("Decade", "NEXT"): sparse.csr_array(np.array([[0, 1], [1, 0]], np.float32)),
    }
    known = Hypergraph(DATASET, {"Artwork": 6, "Artist": 2, "Medium": 3, "Decade": 2}, lists, graphs)
    asked, candidates, true = np.array([5]), np.array([0, 1]), np.array([[False, True]])
    return Question(TASK, known, known, asked, asked, candidates, true)


def test_baselines_by_hand() -> None:
    asked = by_hand()
    assert by_popularity(asked).tolist() == [[4, 1]]
    # Medium 0 in decade 0: twice by artist 0, once by artist 1; medium 1 in decade 0: once by artist 1. Ties: 4/5 and 1/5.
    assert by_popularity_given(asked, ("Medium", "Decade"))[0] == pytest.approx([2 + 4 / 5, 2 + 1 / 5])
    assert by_neighbours(asked)[0] == pytest.approx([0.25 + 0.01 * 4 / 5, 0.5 + 0.01 * 1 / 5])


def test_one_modality_may_be_given() -> None:
    """Decade 0 has three works: two by artist 0, one by artist 1."""
    assert by_popularity_given(by_hand(), ("Decade",))[0] == pytest.approx([2 + 4 / 5, 1 + 1 / 5])
