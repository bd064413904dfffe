"""What the stochastic update learns: own vectors, biases, a scale per type, a filter per graph; and the scores that they give.

Shapes: N entities, K arity, Q queries, G graphs, D embedding_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem, TensorTerm, TypePosition
from pipeline.train.stochastic.neighbour_means import NeighbourMeans


@dataclass(frozen=True)
class SlotParameters:
    """What one hyperedge type adds to its members' vectors.

    Attributes
    ----------
    scale_D
        t.
    biases
        b (N) by position.
    shifts
        By how many places the components are moved on, by position.
    """

    scale_D: npt.NDArray[np.float32]
    biases: tuple[npt.NDArray[np.float32], ...]
    shifts: tuple[int, ...]

    def scores(
        self,
        factors: Mapping[str, npt.NDArray[np.float32]],
        labels: Sequence[str],
        members_QK: npt.NDArray[np.int64],
        position: int,
    ) -> npt.NDArray[np.float32]:
        """Score every entity at a position, given the other members (Q × N).

        Parameters
        ----------
        factors
            v (N × D) per modality label.
        labels
            The modalities, by position.
        members_QK
            Rows of the members; those at the position are not looked at.
        position
            Which one is asked.
        """
        context_QD = np.broadcast_to(self.scale_D, (len(members_QK), len(self.scale_D)))
        for other, label in enumerate(labels):
            if other != position:
                context_QD = context_QD * np.roll(factors[label][members_QK[:, other]], self.shifts[other], axis=1)
        context_QD = np.roll(context_QD, -self.shifts[position], axis=1)
        scores_QN: npt.NDArray[np.float32] = context_QD @ factors[labels[position]].T + self.biases[position]
        return scores_QN

    def values(
        self, factors: Mapping[str, npt.NDArray[np.float32]], labels: Sequence[str], members_EK: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Give the scores of whole hyperedges (E): of a type with values, what they are less their mean."""
        product_ED = np.broadcast_to(self.scale_D.astype(np.float64), (len(members_EK), len(self.scale_D)))
        for position, label in enumerate(labels):
            product_ED = product_ED * np.roll(factors[label][members_EK[:, position]], self.shifts[position], axis=1)
        scores_E: npt.NDArray[np.float64] = product_ED.sum(axis=1)
        for position, bias_N in enumerate(self.biases):
            scores_E += bias_N[members_EK[:, position]]
        return scores_E


class SlotModel:
    """All that is learned, on the CPU.

    Parameters
    ----------
    problem
        The hyperedge types and graphs.
    embedding_dim
        D.
    start
        Standard deviation of the entries of own vectors at the start.
    seed
        Of the start.
    """

    def __init__(self, problem: Problem, embedding_dim: int, start: float, seed: int) -> None:
        self.labels = {term.label: term.modalities for term in problem.terms}
        generator = torch.Generator().manual_seed(seed)
        self.own = {
            label: torch.empty(count, embedding_dim).normal_(std=start, generator=generator)
            for label, count in problem.num_entities.items()
        }
        """e (N × D) per modality label."""
        self.held = {label: _held(problem, label, count) for label, count in problem.num_entities.items()}
        """Whether an entity is in a hyperedge (N × 1, float32): one that is not has no vector of its own."""
        for label, held_N1 in self.held.items():
            self.own[label].mul_(held_N1)
        self.biases: dict[TypePosition, Tensor] = {
            (term.label, position): _log_popularity(term, position, problem.num_entities[label])
            for term in problem.terms
            for position, label in enumerate(term.modalities)
        }
        """b (N) per hyperedge type and position."""
        self.scales = {term.label: torch.ones(embedding_dim) for term in problem.terms}
        """t per hyperedge type."""
        self.graphs = {label: [NeighbourMeans(weights) for weights in own] for label, own in problem.graphs.items()}
        self.filters = {label: torch.ones(len(own), embedding_dim) / len(own) for label, own in self.graphs.items()}
        """γ (G × D) per modality label that has graphs."""
        self.shifts = {term.label: _shifts(term.modalities, embedding_dim) for term in problem.terms}

    def vectors(self, label: str) -> Tensor:
        """Put own vectors and neighbours' means together (N × D)."""
        own_ND = self.own[label]
        vectors_ND = own_ND.clone()
        for graph, filter_D in zip(self.graphs.get(label, ()), self.filters.get(label, ()), strict=True):
            vectors_ND.addcmul_(graph.everyone().means(own_ND), filter_D)
        return vectors_ND

    def factors(self) -> Factors:
        """The vectors of all modalities."""
        return {label: self.vectors(label).numpy() for label in self.own}

    def slots(self) -> dict[str, SlotParameters]:
        """What each type adds to them."""
        return {
            kind: SlotParameters(
                self.scales[kind].numpy().copy(),
                tuple(self.biases[kind, position].numpy().copy() for position in range(len(labels))),
                self.shifts[kind],
            )
            for kind, labels in self.labels.items()
        }


def _held(problem: Problem, label: str, count: int) -> Tensor:
    held_N1 = torch.zeros(count, 1)
    for term in problem.terms:
        for position, modality in enumerate(term.modalities):
            if modality == label:
                held_N1[torch.from_numpy(term.hyperedges.members_EK[:, position].copy())] = 1
    return held_N1


def _log_popularity(term: TensorTerm, position: int, count: int) -> Tensor:
    """Begin with how often each entity stands there, so that the model has to learn only what differs from it; 0 for values."""
    if term.loss == "squared":
        return torch.zeros(count)
    counts_N = np.bincount(term.hyperedges.members_EK[:, position], minlength=count)
    return torch.from_numpy(np.log((counts_N + 1) / (counts_N.sum() + count)).astype(np.float32))


def _shifts(labels: Sequence[str], embedding_dim: int) -> tuple[int, ...]:
    """Spread the positions of one modality evenly over the components; a modality that stands once is not moved."""
    return tuple(labels[:position].count(label) * embedding_dim // labels.count(label) for position, label in enumerate(labels))
