"""A snapshot that has something of everything: an entity twice in a hyperedge, isolated entities, awkward names."""

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.snapshot import Snapshot
from tests.tiny import DATASET


def snapshot() -> Snapshot:
    weights = sparse.csr_array((np.array([0.5, 0.5], np.float32), ([0, 1], [1, 0])), shape=(4, 4))
    hypergraph = Hypergraph(
        DATASET,
        {"Film": 4, "Maker": 2, "Style": 1},
        {
            "Making": HyperedgeList(("Film", "Maker", "Style"), np.array([[0, 1, 0], [1, 0, 0]]), np.array([1, 2.5], np.float32)),
            "Remake": HyperedgeList(("Film", "Film"), np.array([[1, 0], [2, 2]]), np.array([1, -1], np.float32)),
        },
        {("Film", "LIKE"): weights},
    )
    entities = {
        label: pd.DataFrame({"id": [f"{label}:{row}" for row in range(count)], "name": ['ü "\x0b', *["same"] * (count - 1)]})
        for label, count in hypergraph.num_entities.items()
    }
    return Snapshot(hypergraph, entities, {"uri": "bolt://example"})
