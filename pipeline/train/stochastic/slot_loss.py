"""What one batch of hyperedges asks of its members' vectors: losses and their gradients, slot by slot.

A slot's score is Σ_d t_d (Π_j u_j − Π_j c_j)_d s(v)_d + b over the other slots j, with u_j = c_j + s_j(v_j): the CP model of
vectors that begin at a centre c, with a scale t per component, and a bias per entity and slot. At a centre of one a member of which
nothing is known changes nothing, and the product holds all that fewer members say: v_1 + v_2 + v_1 v_2 for two of them. At a centre
of zero it is the CP model itself. s shifts the components where a modality stands in the type more than once, so that its positions
can be told apart (HSimplE: Fatemi et al. 2020). Two losses:

* *likelihood*, for hyperedges that are there or not: for each slot, −log of the softmax of the true member among the candidates,
  given the other members. Where candidates are a sample, each stands for as many as it was drawn from.
* *squared*, for values: (x − m − score)².

Gradients are written out rather than left to autograd: every slot is then a piece of work of its own, for a thread of its own, or
all are one for a GPU, and what is added up has one fixed order. Shapes: B hyperedges of the batch, K arity, C candidates, D
embedding_dim, S slots at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Slot:
    """One position of a batch, or several with as many candidates, one after another (S × …).

    Attributes
    ----------
    members_BD, biases_B
        Vectors and biases of the true members.
    candidates_CD, candidate_biases_C
        Those of the candidates; the biases with the logarithm of how many entities a candidate stands for.
    is_true_BC
        Which candidates are the true member itself: it counts once.
    """

    members_BD: Tensor
    biases_B: Tensor
    candidates_CD: Tensor
    candidate_biases_C: Tensor
    is_true_BC: Tensor


class SlotGradient(NamedTuple):
    """What a slot's loss, added up over the batch, asks for; of several slots (S × …).

    Attributes
    ----------
    loss
        Σ_e −log p, a float64; where it was computed, so that nobody waits for it.
    context_BD
        The gradient by the product of scale and other members.
    members_BD, biases_B
        By the true members' vectors, as far as they are the answer, and biases.
    candidates_CD, candidate_biases_C
        By the candidates'.
    """

    loss: Tensor
    context_BD: Tensor
    members_BD: Tensor
    biases_B: Tensor
    candidates_CD: Tensor
    candidate_biases_C: Tensor


def likelihood(context_BD: Tensor, slot: Slot) -> SlotGradient:
    """Give −Σ_e log softmax of the true member's score among the candidates', and its gradients."""
    scores_BC = _plus_product(slot.candidate_biases_C[..., None, :], context_BD, slot.candidates_CD.mT)
    scores_BC.masked_fill_(slot.is_true_BC, float("-inf"))
    true_B = (context_BD * slot.members_BD).sum(-1).add_(slot.biases_B)
    # Scores are brought below zero by the largest one, so that no power overflows.
    highest_B = torch.maximum(scores_BC.amax(-1), true_B)
    powers_BC = scores_BC.sub_(highest_B[..., None]).exp_()
    true_B -= highest_B
    own_B = true_B.exp()
    total_B = powers_BC.sum(-1).add_(own_B)
    loss = (total_B.log() - true_B).sum(-1, dtype=torch.float64)
    missing_B = own_B.div_(total_B).sub_(1)
    # What is divided by the total has a row per hyperedge, and not one per candidate as well.
    share_B1 = total_B.reciprocal_()[..., None]
    gradient_BD = torch.addcmul(missing_B[..., None] * slot.members_BD, powers_BC @ slot.candidates_CD, share_B1)
    return SlotGradient(
        loss,
        gradient_BD,
        missing_B[..., None] * context_BD,
        missing_B,
        powers_BC.mT @ (context_BD * share_B1),
        (powers_BC.mT @ share_B1)[..., 0],
    )


def _plus_product(added: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Add a product of matrices, or of a stack of them, to something."""
    return torch.addmm(added, left, right) if left.ndim == 2 else torch.baddbmm(added, left, right)


def shifted(vectors: Tensor, shift: int) -> Tensor:
    """Move components on by so many places, round the end."""
    return vectors.roll(shift, -1) if shift else vectors


def context_without(moved_KBD: Sequence[Tensor], centres_KD: Tensor, *left_out: int) -> Tensor:
    """Multiply the members (u) but for some positions (B × D), less what their centres alone make."""
    return product_without(moved_KBD, *left_out) - product_without(centres_KD.unbind(), *left_out)


def whole(moved_KBD: Sequence[Tensor], centres_KD: Tensor) -> Tensor:
    """Give what a whole hyperedge scores per component (B × D): a slot's score is the part of it that hangs on its member."""
    whole_BD = product_without(moved_KBD) - centres_KD.prod(0)
    for position, moved_BD in enumerate(moved_KBD):
        whole_BD -= (moved_BD - centres_KD[position]) * product_without(centres_KD.unbind(), position)
    return whole_BD


def product_without(members_KBD: Sequence[Tensor], *left_out: int) -> Tensor:
    """Multiply the members' vectors (B × D) but for some positions; ones where none is left."""
    chosen = [member_BD for position, member_BD in enumerate(members_KBD) if position not in left_out]
    if not chosen:
        return torch.ones_like(members_KBD[0])
    product_BD = chosen[0]
    for member_BD in chosen[1:]:
        product_BD = product_BD * member_BD
    return product_BD
