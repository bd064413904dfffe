"""One step of the stochastic update: a batch of hyperedges of one type, and the rows that it moves.

The members and the candidates of the slots get their vectors (`slot_model`), each slot says what it asks of them
(`slot_loss`), and the rows that were touched move (`adagrad`). Rows are drawn and numbered on the CPU, so that they are the same on
every device; nothing that the device finds is waited for. Shapes: N entities, B hyperedges of the batch, K arity, C
candidates, R rows of a modality that the batch needs, D embedding_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.kernels.kernels import Kernels, Move
from pipeline.train.problem.problem import Problem, TensorTerm, cubic_norms_of, step_size_of
from pipeline.train.sharing.threads import Threads
from pipeline.train.stochastic.adagrad import Adagrad
from pipeline.train.stochastic.batch_rows import ModalityRows, PositionRows, lay_out
from pipeline.train.stochastic.slot_loss import Slot, SlotGradient, likelihood, shifted, whole
from pipeline.train.stochastic.slot_model import SlotModel

_NOBODY = np.zeros(0, np.int64)
"""Candidates where none is asked for."""
_SLOWER = 0.1
"""How far scales and filters, which every batch moves, go against single entities."""


@dataclass(frozen=True)
class _Vectors:
    """The vectors of a modality that a batch needs.

    Attributes
    ----------
    rows
        Whose.
    vectors_RD
        v.
    coverage_R1
        o; 0 for an own vector that was dropped.
    heard
        By filter, what it is multiplied with (R × D).
    """

    rows: ModalityRows
    vectors_RD: Tensor
    coverage_R1: Tensor
    heard: Sequence[Tensor]


@dataclass(frozen=True)
class _Asked:
    """What a batch asks of the vectors.

    Attributes
    ----------
    loss
        Added up over the batch and its questions, a float64.
    members_KBD
        The gradient by the members' vectors.
    scale_D
        By t.
    centres_KD
        By c.
    answers
        What is asked of candidates and biases, by position, of the likelihood.
    """

    loss: Tensor
    members_KBD: Tensor
    scale_D: Tensor
    centres_KD: Tensor
    answers: Sequence[SlotGradient]


class Steps:
    """What moves the model.

    Parameters
    ----------
    model
        What is learned.
    problem
        The hyperedge types and graphs.
    parameters
        Settings.
    kernels
        What computes.
    threads
        What the slots are shared out to.
    part
        Which of several workers this one is: each draws other candidates.
    """

    def __init__(
        self,
        model: SlotModel,
        problem: Problem,
        parameters: TrainingParameters,
        kernels: Kernels,
        threads: Threads,
        part: int = 0,
    ) -> None:
        self._model = model
        self._problem = problem
        self._parameters = parameters
        self._threads = threads
        self._kernels = kernels
        self._cubic_norm = cubic_norms_of(problem.terms, parameters)[0]
        self.draws = torch.Generator().manual_seed(parameters.seed + (part << 32))
        """Draws candidates, and vectors to leave out."""
        every = {term.label: term.everything for term in problem.terms}
        self._members = {label: np.ascontiguousarray(edges.members_EK.T) for label, edges in every.items()}
        self._variances = {term.label: max(float(np.var(term.hyperedges.values_E)), 1e-6) for term in problem.terms}
        self._values = {label: torch.from_numpy(edges.values_E).to(kernels.device) for label, edges in every.items()}
        size, beginning = step_size_of(problem.terms, parameters), parameters.initial_accumulator
        self._vectors = {label: Adagrad(own, size, beginning) for label, own in model.own.items()}
        self._biases = {at: Adagrad(bias, size, beginning) for at, bias in model.biases.items()}
        self._scales = {label: Adagrad(scale[None], _SLOWER * size, beginning) for label, scale in model.scales.items()}
        self._centres = {label: Adagrad(centres, size, beginning) for label, centres in model.centres.items()}
        self._filters = {label: Adagrad(filters, _SLOWER * size, beginning) for label, filters in model.filters.items()}

    def squares(self) -> dict[str, Tensor]:
        """The sums of squared gradients, by the names that `SlotModel.learned` gives what they are of."""
        parts = {"own": self._vectors, "scale": self._scales, "centres": self._centres, "filters": self._filters}
        found = {f"{kind}/{label}": each.squares_NW for kind, part in parts.items() for label, each in part.items()}
        return found | {f"bias/{label}/{position}": each.squares_NW for (label, position), each in self._biases.items()}

    def variance(self, label: str) -> float:
        """The variance of a type's values."""
        return self._variances[label]

    def step(self, term: TensorTerm, numbers_B: Tensor) -> Tensor:
        """Take a batch of a type's hyperedges, by their numbers; give its loss, a float64 added up over their questions.

        Those that are kept for validation are numbered after the others.
        """
        members_KB = self._members[term.label][:, numbers_B.numpy()]
        is_asked = term.loss == "likelihood"
        candidates = [self._candidates(label) if is_asked else _NOBODY for label in term.modalities]
        rows, positions = lay_out(term.modalities, members_KB, candidates, self._problem.num_entities, self._kernels)
        vectors = {label: self._vectors_of(label, needed) for label, needed in rows.items()}
        own_KBD = torch.stack(
            [vectors[label].vectors_RD[at.members_B] for label, at in zip(term.modalities, positions, strict=True)]
        )
        centres_KD = self._model.centres[term.label]
        moved_KBD = _each_shifted(own_KBD, self._model.shifts[term.label]) + centres_KD[:, None]
        if is_asked:
            asked = self._ask(term, vectors, positions, own_KBD, moved_KBD)
        else:
            asked = self._values_asked(term, vectors, moved_KBD, positions, numbers_B.to(self._kernels.device))
        members_KBD = asked.members_KBD
        if self._cubic_norm:
            members_KBD.addcmul_(own_KBD, own_KBD.abs(), value=3 * self._cubic_norm)
        moves = [move for label in vectors for move in self._moves(term, label, vectors[label], asked)]
        moves.append(self._scales[term.label].move(term.weight * asked.scale_D[None]))
        moves.append(self._centres[term.label].move(term.weight * asked.centres_KD))
        self._kernels.adagrad(moves)
        return asked.loss

    def _ask(
        self,
        term: TensorTerm,
        vectors: Mapping[str, _Vectors],
        positions: Sequence[PositionRows],
        own_KBD: Tensor,
        moved_KBD: Tensor,
    ) -> _Asked:
        """What each slot asks, given the other members; carried on to members, scale and centres."""
        scale_D, centres_KD = self._model.scales[term.label], self._model.centres[term.label]
        shifts = self._model.shifts[term.label]
        others_KBD = self._kernels.products_without_one(moved_KBD, centres_KD)
        contexts_KBD = _each_shifted(others_KBD * scale_D, [-shift for shift in shifts])

        def ask(slots: Sequence[int]) -> SlotGradient:
            asked = [self._slot(term, k, vectors[term.modalities[k]], positions[k], own_KBD[k]) for k in slots]
            if len(slots) == 1:
                return likelihood(contexts_KBD[slots[0]], asked[0])
            parts = zip(*(vars(slot).values() for slot in asked), strict=True)
            return likelihood(torch.stack([contexts_KBD[k] for k in slots]), Slot(*map(torch.stack, parts)))

        together = self._kernels.asked_together([len(at.candidates_C) for at in positions])
        found: dict[int, SlotGradient] = {}
        for slots, each in zip(together, self._threads.map(ask, together), strict=True):
            parts = zip(*(part.unbind() for part in each), strict=True) if len(slots) > 1 else [each]
            found |= zip(slots, (SlotGradient(*part) for part in parts), strict=True)
        answers = [found[position] for position in range(len(positions))]
        gradient_KBD = _each_shifted(torch.stack([answer.context_BD for answer in answers]), shifts)
        scale_gradient_D = (gradient_KBD * others_KBD).sum((0, 1))
        by_moved_KBD, by_centres_KD = self._kernels.carry(gradient_KBD * scale_D, moved_KBD, centres_KD)
        members_KBD = _each_shifted(by_moved_KBD, [-shift for shift in shifts])
        members_KBD += torch.stack([answer.members_BD for answer in answers])
        loss = torch.stack([answer.loss for answer in answers]).sum()
        return _Asked(loss, members_KBD, scale_gradient_D, by_centres_KD, answers)

    def _values_asked(
        self,
        term: TensorTerm,
        vectors: Mapping[str, _Vectors],
        moved_KBD: Tensor,
        positions: Sequence[PositionRows],
        numbers_B: Tensor,
    ) -> _Asked:
        """What values ask: half the squares of what is missing, in units of their variance. They leave the centres alone."""
        label, variance = term.label, self._variances[term.label]
        scale_D, centres_KD = self._model.scales[label], self._model.centres[label]
        biases = [
            self._model.biases[label, position][vectors[modality].rows.rows_R[at.members_B]]
            for position, (modality, at) in enumerate(zip(term.modalities, positions, strict=True))
        ]
        whole_BD = whole(moved_KBD.unbind(), centres_KD)
        beyond_B = whole_BD @ scale_D + torch.stack(biases).sum(0) - self._values[label][numbers_B]
        beyond_B /= variance
        loss = 0.5 * (beyond_B * beyond_B).sum(dtype=torch.float64) * variance
        contexts_KBD = self._kernels.products_without_one(moved_KBD, centres_KD).mul_(beyond_B[:, None] * scale_D)
        members_KBD = _each_shifted(contexts_KBD, [-shift for shift in self._model.shifts[label]])
        none = torch.zeros(0, device=beyond_B.device)
        answers = [SlotGradient(loss, none, none, beyond_B, none[:, None].expand(0, len(scale_D)), none)] * len(positions)
        return _Asked(loss, members_KBD, (beyond_B[:, None] * whole_BD).sum(0), torch.zeros_like(centres_KD), answers)

    def _moves(self, term: TensorTerm, label: str, vectors: _Vectors, asked: _Asked) -> list[Move]:
        """Add up what a batch asks of a modality's vectors and biases; give all of it that moves.

        It does not go on to the neighbours whose mean was heard: an own vector says what its own entity's hyperedges say, and does
        not learn by heart whom it stands in for.
        """
        at = [position for position, modality in enumerate(term.modalities) if modality == label]
        answers = [asked.answers[position] for position in at]
        by_vectors = [(answer.candidates_CD, asked.members_KBD[k]) for k, answer in zip(at, answers, strict=True)]
        slopes = [torch.cat([answer.candidate_biases_C, answer.biases_B])[:, None] for answer in answers]
        if len(at) > 1:
            # A column for each position's bias.
            slopes = [pad(slope_M1, (place, len(at) - 1 - place)) for place, slope_M1 in enumerate(slopes)]
        asked_MW = torch.cat([torch.cat([part for both in by_vectors for part in both]), torch.cat(slopes)], 1)
        gradient_RW = self._kernels.add_up(asked_MW, vectors.rows.namings).mul_(term.weight)
        rows_R, gradient_RD = vectors.rows.rows_R, gradient_RW[:, : vectors.vectors_RD.shape[1]]
        moves = [self._vectors[label].move(gradient_RD * vectors.coverage_R1, rows_R)]
        for place, position in enumerate(at):
            moves.append(self._biases[term.label, position].move(gradient_RW[:, gradient_RD.shape[1] + place], rows_R))
        if vectors.heard:
            moves.append(self._filters[label].move(torch.stack([(gradient_RD * heard_RD).sum(0) for heard_RD in vectors.heard])))
        return moves

    def _candidates(self, label: str) -> npt.NDArray[np.int64] | None:
        """Draw candidates; None for all entities, where they are few."""
        count = self._problem.num_entities[label]
        if count <= 2 * self._parameters.candidates:
            return None
        drawn_C: npt.NDArray[np.int64] = torch.randint(count, (self._parameters.candidates,), generator=self.draws).numpy()
        return drawn_C

    def _vectors_of(self, label: str, rows: ModalityRows) -> _Vectors:
        """Give the vectors of some rows."""
        coverage_R1 = self._model.coverage[label][rows.rows_R]
        if self._parameters.own_dropout and label in self._model.graphs:
            kept_R1 = torch.rand(len(rows.rows_R), 1, generator=self.draws) >= self._parameters.own_dropout
            coverage_R1 = coverage_R1 * kept_R1.to(self._kernels.device)
        vectors_RD, heard = self._model.vectors(label, rows.host_R, rows.rows_R, coverage_R1)
        return _Vectors(rows, vectors_RD, coverage_R1, heard)

    def _slot(self, term: TensorTerm, position: int, vectors: _Vectors, at: PositionRows, own_BD: Tensor) -> Slot:
        bias_R = self._model.biases[term.label, position][vectors.rows.rows_R]
        is_true_BC = at.members_B[:, None] == at.candidates_C
        if at.everyone:
            return Slot(own_BD, bias_R[at.members_B], vectors.vectors_RD, bias_R, is_true_BC)
        # Each stands for as many as it was drawn from.
        share = float(np.log(self._problem.num_entities[term.modalities[position]] / len(at.candidates_C)))
        return Slot(own_BD, bias_R[at.members_B], vectors.vectors_RD[at.candidates_C], bias_R[at.candidates_C] + share, is_true_BC)


def _each_shifted(stack_KBD: Tensor, shifts: Sequence[int]) -> Tensor:
    """Move each position's components on by so many places."""
    if not any(shifts):
        return stack_KBD
    return torch.stack([shifted(each_BD, shift) for each_BD, shift in zip(stack_KBD, shifts, strict=True)])
