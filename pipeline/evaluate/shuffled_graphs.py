"""Graphs that have lost their meaning: what a graph must beat to count for what it says."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from pipeline.domain.dataset import GraphKey

Graphs = Mapping[GraphKey, sparse.csr_array]


def shuffled(graphs: Graphs, seed: int) -> dict[GraphKey, sparse.csr_array]:
    """The same graphs with their nodes relabelled at random: every degree is kept, every meaning is lost."""
    orders = {key: np.random.default_rng(seed).permutation(matrix.shape[0]) for key, matrix in graphs.items()}
    return {key: sparse.csr_array(matrix[orders[key]][:, orders[key]]) for key, matrix in graphs.items()}
