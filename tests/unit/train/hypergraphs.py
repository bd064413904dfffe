"""Small hypergraphs, and the objective written down densely: the oracle that shares no code with what it checks."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem

MEMBERS = {
    "Trio": ("Ant", "Bee", "Cat"),
    "Twins": ("Bee", "Ant", "Ant"),
    "Pair": ("Cat", "Bee"),
    "Quad": ("Ant", "Cat", "Dog", "Bee"),
}


def least_squares(**settings: Any) -> TrainingParameters:
    """Settings of the updates that minimise squares, without a validation part, but for what is given."""
    return TrainingParameters(**{"update": "exact", "rounds": 10, "validation": 0.0, "patience": 10, "ridge": 0.02, **settings})


def hyperedge_list(members: tuple[str, ...], counts: Mapping[str, int], num: int, rng: np.random.Generator) -> HyperedgeList:
    """Draw distinct cells of a tensor, with values of either sign."""
    shape = [counts[label] for label in members]
    cells = rng.choice(int(np.prod(shape)), size=min(num, int(np.prod(shape))), replace=False)
    values = rng.normal(1, 0.5, size=len(cells)).astype(np.float32)
    return HyperedgeList(members, np.stack(np.unravel_index(cells, shape), axis=1).astype(np.int64), values)


def random_graph(count: int, density: float, rng: np.random.Generator) -> sparse.csr_array:
    """Draw a symmetric weight matrix without a diagonal; the last entity is isolated."""
    upper = np.triu(rng.random((count, count)) * (rng.random((count, count)) < density), 1)
    upper[:, -1] = 0
    return sparse.csr_array((upper + upper.T).astype(np.float32))


def coupled(seed: int = 0, num: int = 30, *, presence: bool = False) -> Hypergraph:
    """Four modalities, four types (one holds a modality twice), three graphs (two of one modality), isolated entities.

    Values are measurements, or all one.
    """
    rng = np.random.default_rng(seed)
    counts = {"Ant": 9, "Bee": 7, "Cat": 5, "Dog": 3}
    smaller = {label: max(1, count - 1) for label, count in counts.items()}
    dataset = Dataset(
        "small",
        tuple(Modality(label) for label in counts),
        tuple(
            HyperedgeType(label, members, weight) for (label, members), weight in zip(MEMBERS.items(), (1, 0.5, 2, 1), strict=True)
        ),
        (IntraModalGraph("Ant", "SIMILAR", 0.7), IntraModalGraph("Bee", "NEAR", 0.4), IntraModalGraph("Bee", "NEXT", 1.3)),
    )
    lists = {label: hyperedge_list(members, smaller, num, rng) for label, members in MEMBERS.items()}
    if presence:
        lists = {label: replace(edges, values_E=np.ones_like(edges.values_E)) for label, edges in lists.items()}
    return Hypergraph(
        dataset,
        counts,
        lists,
        {graph.key: random_graph(counts[graph.modality], 0.4, rng) for graph in dataset.graphs},
    )


def snapshot_of(hypergraph: Hypergraph) -> Snapshot:
    """A snapshot of it, with ids that tell modality and row."""
    ids = {label: [f"{label}-{row}" for row in range(count)] for label, count in hypergraph.num_entities.items()}
    return Snapshot(hypergraph, {label: pd.DataFrame({"id": own, "name": own}) for label, own in ids.items()}, {"source": "a test"})


def dense_hypergraph(factors: dict[str, np.ndarray], members: dict[str, tuple[str, ...]]) -> Hypergraph:
    """Every cell of every tensor observed, with the value that the factors predict."""
    counts = {label: len(factor) for label, factor in factors.items()}
    dataset = Dataset("planted", tuple(map(Modality, counts)), tuple(HyperedgeType(label, own) for label, own in members.items()))
    lists = {}
    for label, own in members.items():
        cells = np.array(list(itertools.product(*(range(counts[m]) for m in own))))
        values = np.prod([factors[m][cells[:, k]] for k, m in enumerate(own)], axis=0).sum(axis=1)
        lists[label] = HyperedgeList(own, cells, values.astype(np.float32))
    return Hypergraph(dataset, counts, lists, {})


def random_factors(counts: Mapping[str, int], embedding_dim: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw factors of either sign."""
    rng = np.random.default_rng(seed)
    return {label: rng.normal(0, 0.7, size=(count, embedding_dim)).astype(np.float32) for label, count in counts.items()}


def random_matrices(problem: Problem, embedding_dim: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw factors and offsets, side by side."""
    rng = np.random.default_rng(seed)
    widths = Layout(problem, embedding_dim).widths
    return {
        label: rng.normal(0, 0.7, size=(count, widths[label])).astype(np.float32) for label, count in problem.num_entities.items()
    }


def double(factors: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Give factors as float64 tensors that want gradients."""
    return {label: torch.tensor(factor, dtype=torch.float64, requires_grad=True) for label, factor in factors.items()}


def dense_laplacian(weights: sparse.csr_array) -> np.ndarray:
    """Write the normalised Laplacian down entry by entry."""
    dense = weights.toarray().astype(np.float64)
    degree = dense.sum(axis=0)
    laplacian = np.zeros_like(dense)
    for i in range(len(dense)):
        for j in range(len(dense)):
            if degree[i] > 0 and degree[j] > 0:
                laplacian[i, j] = (i == j) - dense[i, j] / np.sqrt(degree[i] * degree[j])
    return laplacian


def dense_reconstruction(problem: Problem, label: str, matrices: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Give one type's part of the objective, over every cell of the tensor."""
    term = next(term for term in problem.terms if term.label == label)
    letters = "abcdef"[: len(term.modalities)]
    factors = [matrices[m][:, : matrices[m].shape[1] - len(problem.offset_positions(m))] for m in term.modalities]
    predicted = torch.einsum(",".join(f"{c}r" for c in letters) + "->" + letters, *factors)
    for position, modality in enumerate(term.modalities):
        if term.has_offsets:
            column = factors[position].shape[1] + problem.offset_positions(modality).index((label, position))
            shape = [-1 if k == position else 1 for k in range(len(letters))]
            predicted = predicted + matrices[modality][:, column].reshape(shape)
    observed = torch.zeros_like(predicted)
    popularity = torch.einsum(",".join(letters) + "->" + letters, *(torch.from_numpy(q).double() for q in term.popularities))
    weight = term.absent_weight * popularity
    cells = tuple(torch.from_numpy(column.copy()) for column in term.hyperedges.members_EK.T)
    observed[cells] = torch.from_numpy(term.hyperedges.values_E).double()
    weight[cells] = 1
    return term.weight * (weight * (observed - predicted) ** 2).sum()


def dense_smoothness(problem: Problem, label: str, matrix: torch.Tensor) -> torch.Tensor:
    """Give one modality's smoothness, that of its offsets included."""
    laplacian = torch.from_numpy(problem.laplacians[label].toarray())
    dim = matrix.shape[1] - len(problem.offset_positions(label))
    factor, offsets = matrix[:, :dim], matrix[:, dim:]
    return 0.5 * (
        torch.trace(factor.T @ laplacian @ factor) + problem.offset_smoothness * torch.trace(offsets.T @ laplacian @ offsets)
    )


def dense_ridge(problem: Problem, label: str, matrix: torch.Tensor) -> torch.Tensor:
    """Give one modality's ridge, that of its offsets included."""
    dim = matrix.shape[1] - len(problem.offset_positions(label))
    weights = torch.from_numpy(problem.ridges[label]).double()
    return (weights * (matrix[:, :dim] ** 2).sum(1)).sum() + problem.offset_ridge * (matrix[:, dim:] ** 2).sum()


def dense_loss(problem: Problem, matrices: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Give the whole objective, from dense tensors."""
    parts = [dense_reconstruction(problem, term.label, matrices) for term in problem.terms]
    parts += [dense_smoothness(problem, label, matrices[label]) for label in problem.laplacians]
    parts += [dense_ridge(problem, label, matrices[label]) for label in problem.labels]
    return torch.stack(parts).sum()
