"""The objective's data: a hypergraph and parameters, resolved into weighted terms.

    Σ_t λ_t [ Σ_{e observed} (x_e − x̂_e)² + w_t Σ_{absent} q x̂² ] + ½ Σ_θ tr(A_θᵀ L_θ A_θ) + ρ Σ_θ ‖A_θ‖²

with q = Π_k q_k the popularity of a cell's members, and L_θ = Σ_g μ_g L_g, the modality's weighted Laplacians together. Each
combination of members stands once in a hyperedge list (what a snapshot guarantees). Shapes: N entities, E hyperedges, K arity.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.train.laplacian import normalised_laplacian
from pipeline.train.parameters import TrainingParameters


@dataclass(frozen=True)
class TensorTerm:
    """One hyperedge type's part of the objective.

    Attributes
    ----------
    label
        Label of the hyperedge type.
    hyperedges
        Its hyperedges.
    weight
        λ, all scaling included.
    absent_weight
        w, the weight of an absent cell of ordinary members against an observed one.
    popularities
        q (N, float32) of the members by position: an absent cell weighs w Π_k q_k. Mean 1; all 1 where α is None.
    """

    label: str
    hyperedges: HyperedgeList
    weight: float
    absent_weight: float
    popularities: tuple[npt.NDArray[np.float32], ...]

    @property
    def modalities(self) -> tuple[str, ...]:
        """Labels of the members' modalities, by position."""
        return self.hyperedges.modalities

    @property
    def present_weights_E(self) -> npt.NDArray[np.float32]:  # noqa: N802 - the shape
        """1 − w q: what an observed cell has to add to what the sum over all cells gives it already."""
        popularity_E = np.ones(self.hyperedges.num_hyperedges, dtype=np.float32)
        for position, popularity_N in enumerate(self.popularities):
            popularity_E *= popularity_N[self.hyperedges.members_EK[:, position]]
        return 1 - np.float32(self.absent_weight) * popularity_E


@dataclass(frozen=True)
class Problem:
    """All parts of the objective.

    Attributes
    ----------
    num_entities
        N per modality label; its order is the order of the modalities.
    terms
        The hyperedge types' parts.
    laplacians
        L = Σ_g μ_g L_g (N × N) per modality that has a graph, all scaling included.
    ridge
        ρ.
    """

    num_entities: Mapping[str, int]
    terms: tuple[TensorTerm, ...]
    laplacians: Mapping[str, sparse.csr_array]
    ridge: float

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the modalities, in order."""
        return tuple(self.num_entities)

    def weights(self) -> dict[str, dict[str, float]]:
        """The weights in force, by hyperedge type: λ and w."""
        return {term.label: {"weight": term.weight, "absentWeight": term.absent_weight} for term in self.terms}


def build_problem(hypergraph: Hypergraph, parameters: TrainingParameters) -> Problem:
    """Resolve the weights of a hypergraph's objective.

    Raises
    ------
    ConfigurationError
        If a weight is given for a hyperedge type that is not there, or a value is not finite.
    """
    unknown = sorted(set(parameters.absent_weights) - set(hypergraph.hyperedges))
    if unknown:
        raise ConfigurationError(
            f"absent_weights names {unknown[0]}, which is no hyperedge type", hint=f"there are {', '.join(hypergraph.hyperedges)}"
        )
    type_weights = _type_weights(hypergraph, parameters.type_balance)
    terms = tuple(
        TensorTerm(
            label,
            _checked(label, edges),
            type_weights[label],
            _absent_weight(label, edges, hypergraph, parameters),
            _popularities(edges, hypergraph, parameters.absent_popularity),
        )
        for label, edges in hypergraph.hyperedges.items()
        if edges.num_hyperedges
    )
    return Problem(dict(hypergraph.num_entities), terms, _laplacians(hypergraph, terms, parameters), parameters.ridge)


def _type_weights(hypergraph: Hypergraph, balance: float) -> dict[str, float]:
    """Give λ by hyperedge type: Σ_t λ_t E_t stays what it was without balancing."""
    given = {t.label: t.weight for t in hypergraph.dataset.hyperedge_types}
    counts = {label: edges.num_hyperedges for label, edges in hypergraph.hyperedges.items() if edges.num_hyperedges}
    if not counts:
        return given
    raw = {label: given[label] * count**-balance for label, count in counts.items()}
    total = sum(given[label] * count for label, count in counts.items())
    scale = total / sum(raw[label] * count for label, count in counts.items())
    return given | {label: weight * scale for label, weight in raw.items()}


def _absent_weight(label: str, edges: HyperedgeList, hypergraph: Hypergraph, parameters: TrainingParameters) -> float:
    if label in parameters.absent_weights:
        return parameters.absent_weights[label]
    num_cells = math.prod(hypergraph.num_entities[modality] for modality in edges.modalities)
    return min(1.0, parameters.absent_scale * edges.num_hyperedges / num_cells)


def _popularities(edges: HyperedgeList, hypergraph: Hypergraph, exponent: float | None) -> tuple[npt.NDArray[np.float32], ...]:
    found = []
    for position, modality in enumerate(edges.modalities):
        counts_N = np.bincount(edges.members_EK[:, position], minlength=hypergraph.num_entities[modality])
        # 0 ** 0 is 1, and an entity without a hyperedge must have 0 for every exponent.
        weight_N = counts_N.astype(np.float64) ** (exponent or 0)
        raised_N = weight_N if exponent is None else np.where(counts_N > 0, weight_N, 0)
        found.append((raised_N / raised_N.mean()).astype(np.float32))
    return tuple(found)


def _laplacians(
    hypergraph: Hypergraph, terms: tuple[TensorTerm, ...], parameters: TrainingParameters
) -> dict[str, sparse.csr_array]:
    given = {graph.key: graph.weight for graph in hypergraph.dataset.graphs}
    laplacians: dict[str, sparse.csr_array] = {}
    for key, weights in hypergraph.graphs.items():
        label = key[0]
        scale = given[key] * parameters.graph_weight
        if parameters.graph_scaling == "degree":
            members = sum(term.weight * term.hyperedges.num_hyperedges * term.modalities.count(label) for term in terms)
            scale *= members / hypergraph.num_entities[label]
        if scale == 0 or weights.nnz == 0:
            continue
        weighted = scale * normalised_laplacian(weights)
        laplacians[label] = sparse.csr_array(laplacians[label] + weighted) if label in laplacians else weighted
    return laplacians


def _checked(label: str, edges: HyperedgeList) -> HyperedgeList:
    if not np.isfinite(edges.values_E).all():
        raise ConfigurationError(f"hyperedge type {label} has values that are not finite")
    return edges
