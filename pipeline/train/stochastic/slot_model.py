"""What the stochastic update learns, and the vectors that it makes of them.

An entity's vector is what is known of it and what its neighbours say: v_i = o_i e_i + Σ_g (o_i β_g + (1 − o_i) γ_g) ∘ m_gi, with e
its own vector, m_g the mean of its neighbours' own vectors, and filters β and γ per graph and component. The *coverage* o_i is the
share of hyperedge types, of those that join its modality, in which it has a hyperedge. So neighbours stand in for what nobody knows
of an entity (γ), and add to the rest what they have proved to tell (β).

Shapes: N entities, R rows, G graphs, K arity, T types, D embedding_dim.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.domain.hypergraph import num_memberships
from pipeline.domain.type_parameters import TypeParameters, shifts_of
from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem, TensorTerm, TypePosition
from pipeline.train.start.former import turn_towards
from pipeline.train.stochastic.neighbour_means import NeighbourMeans

_HEARD = 0.1
"""β at the start: little, until it proves good."""


class SlotModel:
    """All that is learned, on a device.

    Parameters
    ----------
    problem
        The hyperedge types and graphs.
    embedding_dim
        D.
    start
        Standard deviation of the entries of own vectors at the start.
    centre
        c at the start.
    seed
        Of the start, which is drawn on the CPU: the same on every device.
    former
        Vectors of a former run (N × D per modality label), towards which own vectors start; zero for entities that it has not.
    device
        Where it is kept; where it is drawn, on the CPU, if it is None.
    """

    def __init__(
        self,
        problem: Problem,
        embedding_dim: int,
        start: float,
        centre: float,
        seed: int,
        former: Factors | None = None,
        device: torch.device | None = None,
    ) -> None:
        self._terms = {term.label: term for term in problem.terms}
        generator = torch.Generator().manual_seed(seed)
        self.own = {
            label: torch.empty(count, embedding_dim).normal_(std=start, generator=generator)
            for label, count in problem.num_entities.items()
        }
        """e (N × D) per modality label."""
        self._device = device or torch.get_default_device()
        self.graphs: dict[str, list[NeighbourMeans]] = {}
        self.coverage: dict[str, Tensor] = {}
        """o (N × 1) per modality label; 1 where no neighbour could stand in, 0 for an entity in no hyperedge."""
        self.cover(problem)
        for label, count in problem.num_entities.items():
            has_N = share_of_types(problem, label, count, kept=True) > 0
            self.own[label].mul_(torch.from_numpy(has_N)[:, None])
        for label, former_ND in (former or {}).items():
            turn_towards(self.own[label].numpy(), former_ND)
        self.biases: dict[TypePosition, Tensor] = {
            (term.label, position): torch.from_numpy(starting_bias(term, position, problem.num_entities[label]))
            for term in problem.terms
            for position, label in enumerate(term.modalities)
        }
        """b (N) per hyperedge type and position."""
        self.scales = {term.label: torch.ones(embedding_dim) for term in problem.terms}
        """t per hyperedge type."""
        self.centres = {term.label: torch.full((len(term.modalities), embedding_dim), float(centre)) for term in problem.terms}
        """c (K × D) per hyperedge type."""
        self.filters = {
            label: torch.tensor([[_HEARD], [1.0]]).repeat_interleave(len(own), 0).repeat(1, embedding_dim) / len(own)
            for label, own in self.graphs.items()
        }
        """β and below it γ (2 G × D) per modality label that has graphs."""
        for tensors in (self.own, self.biases, self.scales, self.centres, self.filters):
            _move(tensors, self._device)
        self.shifts = {term.label: shifts_of(term.modalities, embedding_dim) for term in problem.terms}

    def cover(self, problem: Problem, *, kept: bool = False) -> None:
        """Find who is in hyperedges, and so has a vector of its own that counts; with ``kept`` in those for validation as well."""
        for label, count in problem.num_entities.items():
            share_N = share_of_types(problem, label, count, kept=kept)
            graphs = [NeighbourMeans(weights, share_N > 0) for weights in problem.graphs.get(label, ())]
            if graphs:
                self.graphs[label] = graphs
            self.coverage[label] = torch.from_numpy(_coverage(share_N, graphs))[:, None].to(self._device)

    def vectors(self, label: str, host_R: Tensor, rows_R: Tensor, coverage_R1: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Put own vectors and neighbours' means together.

        Parameters
        ----------
        label
            The modality.
        host_R, rows_R
            Whose: the same numbers on the CPU and on the device.
        coverage_R1
            o.

        Returns
        -------
        vectors_RD
            v.
        heard
            What each filter is multiplied with (R × D).
        """
        means = [graph.of(host_R, self.own[label]) for graph in self.graphs.get(label, ())]
        heard = [mean_RD * coverage_R1 for mean_RD in means] + [mean_RD * (1 - coverage_R1) for mean_RD in means]
        vectors_RD = self.own[label][rows_R] * coverage_R1
        for heard_RD, filter_D in zip(heard, self.filters.get(label, ()), strict=True):
            vectors_RD.addcmul_(heard_RD, filter_D)
        return vectors_RD, heard

    def learned(self) -> dict[str, Tensor]:
        """All that moves, by name."""
        return {
            **{f"own/{label}": vectors for label, vectors in self.own.items()},
            **{f"bias/{label}/{position}": bias for (label, position), bias in self.biases.items()},
            **{f"scale/{label}": scale for label, scale in self.scales.items()},
            **{f"centres/{label}": centres for label, centres in self.centres.items()},
            **{f"filters/{label}": filters for label, filters in self.filters.items()},
        }

    def factors(self) -> Factors:
        """The vectors (N × D) of all modalities."""
        found = {}
        for label, coverage_N1 in self.coverage.items():
            every_N = torch.arange(len(coverage_N1))
            found[label] = self.vectors(label, every_N, every_N.to(coverage_N1.device), coverage_N1)[0].cpu().numpy()
        return found

    def types(self) -> dict[str, TypeParameters]:
        """What each hyperedge type adds to them."""
        return {
            label: TypeParameters(
                term.modalities,
                term.loss,
                term.mean,
                self.scales[label].cpu().numpy().copy(),
                self.centres[label].cpu().numpy().copy(),
                tuple(self.biases[label, position].cpu().numpy().copy() for position in range(len(term.modalities))),
                self.shifts[label],
            )
            for label, term in self._terms.items()
        }


def share_of_types(problem: Problem, label: str, count: int, *, kept: bool = False) -> npt.NDArray[np.float32]:
    """The share of hyperedge types, of those that join a modality, in which each of its entities has a hyperedge (N).

    With ``kept`` those that are kept for validation count as well.
    """
    joining = [term for term in problem.terms if label in term.modalities]
    parts = [[term.hyperedges, term.held_out] if kept else [term.hyperedges] for term in joining]
    has_TN = [num_memberships(of_type, label, count) > 0 for of_type in parts]
    share_N: npt.NDArray[np.float32] = np.mean(has_TN, axis=0, dtype=np.float32) if joining else np.zeros(count, np.float32)
    return share_N


def _move(tensors: dict[Any, Tensor], device: torch.device) -> None:
    for key, tensor in tensors.items():
        tensors[key] = tensor.to(device)


def _coverage(share_N: npt.NDArray[np.float32], graphs: Sequence[NeighbourMeans]) -> npt.NDArray[np.float32]:
    hears_N = np.any([graph.hears_N for graph in graphs], axis=0) if graphs else np.zeros(len(share_N), np.bool_)
    return np.where(hears_N, share_N, share_N > 0).astype(np.float32)


def starting_bias(term: TensorTerm, position: int, count: int) -> npt.NDArray[np.float32]:
    """Where biases start (N): at how often each entity stands there, so that only what differs has to be learned; 0 for values."""
    if term.loss == "squared":
        return np.zeros(count, np.float32)
    counts_N = np.bincount(term.hyperedges.members_EK[:, position], minlength=count)
    shares_N: npt.NDArray[np.float32] = np.log((counts_N + 1) / (counts_N.sum() + count)).astype(np.float32)
    return shares_N
