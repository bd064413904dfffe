"""Workers that take the batches of the likelihood in turn: nothing twice, nothing left out, one model, and about as good."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import Fit
from pipeline.train.problem.problem import TensorTerm
from pipeline.train.stochastic.merged_moves import MergedMoves
from pipeline.train.stochastic.steps import Steps
from pipeline.train.stochastic.turns import num_batches, num_merges
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.stochastic.test_epochs import blocks, with_values
from tests.unit.train.workers import fit_on_threads

PARAMETERS = TrainingParameters(embedding_dim=6, rounds=2, validation=0.0, batch_size=16)


def shared(hypergraph: Hypergraph, parameters: TrainingParameters, workers: int) -> list[Fit]:
    return fit_on_threads(hypergraph, parameters, [list(hypergraph.num_entities)] * workers)


@pytest.mark.parametrize(
    ("num_hyperedges", "workers", "batches", "merges"),
    [
        (100_000, 1, 98, 4),  # batches of 1024; nobody to merge with
        (100_000, 2, 98, 8),
        (100_000, 8, 256, 32),  # smaller ones, so that each has 32, and one of them before each merge
        (1_000_000, 8, 977, 32),
        (20, 8, 20, 2),  # of one hyperedge
        (5, 8, 5, 1),  # three have nothing
        (0, 8, 0, 1),
    ],
)
def test_each_worker_has_enough_batches_and_one_before_each_merge(
    num_hyperedges: int, workers: int, batches: int, merges: int
) -> None:
    assert num_batches(num_hyperedges, 1024, workers) == batches
    assert num_merges(batches, workers) == merges


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_hyperedge_is_taken_by_one_of_them_once_a_round(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Those that are kept for validation once, in the end."""
    step, taken, takers = Steps.step, Counter[tuple[str, int]](), Counter[int]()

    def counted(self: Steps, term: TensorTerm, numbers_B: Tensor) -> Tensor:
        taken.update((term.label, number) for number in numbers_B.tolist())
        takers[id(self)] += 1
        return step(self, term, numbers_B)

    monkeypatch.setattr(Steps, "step", counted)
    hypergraph, parameters = blocks(), replace(PARAMETERS, rounds=3, validation=0.3)
    first, *_ = shared(hypergraph, parameters, workers)
    assert first.best_round
    counts = {label: edges.num_hyperedges for label, edges in hypergraph.hyperedges.items()}
    kept = {label: int(0.3 * count) for label, count in counts.items()}
    assert taken == {
        (label, number): 3 if number < count - kept[label] else 1 for label, count in counts.items() for number in range(count)
    }
    assert len(takers) == workers
    assert max(takers.values()) - min(takers.values()) <= 3 + 1  # one each time


def test_all_have_the_same_bits_and_those_of_the_same_number_again() -> None:
    hypergraph = coupled(5, 300, presence=True)
    (first, *others), (again, *_) = (shared(hypergraph, PARAMETERS, 3) for _ in range(2))
    for found in [*others, again]:
        assert all(np.array_equal(found.factors[label], factor) for label, factor in first.factors.items())
        assert [done.losses for done in found.history] == [done.losses for done in first.history]
        for label, learned in first.types.items():
            assert np.array_equal(found.types[label].scale_D, learned.scale_D)
            assert np.array_equal(found.types[label].centres_KD, learned.centres_KD)


@pytest.mark.parametrize("workers", [2, 4])
def test_what_was_planted_is_found_by_several_as_well(workers: int) -> None:
    hypergraph = blocks()
    (found, *_) = shared(hypergraph, TrainingParameters(embedding_dim=8, rounds=15, validation=0.0), workers)
    members = hypergraph.hyperedges["Tagging"].members_EK
    inside = np.arange(60)[None] // 10 == members[:, [0]] // 10
    for position in range(3):
        scores = found.slot_scores("Tagging", members, position)
        best = np.where(inside, scores, -np.inf).max(1) > np.where(inside, -np.inf, scores).max(1)
        assert best.mean() > 0.9


def test_values_beside_presence_are_learned_by_several_as_well() -> None:
    hypergraph = with_values(coupled(3, num=60, presence=True))
    pair = hypergraph.hyperedges["Pair"]
    others = dict.fromkeys(("Twins", "Quad"), 0.0)
    parameters = TrainingParameters(embedding_dim=8, rounds=30, validation=0.0, type_weights=others)
    (found, *_) = shared(hypergraph, parameters, 2)
    assert np.mean((found.predict("Pair", pair) - pair.values_E) ** 2) < 0.5 * pair.values_E.var()


def test_few_hyperedges_are_cross_validated_alike_on_all() -> None:
    parameters = TrainingParameters(embedding_dim=8, rounds=8, validation=0.05, step_size=1.0)
    first, second = shared(blocks(num_blocks=2), parameters, 2)
    assert 1 <= first.best_round == second.best_round == first.history[-1].number
    assert all(np.array_equal(second.factors[label], factor) for label, factor in first.factors.items())


class _Other:
    """A part whose peer has moved what is given."""

    number, count, rows = 0, 2, slice(None)

    def __init__(self, told: list[float]) -> None:
        self._told = iter(told)

    def total(self, own: Tensor) -> Tensor:
        return own + next(self._told)

    def gather(self, own_BD: Tensor) -> Tensor:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("squares", "moved", "its_squares", "its_move", "expected"),
    [
        (4.0, 1.0, 0.0, 0.0, 1.0),  # nobody else has moved it
        (3.0, 1.0, 3.0, 1.0, 2 * (4 / 7) ** 0.5),  # both alike: each as far as with the squares of both
        (0.0, 0.0, 3.0, 0.5, 0.5),  # the other one alone
    ],
)
def test_moves_are_added_up_as_far_as_adagrad_would_have_gone(
    squares: float, moved: float, its_squares: float, its_move: float, expected: float
) -> None:
    learned, seen = {"own/A": torch.zeros(1, 2)}, {"own/A": torch.ones(1, 2)}
    shrunk = its_move * ((1 + its_squares) / (1 + squares + its_squares)) ** 0.5
    merged = MergedMoves(learned, seen, _Other([its_squares, shrunk]))
    merged.begin()
    learned["own/A"] += moved
    seen["own/A"] += squares
    merged.merge()
    torch.testing.assert_close(learned["own/A"], torch.full((1, 2), expected))
    torch.testing.assert_close(seen["own/A"], torch.full((1, 2), 1 + squares + its_squares))
