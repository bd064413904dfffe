"""Losses of slots against what torch's autograd makes of the formula."""

import pytest
import torch

from pipeline.train.stochastic.slot_loss import Slot, likelihood, product_without, shifted


def drawn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("correction", [0.0, 1.7])
def test_the_likelihood_and_its_gradients_are_those_of_cross_entropy(correction: float) -> None:
    context, vectors, biases = drawn(6, 5, seed=1), drawn(9, 5, seed=2), drawn(9, seed=3)
    true = torch.tensor([0, 3, 8, 3, 1, 7])
    candidates = torch.tensor([2, 3, 5, 8, 3])
    is_true = true[:, None] == candidates
    slot = Slot(vectors[true], biases[true], vectors[candidates], biases[candidates] + correction, is_true)
    found = likelihood(context, slot)

    leaves = [each.double().requires_grad_() for each in (context, vectors, biases)]
    scores = leaves[0] @ leaves[1][candidates].T + leaves[2][candidates] + correction
    own = (leaves[0] * leaves[1][true]).sum(1) + leaves[2][true]
    every = torch.cat([own[:, None], scores.masked_fill(is_true, float("-inf"))], 1)
    loss = torch.nn.functional.cross_entropy(every, torch.zeros(6, dtype=torch.long), reduction="sum")
    by_context, by_vectors, by_biases = torch.autograd.grad(loss, leaves)

    assert found.loss == pytest.approx(float(loss.detach()), rel=1e-5)
    torch.testing.assert_close(found.context_BD, by_context.float(), rtol=1e-4, atol=1e-5)
    vectors_gradient = (
        torch.zeros_like(vectors).index_add_(0, true, found.members_BD).index_add_(0, candidates, found.candidates_CD)
    )
    torch.testing.assert_close(vectors_gradient, by_vectors.float(), rtol=1e-4, atol=1e-5)
    biases_gradient = (
        torch.zeros_like(biases).index_add_(0, true, found.biases_B).index_add_(0, candidates, found.candidate_biases_C)
    )
    torch.testing.assert_close(biases_gradient, by_biases.float(), rtol=1e-4, atol=1e-5)


def test_large_scores_do_not_overflow() -> None:
    context, vectors = torch.full((2, 3), 1e3), torch.full((4, 3), 1e3)
    slot = Slot(vectors[:2], torch.zeros(2), vectors, torch.zeros(4), torch.eye(2, 4, dtype=torch.bool))
    found = likelihood(context, slot)
    assert found.loss == pytest.approx(2 * torch.log(torch.tensor(4.0)).item(), rel=1e-5)
    assert found.context_BD.isfinite().all()


def test_products_leave_positions_out() -> None:
    members = [drawn(4, 3, seed=seed) for seed in range(3)]
    torch.testing.assert_close(product_without(members), members[0] * members[1] * members[2])
    torch.testing.assert_close(product_without(members, 1), members[0] * members[2])
    torch.testing.assert_close(product_without(members[:2], 0, 1), torch.ones(4, 3))


def test_a_shift_is_undone_by_its_opposite() -> None:
    vectors = drawn(4, 6, seed=0)
    assert shifted(torch.arange(4), 1).tolist() == [3, 0, 1, 2]
    assert torch.equal(shifted(shifted(vectors, 2), -2), vectors)
