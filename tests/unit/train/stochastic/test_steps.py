"""Whole steps against a model written down densely and trained by torch's autograd and torch's Adagrad."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from pipeline.domain.hypergraph import Hypergraph, num_memberships
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.problem import Problem, build_problem
from pipeline.train.sharing.threads import Threads
from pipeline.train.stochastic.slot_model import SlotModel
from pipeline.train.stochastic.steps import Steps
from tests.unit.train.hypergraphs import coupled

SMALL = TrainingParameters(
    update="stochastic", embedding_dim=6, own_dropout=0.0, cubic_norm=0.05, start_size=0.5, validation=0.0, step_size=0.2
)


def tensors_of(model: SlotModel) -> dict[str, torch.Tensor]:
    """All that moves, by a name of its own."""
    return {
        **{f"own {label}": own for label, own in model.own.items()},
        **{f"bias {at}": bias for at, bias in model.biases.items()},
        **{f"scale {label}": scale for label, scale in model.scales.items()},
        **{f"centres {label}": centres for label, centres in model.centres.items()},
        **{f"filter {label}": filters for label, filters in model.filters.items()},
    }


def dense_loss(
    problem: Problem, hypergraph: Hypergraph, kind: str, leaves: dict[str, torch.Tensor], numbers: np.ndarray
) -> torch.Tensor:
    """The objective of a batch, straight from the formula; what neighbours say is taken as given."""
    vectors = {}
    for label, count in problem.num_entities.items():
        joining = [term for term in problem.terms if label in term.modalities]
        has = [num_memberships([term.hyperedges], label, count) > 0 for term in joining]
        share = torch.from_numpy(np.mean(has, axis=0))[:, None]
        own, filters = leaves[f"own {label}"], leaves.get(f"filter {label}")
        graphs = [weights for (owner, _), weights in hypergraph.graphs.items() if owner == label]
        speaking = [torch.from_numpy(weights.toarray()).double() * (share > 0).T for weights in graphs]
        hears = sum((dense.sum(1, keepdim=True) for dense in speaking), torch.zeros(count, 1)) > 0
        coverage = torch.where(hears, share, (share > 0).double())
        vectors[label] = own * coverage
        for number, dense in enumerate(speaking):
            means = (dense / dense.sum(1, keepdim=True).clamp(min=1e-30)) @ own.detach()
            heard, stood_in = filters[number], filters[len(graphs) + number]
            vectors[label] = vectors[label] + (coverage * heard + (1 - coverage) * stood_in) * means
    (term,) = (term for term in problem.terms if term.label == kind)
    labels, members = term.modalities, torch.from_numpy(term.hyperedges.members_EK[numbers])
    dim = leaves[f"scale {kind}"].shape[0]
    moved, centres = [], leaves[f"centres {kind}"]
    for position, label in enumerate(labels):
        shift = labels[:position].count(label) * dim // labels.count(label)
        moved.append(vectors[label].roll(shift, -1))
    scale = leaves[f"scale {kind}"]
    total = torch.zeros((), dtype=torch.float64)
    for position, label in enumerate(labels):
        others = [other for other in range(len(labels)) if other != position]
        product = torch.stack([centres[other] + moved[other][members[:, other]] for other in others]).prod(0)
        context = scale * (product - centres[others].prod(0))
        if term.loss == "likelihood":
            scores = context @ moved[position].T + leaves[f"bias {(kind, position)}"]
            total = total + cross_entropy(scores, members[:, position], reduction="sum")
        total = total + 0.05 * (vectors[label][members[:, position]].abs() ** 3).sum()
    if term.loss == "squared":
        # Each slot's score is what the member changes: added one after the other they are the whole.
        scores, fixed = torch.zeros(len(members), dtype=torch.float64), centres.detach()
        for last in range(1, len(labels)):
            product = torch.stack([fixed[k] + moved[k][members[:, k]] for k in range(last)]).prod(0) - fixed[:last].prod(0)
            scores = scores + (scale * product * moved[last][members[:, last]] * fixed[last + 1 :].prod(0)).sum(1)
        for position in range(len(labels)):
            scores = scores + leaves[f"bias {(kind, position)}"][members[:, position]]
        values = torch.from_numpy(term.hyperedges.values_E[numbers]).double()
        total = total + 0.5 * ((scores - values) ** 2).sum() / float(np.var(term.hyperedges.values_E))
    return term.weight * total


@pytest.mark.parametrize("presence", [True, False])
@pytest.mark.parametrize("kernels", [CompiledKernels(), Kernels(torch.device("cpu"))], ids=["compiled", "torch"])
def test_steps_are_those_of_autograd_and_torchs_adagrad(kernels: Kernels, threads: Threads, presence: bool) -> None:
    hypergraph = coupled(4, presence=presence)
    problem = build_problem(hypergraph, SMALL)
    model = SlotModel(problem, 6, 0.5, 0.8, seed=3)
    leaves = {name: tensor.clone().double() for name, tensor in tensors_of(model).items()}
    with torch.inference_mode(mode=False):
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in leaves.items()}
        fast = [leaf for name, leaf in leaves.items() if name.startswith(("own", "bias", "centres"))]
        slow = [leaf for name, leaf in leaves.items() if not name.startswith(("own", "bias", "centres"))]
        peers = [
            torch.optim.Adagrad(fast, lr=0.2, eps=1e-10, initial_accumulator_value=0.1),
            torch.optim.Adagrad(slow, lr=0.02, eps=1e-10, initial_accumulator_value=0.1),
        ]
    steps = Steps(model, problem, SMALL, kernels, threads)
    rng = np.random.default_rng(0)
    for _ in range(3):
        for term in problem.terms:
            numbers = rng.permutation(term.hyperedges.num_hyperedges)[:11]
            found = steps.step(term, torch.from_numpy(numbers))
            assert found > 0
            with torch.inference_mode(mode=False), torch.enable_grad():
                loss = dense_loss(problem, hypergraph, term.label, leaves, numbers)
                for leaf in leaves.values():
                    leaf.grad = None
                loss.backward()  # type: ignore[no-untyped-call]
                for peer in peers:
                    peer.step()
    for name, tensor in tensors_of(model).items():
        expected = leaves[name].detach().float()
        torch.testing.assert_close(tensor, expected, rtol=2e-3, atol=2e-3, msg=lambda text, name=name: f"{name}: {text}")


def test_candidates_stand_for_all(threads: Threads) -> None:
    """The loss against a sample is near the loss against everyone, on average over draws."""
    hypergraph = coupled(4, presence=True)
    few = replace(SMALL, candidates=3)
    problem = build_problem(hypergraph, few)
    (term,) = (term for term in problem.terms if term.label == "Trio")
    batch, losses = torch.arange(25), []
    for seed in range(200):
        model = SlotModel(problem, 6, 0.3, 0.8, seed=3)
        losses.append(float(Steps(model, problem, replace(few, seed=seed), CompiledKernels(), threads).step(term, batch)))
    model = SlotModel(problem, 6, 0.3, 0.8, seed=3)
    everyone = float(Steps(model, problem, SMALL, CompiledKernels(), threads).step(term, batch))
    assert np.mean(losses) == pytest.approx(everyone, rel=0.05)
