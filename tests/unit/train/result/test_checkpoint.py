"""A training that is broken off goes on to the same bits, from whatever whole checkpoint there is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.errors import ArtifactError
from pipeline.train.fit import Fit, fit
from pipeline.train.result import checkpoint
from pipeline.train.result.checkpoint import Checkpoints
from pipeline.train.result.round import Round
from tests.unit.train.hypergraphs import coupled

SMALL = TrainingParameters(
    embedding_dim=6, rounds=6, patience=6, tolerance=0.0, validation=0.2, batch_size=16, candidates=3, network_steps=2
)


class _KilledError(Exception):
    pass


def dies_in(number: int) -> Callable[[Round], None]:
    def on_round(done: Round) -> None:
        if done.number == number:
            raise _KilledError

    return on_round


def interrupted(folder: Path, parameters: TrainingParameters, number: int, *, presence: bool = True) -> None:
    with pytest.raises(_KilledError):
        fit(coupled(5, 300, presence=presence), parameters, checkpoints=Checkpoints(folder, "key", 0), on_round=dies_in(number))


def same(one: Fit, other: Fit) -> None:
    for label, factor in one.factors.items():
        np.testing.assert_array_equal(other.factors[label], factor)
    for label, types in one.types.items():
        np.testing.assert_array_equal(other.types[label].scale_D, types.scale_D)
        np.testing.assert_array_equal(other.types[label].centres_KD, types.centres_KD)
        for bias, expected in zip(other.types[label].biases, types.biases, strict=True):
            np.testing.assert_array_equal(bias, expected)
    assert [replace(done, seconds=0) for done in other.history] == [replace(done, seconds=0) for done in one.history]
    assert other.best_round == one.best_round


@pytest.mark.parametrize("presence", [False, True])
@pytest.mark.parametrize("update", ["exact", "recurrent", "stochastic"])
def test_what_was_broken_off_twice_goes_on_to_the_same_bits(tmp_path: Path, update: UpdateName, presence: bool) -> None:
    """With a validation part, so that the best round is another one's than the last."""
    hypergraph, parameters = coupled(5, 300, presence=presence), replace(SMALL, update=update)
    folder = tmp_path / "checkpoints"
    whole = fit(hypergraph, parameters)
    interrupted(folder, parameters, 3, presence=presence)
    interrupted(folder, parameters, 5, presence=presence)
    checkpoints, told = Checkpoints(folder, "key", 0), []
    resumed = fit(hypergraph, parameters, checkpoints=checkpoints, on_round=lambda done: told.append(done.number))
    same(whole, resumed)
    assert checkpoints.resumed_round == 4
    assert told == list(range(7))
    assert checkpoints.trouble == ""


def test_a_damaged_checkpoint_and_one_of_something_else_are_passed_over(tmp_path: Path) -> None:
    interrupted(tmp_path, SMALL, 3)
    other = Checkpoints(tmp_path, "another key", 0)
    assert other.newest() is None
    (newest,) = tmp_path.iterdir()
    assert newest.name == "000002"
    (newest / "arrays.npz").write_bytes(b"half of it")
    assert Checkpoints(tmp_path, "key", 0).newest() is None
    parameters = replace(SMALL, rounds=3)
    same(fit(coupled(5, 300, presence=True), parameters), fit(coupled(5, 300, presence=True), parameters, checkpoints=other))
    assert other.resumed_round == 0


def test_a_checkpoint_that_cannot_be_written_costs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise ArtifactError("the disk is full")

    interrupted(tmp_path, SMALL, 2)
    monkeypatch.setattr(checkpoint, "write_artifact", full)
    checkpoints = Checkpoints(tmp_path, "key", 0)
    same(fit(coupled(5, 300, presence=True), SMALL), fit(coupled(5, 300, presence=True), SMALL, checkpoints=checkpoints))
    assert checkpoints.trouble == "no checkpoint: the disk is full"
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_none_is_written_before_it_is_time(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    fit(coupled(5, 300, presence=True), SMALL, checkpoints=Checkpoints(folder, "key"))
    assert not folder.exists()
