"""Vectors for new entities without training: what is known already is held, and only what is new moves.

A new entity starts where its neighbours are, and then learns from its hyperedges as in training: each slot of one that it is a
member of asks for the likelihood (or the value) given the others. What they say of entities that were there is left for the next
training. Autograd does here what training has written out: few hyperedges are asked. Shapes: N entities, n of them new, B
hyperedges, K arity, C candidates, D embedding_dim.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem, TensorTerm, build_problem, cubic_norms_of, step_size_of
from pipeline.train.result.scaling import fill_zero_rows
from pipeline.train.stochastic.joined_types import join_types
from pipeline.train.stochastic.neighbour_means import NeighbourMeans
from pipeline.train.stochastic.slot_loss import context_without, shifted, whole
from pipeline.train.stochastic.slot_model import share_of_types, starting_bias

_PASSES = 5
"""Passes over the hyperedges of what is new: more bring it no nearer to where training would (benchmarks/RESULTS.md)."""


def fold_in(
    hypergraph: Hypergraph,
    former: Factors,
    types: Mapping[str, TypeParameters],
    is_new: Mapping[str, npt.NDArray[np.bool_]],
    parameters: TrainingParameters,
) -> tuple[Factors, dict[str, TypeParameters]]:
    """Give new entities vectors, the others held, of a run of the stochastic update.

    Parameters
    ----------
    hypergraph
        All that there is now.
    former
        Vectors of a run (N × D per modality label); those of new entities do not count.
    types
        What the run's hyperedge types add to them, biases of new entities likewise.
    is_new
        Which entities are new (N per modality label).
    parameters
        Settings that the run was trained with.

    Returns
    -------
    vectors
        Of all entities. Those that were there are as they were; no row is zero.
    types
        Biases of new entities likewise.
    """
    problem = build_problem(hypergraph, replace(parameters, validation=0.0))
    terms = [term for term in problem.terms if term.label in types]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a sum that is not split is the same for any number of threads
    try:
        moving = {}
        for label, new_N in is_new.items():
            start_nD = _among_neighbours(problem, label, former[label], new_N)
            moving[label] = _Moving(former[label], new_N, start_nD, _freedom(problem, label, new_N, start_nD, parameters))
        learned = join_types(problem).problem.terms
        norm = cubic_norms_of(learned, parameters)[0]
        asked = [_Asked(term, types[term.label], moving, is_new, parameters, norm) for term in terms]
        moved = [*(each.moved_n for each in moving.values()), *chain.from_iterable(each.moved_biases for each in asked)]
        size = step_size_of(learned, parameters)
        steps = torch.optim.Adagrad(moved, size, initial_accumulator_value=parameters.initial_accumulator)
        for _ in range(_PASSES):
            for loss in chain.from_iterable(each.losses() for each in asked):
                steps.zero_grad()
                torch.autograd.backward(loss)
                steps.step()
        vectors, _ = fill_zero_rows({label: each.all() for label, each in moving.items()})
        return vectors, {**types, **{term.label: each.learned() for term, each in zip(terms, asked, strict=True)}}
    finally:
        torch.set_num_threads(threads)


class _Moving:
    """Numbers of a modality's entities, one or more each, of which those of new entities move away from their start.

    Parameters
    ----------
    held_N
        Of all entities.
    new_N
        Which are new.
    start_n
        Where those start.
    freedom_n
        How much each may move, from 0 to 1.
    """

    def __init__(
        self,
        held_N: npt.NDArray[np.float32],
        new_N: npt.NDArray[np.bool_],
        start_n: npt.NDArray[np.float32],
        freedom_n: npt.NDArray[np.float32],
    ) -> None:
        self._held_N = torch.from_numpy(held_N)
        self._new_N = torch.from_numpy(new_N)
        self._number_N = torch.from_numpy(np.cumsum(new_N) - 1)
        self._start_n, self._freedom_n = torch.from_numpy(start_n), torch.from_numpy(freedom_n)
        self.moved_n = torch.zeros_like(self._start_n).requires_grad_()

    def of(self, rows: Tensor) -> Tensor:
        """Those of some entities."""
        found, is_new = self._held_N[rows], self._new_N[rows]
        if is_new.any():
            numbers = self._number_N[rows[is_new]]
            found = found.index_put((is_new,), self._start_n[numbers] + self._freedom_n[numbers] * self.moved_n[numbers])
        return found

    def all(self) -> npt.NDArray[np.float32]:
        """Those of all entities."""
        numbers_N: npt.NDArray[np.float32] = self.of(torch.arange(len(self._held_N))).detach().numpy()
        return numbers_N


class _Asked:
    """What the hyperedges of a type that have a new member ask.

    Parameters
    ----------
    term
        All its hyperedges.
    learned
        What the type adds to vectors.
    vectors
        Of all modalities.
    is_new
        Which entities are new, likewise.
    parameters
        Settings.
    cubic_norm
        How much its hyperedges hold their members' vectors.
    """

    def __init__(
        self,
        term: TensorTerm,
        learned: TypeParameters,
        vectors: Mapping[str, _Moving],
        is_new: Mapping[str, npt.NDArray[np.bool_]],
        parameters: TrainingParameters,
        cubic_norm: float,
    ) -> None:
        members_EK, modalities = term.hyperedges.members_EK, term.modalities
        touched_E = term.hyperedges.holding(is_new)
        values_E = term.hyperedges.values_E + np.float32(term.mean - learned.mean)
        self._members_KE = torch.from_numpy(np.ascontiguousarray(members_EK[touched_E].T))
        self._values_E = torch.from_numpy(values_E[touched_E])
        self._variance = max(float(np.var(values_E)), 1e-6)
        self._term, self._learned, self._parameters, self._cubic_norm = term, learned, parameters, cubic_norm
        self._scale_D, self._centres_KD = torch.from_numpy(learned.scale_D), torch.from_numpy(learned.centres_KD)
        self._vectors = [vectors[label] for label in modalities]
        self._biases = [
            _Moving(bias_N, new_N, starting_bias(term, k, len(bias_N))[new_N], np.ones(int(new_N.sum()), np.float32))
            for k, (bias_N, new_N) in enumerate(zip(learned.biases, (is_new[label] for label in modalities), strict=True))
        ]
        draws = torch.Generator().manual_seed(parameters.seed)
        self._candidates = [_candidates(len(is_new[label]), parameters.candidates, draws) for label in modalities]

    @property
    def moved_biases(self) -> list[Tensor]:
        """What moves besides the vectors."""
        return [bias.moved_n for bias in self._biases]

    def learned(self) -> TypeParameters:
        """What the type adds to vectors, those of new entities as well."""
        return replace(self._learned, biases=tuple(bias.all() for bias in self._biases))

    def losses(self) -> Iterator[Tensor]:
        """The loss of one batch after the other, added up over hyperedges and slots."""
        size = self._parameters.batch_size
        for begin in range(0, self._members_KE.shape[1], size):
            numbers_B = slice(begin, begin + size)
            members_KB = self._members_KE[:, numbers_B]
            own = [vectors.of(members_B) for vectors, members_B in zip(self._vectors, members_KB, strict=True)]
            moved = [
                shifted(own_BD, shift) + centre_D
                for own_BD, shift, centre_D in zip(own, self._learned.shifts, self._centres_KD, strict=True)
            ]
            if self._learned.loss == "likelihood":
                losses = [self._slot(moved, members_KB[position], position) for position in range(len(own))]
            else:
                losses = [self._values(moved, members_KB, self._values_E[numbers_B])]
            norms = [own_BD.abs().pow(3).sum() for own_BD in own]
            yield self._term.weight * (torch.stack(losses).sum() + self._cubic_norm * torch.stack(norms).sum())

    def _slot(self, moved: list[Tensor], members_B: Tensor, position: int) -> Tensor:
        """−log softmax of the true members among the candidates, as `slot_loss.likelihood` has it."""
        vectors, bias, candidates_C = self._vectors[position], self._biases[position], self._candidates[position]
        context_BD = shifted(self._scale_D * context_without(moved, self._centres_KD, position), -self._learned.shifts[position])
        correction = float(np.log(len(self._learned.biases[position]) / len(candidates_C)))
        scores_BC = context_BD @ vectors.of(candidates_C).T + bias.of(candidates_C) + correction
        scores_BC = scores_BC.masked_fill(members_B[:, None] == candidates_C, float("-inf"))
        true_B = (context_BD * vectors.of(members_B)).sum(1) + bias.of(members_B)
        every_B = torch.logsumexp(torch.column_stack([true_B, scores_BC]), dim=1)
        return (every_B - true_B).sum()

    def _values(self, moved: list[Tensor], members_KB: Tensor, values_B: Tensor) -> Tensor:
        """Half the squares of what is missing, in units of their variance."""
        biases = [bias.of(members_B) for bias, members_B in zip(self._biases, members_KB, strict=True)]
        beyond_B = whole(moved, self._centres_KD) @ self._scale_D + torch.stack(biases).sum(0) - values_B
        return 0.5 * (beyond_B * beyond_B).sum() / self._variance


def _candidates(count: int, most: int, draws: torch.Generator) -> Tensor:
    """Draw candidates once, or take all entities where they are few."""
    return torch.arange(count) if count <= 2 * most else torch.randperm(count, generator=draws)[:most]


def _among_neighbours(
    problem: Problem, label: str, former_ND: npt.NDArray[np.float32], new_N: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """The mean of each new entity's neighbours' vectors (n × D), by as much per component as it tells of a known entity's."""
    start_nD = np.zeros((int(new_N.sum()), former_ND.shape[1]), np.float32)
    known_N = ~new_N & former_ND.any(axis=1)
    for weights in problem.graphs.get(label, ()):
        means = NeighbourMeans(weights, known_N)
        means_ND = means.of(torch.arange(len(new_N)), torch.from_numpy(former_ND)).numpy()
        told_ND, heard_ND = former_ND[known_N & means.hears_N], means_ND[known_N & means.hears_N]
        part_D = (told_ND * heard_ND).sum(axis=0) / np.maximum(np.square(heard_ND).sum(axis=0), 1e-12)
        start_nD += part_D * means_ND[new_N] / len(problem.graphs[label])
    return start_nD


def _freedom(
    problem: Problem,
    label: str,
    new_N: npt.NDArray[np.bool_],
    start_nD: npt.NDArray[np.float32],
    parameters: TrainingParameters,
) -> npt.NDArray[np.float32]:
    """How far new entities may go from where their neighbours are (n × 1): all the way where there is none.

    As in training, as far as they have hyperedges of the types that join their modality, and are not left out.
    """
    share_n = share_of_types(problem, label, len(new_N))[new_N] * (1 - parameters.own_dropout)
    return np.where(start_nD.any(axis=1), share_n, 1).astype(np.float32)[:, None]
