"""What the stochastic update learns: own vectors, biases, a scale per type, a filter per graph; and the scores that they give.

Shapes: N entities, G graphs, D embedding_dim.
"""

import numpy as np
import torch
from torch import Tensor

from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem, TensorTerm, TypePosition, num_memberships
from pipeline.train.result.prediction import TypeParameters, shifts_of
from pipeline.train.stochastic.neighbour_means import NeighbourMeans


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
        self._terms = {term.label: term for term in problem.terms}
        generator = torch.Generator().manual_seed(seed)
        self.own = {
            label: torch.empty(count, embedding_dim).normal_(std=start, generator=generator)
            for label, count in problem.num_entities.items()
        }
        """e (N × D) per modality label."""
        self.held = {
            label: torch.from_numpy(num_memberships(problem.terms, label, count) > 0).float()[:, None]
            for label, count in problem.num_entities.items()
        }
        """Whether an entity is in a hyperedge (N × 1, float32): one that is not has no vector of its own to tell its neighbours."""
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
        self.graphs = {
            label: [NeighbourMeans(weights, self.held[label].numpy()[:, 0] > 0) for weights in own]
            for label, own in problem.graphs.items()
        }
        self.filters = {label: torch.ones(len(own), embedding_dim) / len(own) for label, own in self.graphs.items()}
        """γ (G × D) per modality label that has graphs."""
        self.shifts = {term.label: shifts_of(term.modalities, embedding_dim) for term in problem.terms}

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

    def types(self) -> dict[str, TypeParameters]:
        """What each hyperedge type adds to them."""
        return {
            label: TypeParameters(
                term.modalities,
                term.loss,
                term.mean,
                self.scales[label].numpy().copy(),
                tuple(self.biases[label, position].numpy().copy() for position in range(len(term.modalities))),
                self.shifts[label],
            )
            for label, term in self._terms.items()
        }


def _log_popularity(term: TensorTerm, position: int, count: int) -> Tensor:
    """Begin with how often each entity stands there, so that the model has to learn only what differs from it; 0 for values."""
    if term.loss == "squared":
        return torch.zeros(count)
    counts_N = np.bincount(term.hyperedges.members_EK[:, position], minlength=count)
    return torch.from_numpy(np.log((counts_N + 1) / (counts_N.sum() + count)).astype(np.float32))
