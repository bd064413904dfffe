import numpy as np
import pytest
from scipy import sparse

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.value_baselines import value_baselines

DATASET = Dataset(
    "ratings", (Modality("User"), Modality("Book")), (HyperedgeType("Rating", ("User", "Book")),), (IntraModalGraph("Book"),)
)


def test_neighbours_say_what_the_user_thought_of_near_books() -> None:
    """Users 0 to 9 like books 0 and 1 as much as each other and 2 and 3 the other way; user 0's opinion of book 1 is asked."""
    likes = np.array([1.0, -1.0] * 5)
    cells = np.array([(user, book) for user in range(10) for book in range(4)])
    values = np.array([3 + (likes[user] if book < 2 else -likes[user]) for user, book in cells], dtype=np.float32)
    asked = (cells == [0, 1]).all(axis=1)
    edges = HyperedgeList(("User", "Book"), cells, values)
    graph = np.zeros((4, 4), np.float32)
    graph[0, 1] = graph[1, 0] = graph[2, 3] = graph[3, 2] = 0.5
    known = Hypergraph(
        DATASET, {"User": 10, "Book": 4}, {"Rating": edges.only(~asked)}, {("Book", "SIMILAR"): sparse.csr_array(graph)}
    )
    found = value_baselines(Hidden(known, {"Rating": edges.only(asked)}, {"Rating": cells}), "Rating")
    assert found["global mean"].tolist() == pytest.approx([values[~asked].mean()])
    offsets = found["offsets only"][0]
    assert abs(offsets - 3) < 0.3
    # Book 0 is the one neighbour, and counts as much as the one that says nothing: half of what is left of its value 4.
    assert found["neighbours"][0] == pytest.approx(offsets + (4 - 3) / 2, abs=0.2)
