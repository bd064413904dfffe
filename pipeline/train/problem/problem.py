"""The objective's data: a hypergraph and parameters, resolved into weighted terms.

    Σ_t λ_t [ Σ_{e observed} (x_e − x̂_e)² + w_t Σ_{absent} q x̂² ] + ½ Σ_θ tr(A_θᵀ L_θ A_θ) + Σ_θ Σ_i ρ_i ‖a_i‖²

with q = Π_k q_k the popularity of a cell's members, and L_θ = Σ_g μ_g L_g, the modality's weighted Laplacians together. Where only
measured values count (w = 0), x̂ is the CP model plus m + Σ_k b_k: the mean of the values and an offset per member, with
Σ_k (ρ_b ‖b_k‖² + ½ ν b_kᵀ L_k b_k) in the objective. Each combination of members stands once in a hyperedge list (what a snapshot
guarantees). Shapes: N entities, E hyperedges, K arity.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.dataset import Dataset
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph, num_memberships
from pipeline.domain.training_parameters import LossName, TrainingParameters, UpdateName
from pipeline.errors import ConfigurationError
from pipeline.train.problem.held_out import FEWEST_ASKED, FEWEST_VALUES, MOST_ASKED, hold_out
from pipeline.train.problem.laplacian import normalised_laplacian
from pipeline.train.problem.offsets import fit_offsets, left_by

TypePosition = tuple[str, int]
"""A hyperedge type and one of its positions."""

_SQUARED_ONLY = frozenset({"exact", "recurrent"})
"""Updates that know no other loss."""
_RIDGE, _VALUES_RIDGE = 0.02, 3.0
"""ρ, and that of a modality of which only measured values tell, in units of their own."""
_STEP, _PAIRS_STEP = 0.1, 0.05
_NORMS, _PAIRS_NORMS = (0.003,), (0.03, 0.3)
"""Of hyperedges, and where there are only pairs: one product is all that tells there, and is sooner learned by heart. How soon, the
data must say."""


@dataclass(frozen=True)
class TensorTerm:
    """One hyperedge type's part of the objective.

    Attributes
    ----------
    label
        Label of the hyperedge type.
    hyperedges
        Its hyperedges, their values less the mean.
    held_out
        Those kept for validation, likewise.
    weight
        λ, all scaling included.
    absent_weight
        w, the weight of an absent cell of ordinary members against an observed one.
    popularities
        q (N, float32) of the members by position: an absent cell weighs w Π_k q_k. Mean 1; all 1 where α is None.
    mean
        m, the mean of the values where there are offsets; else 0.
    has_offsets
        Whether every member has an offset.
    loss
        What is minimised: the objective's squares, or the likelihood.
    """

    label: str
    hyperedges: HyperedgeList
    held_out: HyperedgeList
    weight: float
    absent_weight: float
    popularities: tuple[npt.NDArray[np.float32], ...]
    mean: float
    has_offsets: bool
    loss: LossName

    @property
    def modalities(self) -> tuple[str, ...]:
        """Labels of the members' modalities, by position."""
        return self.hyperedges.modalities

    @property
    def everything(self) -> HyperedgeList:
        """The hyperedges, and behind them those kept for validation."""
        parts = (self.hyperedges, self.held_out)
        members_EK, values_E = (np.concatenate([getattr(part, name) for part in parts]) for name in ("members_EK", "values_E"))
        return HyperedgeList(self.modalities, members_EK, values_E)

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
        The hyperedge types' parts; one without hyperedges, or of weight 0, has none.
    laplacians
        L = Σ_g μ_g L_g (N × N) per modality that has a graph of weight above 0, all scaling included.
    graph_scales
        Σ_g μ_g per modality that has a graph: L divided by it has its eigenvalues in [0, 2].
    graphs
        The weights W_g (N × N) per modality that has a graph.
    ridges
        ρ_i (N, float32) per modality label.
    offset_ridge
        ρ_b.
    offset_smoothness
        ν.
    keeps_own
        Whether the validation parts are of the data that is to be learned from, and not of somebody else's choice.
    """

    num_entities: Mapping[str, int]
    terms: tuple[TensorTerm, ...]
    laplacians: Mapping[str, sparse.csr_array]
    graph_scales: Mapping[str, float]
    graphs: Mapping[str, tuple[sparse.csr_array, ...]]
    ridges: Mapping[str, npt.NDArray[np.float32]]
    offset_ridge: float
    offset_smoothness: float
    keeps_own: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the modalities, in order."""
        return tuple(self.num_entities)

    @property
    def num_held_out(self) -> int:
        """Hyperedges of all types that are kept for validation."""
        return sum(term.held_out.num_hyperedges for term in self.terms)

    @property
    def has_only_values(self) -> bool:
        """Whether nothing is learned from but measured values."""
        return all(term.absent_weight == 0 for term in self.terms)

    def with_ridge(self, factor: float) -> "Problem":
        """The same with so many times the ridge."""
        return (
            self
            if factor == 1
            else replace(self, ridges={label: np.float32(factor) * ridge_N for label, ridge_N in self.ridges.items()})
        )

    def alone(self, term: TensorTerm) -> list[npt.NDArray[np.float32]]:
        """A type's offsets (N) by position, as they are without vectors; zero where it has none."""
        if not term.has_offsets:
            return [np.zeros(self.num_entities[label], np.float32) for label in term.modalities]
        return fit_offsets(term.hyperedges, self.num_entities, self.offset_ridge / term.weight)

    def with_nothing_held_out(self) -> "Problem":
        """The same with what is kept for validation among what is learned from."""
        terms = []
        for term in self.terms:
            none = term.held_out.only(np.zeros(term.held_out.num_hyperedges, np.bool_))
            terms.append(replace(term, hyperedges=term.everything, held_out=none))
        return replace(self, terms=tuple(terms))

    def offset_positions(self, label: str) -> tuple[TypePosition, ...]:
        """The types and positions at which a modality's entities have offsets."""
        return tuple(
            (term.label, position)
            for term in self.terms
            if term.has_offsets
            for position, modality in enumerate(term.modalities)
            if modality == label
        )

    def weights(self) -> dict[str, dict[str, float]]:
        """The weights in force, by hyperedge type: λ and w."""
        return {term.label: {"weight": term.weight, "absentWeight": term.absent_weight} for term in self.terms}


def build_problem(
    hypergraph: Hypergraph, parameters: TrainingParameters, held_out: Mapping[str, HyperedgeList] | None = None
) -> Problem:
    """Resolve the weights of a hypergraph's objective.

    Parameters
    ----------
    hypergraph
        All that is learned from.
    parameters
        Settings.
    held_out
        A validation part by hyperedge type, which the hypergraph does not hold; drawn of its hyperedges where it is None.

    Raises
    ------
    ConfigurationError
        If a weight is given for a hyperedge type that is not there, no type has a weight above 0, or a value is not finite.
    """
    described = _weighed(hypergraph, parameters)
    graphs = ["-".join(graph.key) for graph in described.dataset.graphs]
    for name, what, there in (
        *((name, "hyperedge type", list(hypergraph.hyperedges)) for name in ("absent_weights", "losses", "type_weights")),
        ("graph_weights", "graph", graphs),
    ):
        unknown = sorted(set(getattr(parameters, name)) - set(there))
        if unknown:
            raise ConfigurationError(
                f"{name} names {unknown[0]}, which is no {what}", hint=f"there are {', '.join(there) or 'none'}"
            )
    if parameters.update in _SQUARED_ONLY and "likelihood" in parameters.losses.values():
        raise ConfigurationError(
            f"the {parameters.update} update minimises squares, and losses asks for the likelihood", hint="set update to auto"
        )
    for label, edges in hypergraph.hyperedges.items():
        if not np.isfinite(edges.values_E).all():
            raise ConfigurationError(f"hyperedge type {label} has values that are not finite")
    known, keeps_own = described, held_out is None
    if held_out is None:
        known, held_out = hold_out(described, _validation_counts(described, parameters), parameters.seed)
    type_weights = {kind.label: kind.weight for kind in known.dataset.hyperedge_types}
    if type_weights and not any(type_weights.values()):
        raise ConfigurationError(
            f"every hyperedge type of data set {known.dataset.name} has weight 0, so there is nothing to train on",
            hint="give at least one a weight above 0",
        )
    terms = tuple(
        _term(label, held_out[label], type_weights[label], known, parameters)
        for label, edges in known.hyperedges.items()
        if edges.num_hyperedges and type_weights[label] > 0
    )
    laplacians, scales = _laplacians(known, terms, parameters)
    return Problem(
        dict(known.num_entities),
        terms,
        laplacians,
        scales,
        {label: _graphs_of(label, known) for label in laplacians},
        _ridges(known, terms, parameters),
        parameters.offset_ridge,
        parameters.offset_smoothness,
        keeps_own,
    )


def _validation_counts(described: Hypergraph, parameters: TrainingParameters) -> dict[str, int]:
    edges = described.hyperedges
    losses = {label: loss_of(label, each.is_measured, parameters) for label, each in edges.items()}
    counts = validation_counts({label: each.num_hyperedges for label, each in edges.items()}, losses, parameters)
    weights = {kind.label: kind.weight for kind in described.dataset.hyperedge_types}
    used = [label for label, each in edges.items() if each.num_hyperedges and weights[label] > 0]
    are_values = parameters.update in ("auto", "exact") and all(
        losses[label] == "squared" and _absent_weight(label, edges[label], described, parameters) == 0 for label in used
    )
    return dict.fromkeys(counts, 0) if are_values and sum(counts[label] for label in used) < FEWEST_VALUES else counts


def validation_counts(
    num_hyperedges: Mapping[str, int], losses: Mapping[str, LossName], parameters: TrainingParameters
) -> dict[str, int]:
    """How many hyperedges of each type are kept for validation: of those that are there or not, no more than are asked for.

    Where such are too few to tell which round is best none are kept.
    """
    counts = {label: int(parameters.validation * count) for label, count in num_hyperedges.items()}
    likely = [label for label, count in num_hyperedges.items() if count and losses[label] == "likelihood"]
    counts |= {label: min(counts[label], MOST_ASKED) for label in likely}
    return dict.fromkeys(counts, 0) if likely and sum(counts.values()) < FEWEST_ASKED else counts


def type_weights_of(dataset: Dataset, parameters: TrainingParameters) -> dict[str, float]:
    """λ of each hyperedge type: that of the settings, or of the description."""
    return {kind.label: parameters.type_weights.get(kind.label, kind.weight) for kind in dataset.hyperedge_types}


def _weighed(hypergraph: Hypergraph, parameters: TrainingParameters) -> Hypergraph:
    """The hypergraph with the weights of types and graphs that the parameters give."""
    dataset = hypergraph.dataset
    weights = type_weights_of(dataset, parameters)
    types = tuple(replace(kind, weight=weights[kind.label]) for kind in dataset.hyperedge_types)
    graphs = tuple(
        replace(graph, weight=parameters.graph_weights.get("-".join(graph.key), graph.weight)) for graph in dataset.graphs
    )
    return replace(hypergraph, dataset=replace(dataset, hyperedge_types=types, graphs=graphs))


def _term(label: str, held_out: HyperedgeList, weight: float, hypergraph: Hypergraph, parameters: TrainingParameters) -> TensorTerm:
    edges = hypergraph.hyperedges[label]
    absent_weight = _absent_weight(label, edges, hypergraph, parameters)
    loss = loss_of(label, edges.is_measured, parameters)
    has_offsets = loss == "squared" and parameters.offsets and absent_weight == 0
    mean = float(edges.values_E.mean(dtype=np.float64)) if has_offsets else 0.0
    return TensorTerm(
        label,
        replace(edges, values_E=edges.values_E - np.float32(mean)) if mean else edges,
        replace(held_out, values_E=held_out.values_E - np.float32(mean)),
        weight,
        absent_weight,
        _popularities(edges, hypergraph, parameters.absent_popularity),
        mean,
        has_offsets,
        loss,
    )


def _graphs_of(label: str, hypergraph: Hypergraph) -> tuple[sparse.csr_array, ...]:
    weights = {graph.key: graph.weight for graph in hypergraph.dataset.graphs}
    return tuple(graph for key, graph in hypergraph.graphs.items() if key[0] == label and weights[key] > 0 and graph.nnz)


def loss_of(label: str, is_measured: bool, parameters: TrainingParameters) -> LossName:
    """What is minimised of a hyperedge type, by whether its values differ from each other."""
    if label in parameters.losses:
        return parameters.losses[label]
    return "squared" if is_measured or parameters.update in _SQUARED_ONLY else "likelihood"


def update_of(losses: Iterable[LossName], parameters: TrainingParameters) -> UpdateName:
    """Which update trains: the one that is set, or the one that the hyperedge types' losses ask for."""
    if parameters.update != "auto":
        return parameters.update
    return "stochastic" if "likelihood" in losses else "exact"


def step_size_of(terms: Sequence[TensorTerm], parameters: TrainingParameters) -> float:
    """How far the stochastic update's steps go."""
    return (_PAIRS_STEP if _are_pairs(terms) else _STEP) if parameters.step_size == "auto" else parameters.step_size


def cubic_norms_of(terms: Sequence[TensorTerm], parameters: TrainingParameters) -> tuple[float, ...]:
    """How much the stochastic update's hyperedges hold their members' vectors: what is tried, and first what stands untried."""
    return (_PAIRS_NORMS if _are_pairs(terms) else _NORMS) if parameters.cubic_norm == "auto" else (parameters.cubic_norm,)


def _are_pairs(terms: Sequence[TensorTerm]) -> bool:
    """Whether all that is learned from is of two that are together or not."""
    return bool(terms) and all(term.loss == "likelihood" and len(term.modalities) == 2 for term in terms)


def _absent_weight(label: str, edges: HyperedgeList, hypergraph: Hypergraph, parameters: TrainingParameters) -> float:
    if label in parameters.absent_weights:
        return parameters.absent_weights[label]
    if edges.is_measured:
        return 0.0
    num_cells = math.prod(hypergraph.num_entities[modality] for modality in edges.modalities)
    return min(1.0, parameters.absent_scale * edges.num_hyperedges / num_cells)


def _ridges(known: Hypergraph, terms: tuple[TensorTerm, ...], parameters: TrainingParameters) -> dict[str, npt.NDArray[np.float32]]:
    ridges = {}
    for label, mean in _mean_ridges(known, terms, parameters).items():
        held_N = num_memberships((term.hyperedges for term in terms), label, known.num_entities[label])
        # One is added so that an entity without hyperedges is held as well.
        relative_N = (held_N + 1) ** parameters.ridge_exponent
        ridges[label] = (mean * relative_N / relative_N.mean()).astype(np.float32)
    return ridges


def _mean_ridges(known: Hypergraph, terms: tuple[TensorTerm, ...], parameters: TrainingParameters) -> dict[str, float]:
    if parameters.ridge != "auto":
        return dict.fromkeys(known.num_entities, parameters.ridge)
    telling = {label: [term for term in terms if label in term.modalities] for label in known.num_entities}
    # What is not told is nothing to a value, but a zero to what is there or not, and holds vectors as a ridge does.
    by_values = {label for label, its in telling.items() if its and not any(term.absent_weight for term in its)}
    units = {term.label: _unit(term, known, parameters) for term in terms if not by_values.isdisjoint(term.modalities)}
    return {
        label: _VALUES_RIDGE * float(np.mean([units[term.label] for term in its])) if label in by_values else _RIDGE
        for label, its in telling.items()
    }


def _unit(term: TensorTerm, known: Hypergraph, parameters: TrainingParameters) -> float:
    """What stands for a ridge of 1 where offsets leave a variance other than 1: whatever the values' unit, it holds vectors alike.

    Of values twice as large the loss is four times as large, and the vectors' squares are by the 2/K-th power of two.
    """
    left_E = term.hyperedges.values_E
    if term.has_offsets:
        left_E = left_by(fit_offsets(term.hyperedges, known.num_entities, parameters.offset_ridge / term.weight), term.hyperedges)
    variance = float(np.mean(np.square(left_E, dtype=np.float64)))
    return float(term.weight * variance ** (1 - 1 / len(term.modalities)))


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
) -> tuple[dict[str, sparse.csr_array], dict[str, float]]:
    given = {graph.key: graph.weight for graph in hypergraph.dataset.graphs}
    laplacians: dict[str, sparse.csr_array] = {}
    scales: dict[str, float] = {}
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
        scales[label] = scales.get(label, 0.0) + scale
    return laplacians, scales
