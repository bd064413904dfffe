"""Workers that have a modality between them, each some of its rows: what one process learns."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.train.fit import fit
from pipeline.train.problem.problem import TensorTerm
from pipeline.train.stochastic.epochs import EXCHANGES
from pipeline.train.stochastic.merged_moves import MergedMoves
from pipeline.train.stochastic.steps import Steps
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.workers import fit_on_threads

PARAMETERS = TrainingParameters(embedding_dim=6, rounds=6, tolerance=0.0, validation=0.2, network_steps=2)
CUT = [["Ant"], ["Ant"], ["Ant"], ["Bee"], ["Bee"], ["Cat", "Dog"]]


@pytest.mark.parametrize("start", ["random", "svd"])
@pytest.mark.parametrize("presence", [False, True])
@pytest.mark.parametrize("update", ["exact", "recurrent"])
def test_least_squares_are_those_of_one_process(update: UpdateName, presence: bool, start: str) -> None:
    """With graphs, offsets, a validation part, types that hold a modality twice; but for the order of sums."""
    hypergraph = coupled(5, 300, presence=presence)
    parameters = replace(PARAMETERS, update=update, start=start)
    alone = fit(hypergraph, parameters)
    for found in fit_on_threads(hypergraph, parameters, CUT):
        assert found.best_round == alone.best_round
        for done, expected in zip(found.history, alone.history, strict=True):
            assert done.losses.total == pytest.approx(expected.losses.total, rel=1e-3)
        for label, edges in hypergraph.hyperedges.items():
            np.testing.assert_allclose(found.predict(label, edges), alone.predict(label, edges), atol=1e-2)


def test_a_part_may_have_no_rows() -> None:
    hypergraph = coupled(5, 300)
    hypergraph.hyperedges["Twins"].members_EK[:] = 0
    hypergraph.hyperedges["Trio"].members_EK[:, 0] = 0
    hypergraph.hyperedges["Quad"].members_EK[:, 0] = 0
    parameters = replace(PARAMETERS, update="exact")
    alone, found = fit(hypergraph, parameters), fit_on_threads(hypergraph, parameters, [*[["Ant"]] * 5, ["Bee", "Cat", "Dog"]])[0]
    for label, edges in hypergraph.hyperedges.items():
        np.testing.assert_allclose(found.predict(label, edges), alone.predict(label, edges), atol=1e-2)


def test_the_likelihood_learns_as_much_and_all_have_the_same() -> None:
    hypergraph = coupled(5, 300, presence=True)
    parameters = replace(PARAMETERS, validation=0.0, batch_size=16, rounds=5)
    alone, (first, *others) = fit(hypergraph, parameters), fit_on_threads(hypergraph, parameters, CUT)
    for found in others:
        assert all(np.array_equal(found.factors[label], factor) for label, factor in first.factors.items())
    start, end = alone.history[0].losses.total, alone.history[-1].losses.total
    assert first.history[0].losses.total == start
    assert first.history[-1].losses.total < end + 0.3 * (start - end)


def test_each_part_takes_batches_however_few_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    step, takers = Steps.step, Counter[int]()

    def counted(self: Steps, term: TensorTerm, numbers_B: Tensor) -> Tensor:
        takers[id(self)] += 1
        return step(self, term, numbers_B)

    monkeypatch.setattr(Steps, "step", counted)
    others = dict.fromkeys(("Twins", "Pair", "Quad"), 0.0)  # a type has 32 batches, four between two exchanges
    parameters = replace(PARAMETERS, validation=0.0, rounds=1, type_weights=others)
    fit_on_threads(coupled(5, 300, presence=True), parameters, [*[["Ant"]] * 4, ["Bee", "Cat", "Dog"]])
    assert len(takers) == 5
    *_, fewest = (count for _, count in takers.most_common())
    assert fewest >= EXCHANGES


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
