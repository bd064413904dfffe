"""One step of the stochastic update: a batch of hyperedges of one type, and the rows that it moves.

The members and the candidates of the slots get their vectors (`slot_model`), each slot says what it asks of them
(`slot_loss`), and the rows that were touched move (`adagrad`). Rows are drawn and numbered on the CPU, so that they are the same on
every device; nothing that the device finds is waited for. Shapes: N entities, B hyperedges of the batch, K arity, C
candidates, R rows of a modality that the batch needs, D embedding_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.problem import Problem, TensorTerm
from pipeline.train.sharing.threads import Threads
from pipeline.train.stochastic.adagrad import Adagrad
from pipeline.train.stochastic.slot_loss import Slot, SlotGradient, context_without, likelihood, product_without, shifted, whole
from pipeline.train.stochastic.slot_model import SlotModel

_NOBODY = torch.zeros(0, dtype=torch.int64)
"""Candidates where none is asked for."""
_SLOWER = 0.1
"""How far scales and filters, which every batch moves, go against single entities."""


@dataclass(frozen=True)
class _Rows:
    """The rows of a modality that a batch needs.

    Attributes
    ----------
    host_R
        Ascending, on the CPU.
    rows_R
        The same on the device.
    everyone
        Whether they are all rows.
    vectors_RD
        v.
    coverage_R1
        o; 0 for an own vector that was dropped.
    heard
        By filter, what it is multiplied with (R × D).
    """

    host_R: Tensor
    rows_R: Tensor
    everyone: bool
    vectors_RD: Tensor
    coverage_R1: Tensor
    heard: Sequence[Tensor]

    def numbers(self, rows: Tensor) -> Tensor:
        """Where rows stand among them; on the CPU."""
        return rows if self.everyone else torch.searchsorted(self.host_R, rows)


@dataclass(frozen=True)
class _Position:
    """Who stands, or could stand, at one position of a batch; on the device.

    Attributes
    ----------
    members_B, candidates_C
        Rows of the members and the candidates.
    member_numbers_B, candidate_numbers_C
        Where they stand among the rows that the batch needs.
    everyone
        Whether the candidates are all entities.
    """

    members_B: Tensor
    member_numbers_B: Tensor
    candidates_C: Tensor
    candidate_numbers_C: Tensor
    everyone: bool


@dataclass(frozen=True)
class _Asked:
    """What a position's question, or a type's values, ask of the vectors.

    Attributes
    ----------
    loss
        Added up over the batch, a float64.
    members_KBD
        The gradient by the members' vectors, by position.
    scale_D
        By t.
    centres_KD
        By c.
    """

    loss: Tensor
    members_KBD: Sequence[Tensor]
    scale_D: Tensor
    centres_KD: Tensor


class Steps:
    """What moves one worker's modalities.

    Parameters
    ----------
    model
        What is learned.
    problem
        The hyperedge types and graphs.
    own
        Labels of the modalities that this worker moves; the others' vectors are held.
    parameters
        Settings.
    kernels
        What computes.
    threads
        What the slots are shared out to.
    """

    def __init__(
        self,
        model: SlotModel,
        problem: Problem,
        own: Sequence[str],
        parameters: TrainingParameters,
        kernels: Kernels,
        threads: Threads,
    ) -> None:
        self._model = model
        self._problem = problem
        self._own = frozenset(own)
        self._parameters = parameters
        self._threads = threads
        self._kernels = kernels
        self._draws = torch.Generator().manual_seed(parameters.seed)
        self._members = {term.label: torch.from_numpy(np.ascontiguousarray(term.hyperedges.members_EK.T)) for term in problem.terms}
        self._variances = {term.label: max(float(np.var(term.hyperedges.values_E)), 1e-6) for term in problem.terms}
        self._values = {term.label: torch.from_numpy(term.hyperedges.values_E).to(kernels.device) for term in problem.terms}
        size, beginning = parameters.step_size, parameters.initial_accumulator
        self._vectors = {label: Adagrad(vectors, size, beginning, kernels) for label, vectors in model.own.items()}
        self._biases = {at: Adagrad(bias, size, beginning, kernels) for at, bias in model.biases.items()}
        self._scales = {label: Adagrad(scale[None], _SLOWER * size, beginning, kernels) for label, scale in model.scales.items()}
        self._centres = {label: Adagrad(centres, size, beginning, kernels) for label, centres in model.centres.items()}
        self._filters = {label: Adagrad(filters, _SLOWER * size, beginning, kernels) for label, filters in model.filters.items()}

    def variance(self, label: str) -> float:
        """The variance of a type's values."""
        return self._variances[label]

    def step(self, term: TensorTerm, numbers_B: Tensor) -> Tensor:
        """Take a batch of a type's hyperedges, by their numbers; give its loss, a float64 added up over their questions."""
        members_KB = self._members[term.label][:, numbers_B]
        is_asked = term.loss == "likelihood"
        candidates = [self._candidates(label) if is_asked else _NOBODY for label in term.modalities]
        rows = {label: self._rows(label, term, members_KB, candidates) for label in dict.fromkeys(term.modalities)}
        positions = [
            self._position(rows[label], members_B, candidates_C)
            for label, members_B, candidates_C in zip(term.modalities, members_KB, candidates, strict=True)
        ]
        own = [rows[label].vectors_RD[at.member_numbers_B] for label, at in zip(term.modalities, positions, strict=True)]
        centres_KD = self._model.centres[term.label]
        moved = [
            shifted(own_BD, shift) + centre_D
            for own_BD, shift, centre_D in zip(own, self._model.shifts[term.label], centres_KD, strict=True)
        ]
        gradients = {label: torch.zeros_like(needed.vectors_RD) for label, needed in rows.items()}
        weight = term.weight
        if is_asked:

            def ask(position: int) -> tuple[SlotGradient, _Asked]:
                label, others_BD = term.modalities[position], context_without(moved, centres_KD, position)
                context_BD = shifted(self._model.scales[term.label] * others_BD, -self._model.shifts[term.label][position])
                slot = self._slot(term, position, rows[label].vectors_RD, positions[position], own[position])
                found = likelihood(context_BD, slot)
                return found, self._asked(term, moved, position, found)

            answers = self._threads.map(ask, range(len(own)))
            for position, (found, _) in enumerate(answers):
                self._add_candidates(term, position, found, positions[position], gradients, weight)
            asked = [each for _, each in answers]
        else:
            asked = [self._values_asked(term, moved, positions, numbers_B.to(self._kernels.device), weight)]
        for position, label in enumerate(term.modalities):
            by_member_BD = torch.stack([each.members_KBD[position] for each in asked]).sum(0)
            if self._parameters.cubic_norm:
                by_member_BD.addcmul_(own[position], own[position].abs(), value=3 * self._parameters.cubic_norm)
            self._kernels.add_rows(gradients[label], positions[position].member_numbers_B, by_member_BD, weight)
        self._threads.map(lambda label: self._move(label, rows[label], gradients[label]), self._own & gradients.keys())
        if term.modalities[0] in self._own:
            self._scales[term.label].add_all(torch.stack([each.scale_D for each in asked]).sum(0).mul_(weight)[None])
            self._scales[term.label].step()
            self._centres[term.label].add_all(torch.stack([each.centres_KD for each in asked]).sum(0).mul_(weight))
            self._centres[term.label].step()
        return torch.stack([each.loss for each in asked]).sum()

    def _asked(self, term: TensorTerm, moved: Sequence[Tensor], position: int, found: SlotGradient) -> _Asked:
        """Carry a slot's gradient on to the members, the scale and the centres."""
        shifts, centres_KD = self._model.shifts[term.label], self._model.centres[term.label]
        gradient_BD = shifted(found.context_BD, shifts[position])
        by_scale_D = (gradient_BD * context_without(moved, centres_KD, position)).sum(0)
        gradient_BD = gradient_BD * self._model.scales[term.label]
        members, by_centres_KD = [found.members_BD] * len(moved), torch.zeros_like(centres_KD)
        for other in range(len(moved)):
            if other != position:
                members[other] = shifted(gradient_BD * product_without(moved, position, other), -shifts[other])
                by_centres_KD[other] = (gradient_BD * context_without(moved, centres_KD, position, other)).sum(0)
        return _Asked(found.loss, members, by_scale_D, by_centres_KD)

    def _values_asked(
        self, term: TensorTerm, moved: Sequence[Tensor], positions: Sequence[_Position], numbers_B: Tensor, weight: float
    ) -> _Asked:
        """What values ask: half the squares of what is missing, in units of their variance. They leave the centres alone."""
        model, label = self._model, term.label
        scale_D, shifts, centres_KD = model.scales[label], model.shifts[label], model.centres[label]
        biases = [self._model.biases[term.label, position][at.members_B] for position, at in enumerate(positions)]
        contexts = [context_without(moved, centres_KD, position) for position in range(len(moved))]
        whole_BD = whole(moved, centres_KD)
        beyond_B = whole_BD @ scale_D + torch.stack(biases).sum(0) - self._values[term.label][numbers_B]
        beyond_B /= self._variances[term.label]
        for position, at in enumerate(positions):
            if term.modalities[position] in self._own:
                self._biases[term.label, position].add(at.members_B, weight * beyond_B)
                self._biases[term.label, position].step()
        loss = 0.5 * (beyond_B * beyond_B).sum(dtype=torch.float64) * self._variances[term.label]
        members = [
            shifted(beyond_B[:, None] * scale_D * context_BD, -shift) for context_BD, shift in zip(contexts, shifts, strict=True)
        ]
        return _Asked(loss, members, (beyond_B[:, None] * whole_BD).sum(0), torch.zeros_like(centres_KD))

    def _add_candidates(
        self,
        term: TensorTerm,
        position: int,
        found: SlotGradient,
        at: _Position,
        gradients: Mapping[str, Tensor],
        weight: float,
    ) -> None:
        """Note what a slot asks of its candidates, and move its biases."""
        label = term.modalities[position]
        if label not in self._own:
            return
        self._kernels.add_rows(gradients[label], at.candidate_numbers_C, found.candidates_CD, weight)
        bias = self._biases[term.label, position]
        bias.add(at.candidates_C, weight * found.candidate_biases_C)
        bias.add(at.members_B, weight * found.biases_B)
        bias.step()

    def _candidates(self, label: str) -> Tensor | None:
        """Draw candidates; None for all entities, where they are few."""
        count = self._problem.num_entities[label]
        if count <= 2 * self._parameters.candidates:
            return None
        return torch.randint(count, (self._parameters.candidates,), generator=self._draws)

    def _rows(self, label: str, term: TensorTerm, members_KB: Tensor, candidates: Sequence[Tensor | None]) -> _Rows:
        """Give the vectors that a batch needs of a modality."""
        at = [position for position, modality in enumerate(term.modalities) if modality == label]
        everyone = any(candidates[position] is None for position in at)
        if everyone:
            host_R = torch.arange(self._problem.num_entities[label])
        else:
            needed = [members_KB[position] for position in at] + [c for position in at if (c := candidates[position]) is not None]
            host_R = torch.unique(torch.cat(needed))
        rows_R = host_R.to(self._kernels.device)
        coverage_R1 = self._model.coverage[label][rows_R]
        if self._parameters.own_dropout and label in self._model.graphs:
            kept_R1 = torch.rand(len(rows_R), 1, generator=self._draws) >= self._parameters.own_dropout
            coverage_R1 = coverage_R1 * kept_R1.to(self._kernels.device)
        vectors_RD, heard = self._model.vectors(label, host_R, coverage_R1)
        return _Rows(host_R, rows_R, everyone, vectors_RD, coverage_R1, heard)

    def _position(self, rows: _Rows, members_B: Tensor, candidates_C: Tensor | None) -> _Position:
        everyone, device = candidates_C is None, self._kernels.device
        chosen_C = rows.host_R if candidates_C is None else candidates_C
        members, candidates = ((of.to(device), rows.numbers(of).to(device)) for of in (members_B, chosen_C))
        return _Position(*members, *candidates, everyone)

    def _slot(self, term: TensorTerm, position: int, vectors_RD: Tensor, at: _Position, own_BD: Tensor) -> Slot:
        bias_N = self._model.biases[term.label, position]
        is_true_BC = at.members_B[:, None] == at.candidates_C
        if at.everyone:
            return Slot(own_BD, bias_N[at.members_B], vectors_RD, bias_N, 0.0, is_true_BC)
        correction = float(np.log(len(bias_N) / len(at.candidates_C)))
        vectors_CD = vectors_RD[at.candidate_numbers_C]
        return Slot(own_BD, bias_N[at.members_B], vectors_CD, bias_N[at.candidates_C], correction, is_true_BC)

    def _move(self, label: str, rows: _Rows, gradient_RD: Tensor) -> None:
        """Carry a gradient by vectors on to own vectors and filters, and step.

        It does not go on to the neighbours whose mean was heard: an own vector says what its own entity's hyperedges say, and does
        not learn by heart whom it stands in for.
        """
        self._vectors[label].add(rows.rows_R, gradient_RD * rows.coverage_R1)
        self._vectors[label].step()
        if rows.heard:
            by_filters = torch.stack([(gradient_RD * heard_RD).sum(0) for heard_RD in rows.heard])
            self._filters[label].add_all(by_filters)
            self._filters[label].step()
