"""A start from the data: the leading left singular vectors of every modality's unfolding (De Lathauwer et al. 2000).

The unfolding of a modality is that of all its hyperedge types side by side, sparse: only columns with a hyperedge are there. Its
truncated SVD is randomised (Halko et al. 2011, algorithm 4.4). Singular vectors know no sign and no scale, so the components
are then weighed to fit the data. Sums are taken in float64 on one thread. Shapes: N entities, E hyperedges, D embedding_dim, C
columns of an unfolding.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from pipeline.domain.hypergraph import HyperedgeList, number_combinations
from pipeline.train.problem.problem import Problem, TypePosition

_OVERSAMPLING = 10
_POWER_ITERATIONS = 4
_CHUNK = 65_536
"""Hyperedges whose products are held at once."""

Offsets = Mapping[TypePosition, npt.NDArray[np.float32]]


def singular_vectors(problem: Problem, label: str, offsets: Offsets, embedding_dim: int, seed: int) -> npt.NDArray[np.float32]:
    """Give a modality's leading left singular vectors, scaled to a root mean square of one (N × D).

    Where the unfolding has fewer than D, the rest is drawn at random, a tenth as large.
    """
    count = problem.num_entities[label]
    generator = torch.Generator().manual_seed(seed)
    drawn_ND = torch.randn(count, embedding_dim, generator=generator, dtype=torch.float64)
    found_ND = 0.1 * drawn_ND
    unfolded = _unfolding(problem, label, offsets)
    size = min(embedding_dim + _OVERSAMPLING, *unfolded.shape)
    if size:
        transposed = unfolded.T.tocsr()
        basis = _orthonormal(unfolded @ torch.randn(unfolded.shape[1], size, generator=generator, dtype=torch.float64).numpy())
        for _ in range(_POWER_ITERATIONS):
            basis = _orthonormal(unfolded @ _orthonormal(transposed @ basis))
        # X ≈ Q Qᵀ X, and the left singular vectors of QᵀX are the right ones of XᵀQ.
        _, values, turned = torch.linalg.svd(torch.from_numpy(transposed @ basis), full_matrices=False)
        kept = min(embedding_dim, int((values > 1e-6 * values[0]).sum()))
        found_ND[:, :kept] = (torch.from_numpy(basis) @ turned.T)[:, :kept] * count**0.5
    return found_ND.float().numpy()


def _orthonormal(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    basis: npt.NDArray[np.float64] = torch.linalg.qr(torch.from_numpy(matrix))[0].numpy()
    return basis


def _unfolding(problem: Problem, label: str, offsets: Offsets) -> sparse.csr_array:
    """Put the mode-k unfoldings of all positions that hold a modality side by side (N × C)."""
    parts = [sparse.csr_array((problem.num_entities[label], 0), dtype=np.float64)]
    for term in problem.terms:
        values_E = np.sqrt(term.weight) * less_offsets(term.label, term.hyperedges, offsets).astype(np.float64)
        for position, modality in enumerate(term.modalities):
            if modality == label:
                others = [other for other in range(len(term.modalities)) if other != position]
                columns_E = number_combinations(term.hyperedges.members_EK, others)
                rows_E = term.hyperedges.members_EK[:, position]
                shape = (problem.num_entities[label], int(columns_E.max()) + 1)
                parts.append(sparse.csr_array((values_E, (rows_E, columns_E)), shape=shape))
    return sparse.csr_array(sparse.hstack(parts, format="csr"))


def less_offsets(label: str, hyperedges: HyperedgeList, offsets: Offsets) -> npt.NDArray[np.float32]:
    """Give a type's values less its members' offsets (E)."""
    values_E = hyperedges.values_E
    for position in range(len(hyperedges.modalities)):
        if (label, position) in offsets:
            values_E = values_E - offsets[label, position][hyperedges.members_EK[:, position]]
    return values_E


def weighed(
    problem: Problem, vectors: Mapping[str, npt.NDArray[np.float32]], offsets: Offsets
) -> dict[str, npt.NDArray[np.float32]]:
    """Weigh the components so that they fit best: least squares for c in Σ_r c_r Π_k a_kr, spread evenly over the modalities.

    A negative weight turns the component around in the first modality of the first hyperedge type.
    """
    if not problem.terms:
        return dict(vectors)
    tensors = {label: torch.from_numpy(vector_ND).double() for label, vector_ND in vectors.items()}
    dim = next(iter(tensors.values())).shape[1]
    system_DD, right_D = torch.zeros(dim, dim, dtype=torch.float64), torch.zeros(dim, dtype=torch.float64)
    for term in problem.terms:
        values_E = torch.from_numpy(less_offsets(term.label, term.hyperedges, offsets)).double()
        present_E = torch.from_numpy(term.present_weights_E).double()
        for begin in range(0, len(values_E), _CHUNK):
            chunk = slice(begin, begin + _CHUNK)
            product_ED = torch.ones(len(values_E[chunk]), dim, dtype=torch.float64)
            for position, label in enumerate(term.modalities):
                product_ED *= tensors[label][torch.from_numpy(term.hyperedges.members_EK[chunk, position])]
            system_DD += term.weight * (product_ED * present_E[chunk, None]).T @ product_ED
            right_D += term.weight * product_ED.T @ values_E[chunk]
        if term.absent_weight:
            everything_DD = torch.ones(dim, dim, dtype=torch.float64)
            for label, popularity_N in zip(term.modalities, term.popularities, strict=True):
                everything_DD *= (tensors[label] * torch.from_numpy(popularity_N)[:, None]).T @ tensors[label]
            system_DD += term.weight * term.absent_weight * everything_DD
    floor = 1e-3 * system_DD.diagonal().mean() + 1e-30
    weights_D: Tensor = torch.linalg.solve(system_DD + floor * torch.eye(dim, dtype=torch.float64), right_D)
    arity = sum(len(term.modalities) for term in problem.terms) / len(problem.terms)
    scale_D = weights_D.abs() ** (1 / arity)
    turned = problem.terms[0].modalities[0]
    return {
        label: (tensor_ND * scale_D * (weights_D.sign() if label == turned else 1)).float().numpy()
        for label, tensor_ND in tensors.items()
    }
