"""A training that is broken off goes on to the same bits, from whatever whole checkpoint there is."""

import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.errors import ArtifactError, TrainingStoppedError
from pipeline.train.fit import Fit, fit
from pipeline.train.result import checkpoint
from pipeline.train.result.checkpoint import Checkpoints, State
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import Exchange
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.workers import fit_on_threads

SMALL = TrainingParameters(
    embedding_dim=6, rounds=6, patience=6, tolerance=0.0, validation=0.2, ridge=0.02, batch_size=16, candidates=3, network_steps=2
)

pytestmark = pytest.mark.usefixtures("a_part_is_kept")


class _KilledError(Exception):
    pass


@pytest.fixture(autouse=True)
def reads_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are threads; CPython 3.11's parser, by which numpy reads an array's header, fails where two do so at once."""
    read, turn = Checkpoints._read, threading.Lock()

    def in_turn(self: Checkpoints, shards: list[Path]) -> State | None:
        with turn:
            return read(self, shards)

    monkeypatch.setattr(Checkpoints, "_read", in_turn)


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


PAIRS = replace(SMALL, type_weights=dict.fromkeys(("Trio", "Twins", "Quad"), 0.0))


@pytest.mark.parametrize("killed", [(1, 4), (2, 1), (2, 4)], ids=["in the first", "as the second begins", "in the second"])
@pytest.mark.parametrize(
    ("parameters", "folders"),
    [(PAIRS, ["norm-0.03", "norm-0.3"]), (replace(SMALL, ensemble=2), ["model-1"])],
    ids=["two norms are tried", "two models are trained"],
)
def test_where_there_are_several_trainings_each_goes_on_from_its_own(
    tmp_path: Path, parameters: TrainingParameters, folders: list[str], killed: tuple[int, int]
) -> None:
    """Killed in a training, the first or the second, and a round; what is kept of the other is as it was."""
    hypergraph, folder = coupled(5, 300, presence=True), tmp_path / "checkpoints"
    whole, starts = fit(hypergraph, parameters), []

    def on_round(done: Round) -> None:
        starts.append(done.number)
        if (starts.count(0), done.number) == killed:
            raise _KilledError

    with pytest.raises(_KilledError):
        fit(hypergraph, parameters, checkpoints=Checkpoints(folder, "key", 0), on_round=on_round)
    checkpoints = Checkpoints(folder, "key", 0)
    same(whole, fit(hypergraph, parameters, checkpoints=checkpoints))
    assert checkpoints.resumed_round
    assert sorted(path.name for path in folder.iterdir() if not path.name[0].isdigit()) == folders


def test_a_damaged_checkpoint_and_one_of_something_else_are_passed_over(tmp_path: Path) -> None:
    interrupted(tmp_path, SMALL, 3)
    other = Checkpoints(tmp_path, "another key", 0)
    assert other.newest() is None
    (newest,) = tmp_path.iterdir()
    assert newest.name == "000002-0-of-1"
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
    assert [path.name for path in tmp_path.iterdir()] == ["000001-0-of-1"]


def test_none_is_written_before_it_is_time(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    fit(coupled(5, 300, presence=True), SMALL, checkpoints=Checkpoints(folder, "key"))
    assert not folder.exists()


def stopped(folder: Path, hypergraph: Hypergraph, parameters: TrainingParameters, after: int) -> str:
    """Tell a training to end once it could have written so many checkpoints; what it says then. None is due."""
    asked = count()
    with pytest.raises(TrainingStoppedError) as told:
        fit(hypergraph, parameters, checkpoints=Checkpoints(folder, "key", told_to_end=lambda: next(asked) == after))
    return str(told.value)


@pytest.mark.parametrize("update", ["exact", "recurrent", "stochastic"])
def test_what_is_told_to_end_does_so_after_the_round_and_goes_on_to_the_same_bits(tmp_path: Path, update: UpdateName) -> None:
    hypergraph, parameters = coupled(5, 300, presence=True), replace(SMALL, update=update)
    told = stopped(tmp_path, hypergraph, parameters, after=2)
    assert told == "training was told to end, and has after round 3"
    assert [path.name for path in tmp_path.iterdir()] == ["000003-0-of-1"]
    checkpoints = Checkpoints(tmp_path, "key")
    same(fit(hypergraph, parameters), fit(hypergraph, parameters, checkpoints=checkpoints))
    assert checkpoints.resumed_round == 3


def test_what_learns_all_anew_in_the_end_goes_on_there_as_well(tmp_path: Path) -> None:
    """After the rounds that found how many are best, of which the last one's checkpoint is kept."""
    hypergraph, parameters = coupled(5, 300), replace(SMALL, update="exact")
    interrupted(tmp_path, parameters, 6, presence=False)
    last = {path.name for path in tmp_path.iterdir()}
    whole = fit(hypergraph, parameters)
    assert whole.best_round > 2
    stopped(tmp_path, hypergraph, parameters, after=2)
    assert {path.name for path in tmp_path.iterdir()} == {*last, "anew"}
    checkpoints = Checkpoints(tmp_path, "key")
    same(whole, fit(hypergraph, parameters, checkpoints=checkpoints))
    assert checkpoints.resumed_round > 0


def test_whichever_ridge_was_being_tried_is_gone_on_with(tmp_path: Path) -> None:
    hypergraph, parameters = coupled(5, 300), replace(SMALL, update="exact", ridge="auto")
    whole = fit(hypergraph, parameters)
    stopped(tmp_path, hypergraph, parameters, after=8)
    assert [path.name for path in tmp_path.iterdir()] == ["ridge-1"]
    checkpoints = Checkpoints(tmp_path, "key")
    same(whole, fit(hypergraph, parameters, checkpoints=checkpoints))
    assert checkpoints.resumed_round > 0


def test_who_is_told_to_end_and_cannot_write_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise ArtifactError("the disk is full")

    monkeypatch.setattr(checkpoint, "write_artifact", full)
    told = stopped(tmp_path, coupled(5, 300, presence=True), SMALL, after=0)
    assert told == "training was told to end, and has after round 1; no checkpoint: the disk is full"


TWO = [["Bee", "Dog"], ["Ant", "Cat"]]
THREE = [["Dog"], ["Ant", "Cat"], ["Bee"]]
ALL = [["Ant", "Bee", "Cat", "Dog"]]
"""Of the likelihood each worker has all."""
CUT = [["Ant"], ["Ant"], ["Ant"], ["Bee"], ["Bee"], ["Cat", "Dog"]]


def shared(
    folder: Path,
    parameters: TrainingParameters,
    owned: Sequence[Sequence[str]],
    *,
    presence: bool,
    on_round: Callable[[Round], None] = lambda _: None,
    told_to_end: Callable[[int], bool] = lambda _: False,
) -> tuple[Fit, list[Checkpoints]]:
    """Train on as many workers; what rank 0 yields, and each one's checkpoints. Who is told to end is told by rank."""
    checkpoints: dict[int, Checkpoints] = {}

    def of(exchange: Exchange) -> Checkpoints:
        return checkpoints.setdefault(exchange.rank, Checkpoints(folder, "key", 0, exchange, partial(told_to_end, exchange.rank)))

    first, *_ = fit_on_threads(coupled(5, 300, presence=presence), parameters, owned, checkpoints=of, on_round=on_round)
    return first, [each for _, each in sorted(checkpoints.items())]


def shared_and_interrupted(
    folder: Path, parameters: TrainingParameters, owned: Sequence[Sequence[str]], number: int, *, presence: bool
) -> None:
    with pytest.raises(_KilledError):
        shared(folder, parameters, owned, presence=presence, on_round=dies_in(number))


@pytest.mark.parametrize("presence", [False, True])
@pytest.mark.parametrize("update", ["exact", "recurrent"])
def test_least_squares_go_on_with_any_number_of_workers(tmp_path: Path, update: UpdateName, presence: bool) -> None:
    """From one to two to three; to the bits of one."""
    parameters = replace(SMALL, update=update)
    interrupted(tmp_path, parameters, 2, presence=presence)
    shared_and_interrupted(tmp_path, parameters, TWO, 4, presence=presence)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000003-0-of-2", "000003-1-of-2"]
    resumed, checkpoints = shared(tmp_path, parameters, THREE, presence=presence)
    same(fit(coupled(5, 300, presence=presence), parameters), resumed)
    assert [each.resumed_round for each in checkpoints] == [3, 3, 3]


@pytest.mark.parametrize("presence", [False, True])
@pytest.mark.parametrize("update", ["exact", "recurrent"])
def test_modalities_that_were_cut_go_on_whole_and_the_other_way_round(tmp_path: Path, update: UpdateName, presence: bool) -> None:
    """Sums over rows are then added up in another order, so not to the bit."""
    parameters = replace(SMALL, update=update)
    interrupted(tmp_path, parameters, 2, presence=presence)
    shared_and_interrupted(tmp_path, parameters, CUT, 4, presence=presence)
    resumed, checkpoints = shared(tmp_path, parameters, TWO, presence=presence)
    assert [each.resumed_round for each in checkpoints] == [3, 3]
    hypergraph = coupled(5, 300, presence=presence)
    whole = fit(hypergraph, parameters)
    for label, edges in hypergraph.hyperedges.items():
        np.testing.assert_allclose(resumed.predict(label, edges), whole.predict(label, edges), atol=1e-2)


@pytest.mark.parametrize("presence", [False, True])
def test_the_likelihood_goes_on_with_the_same_workers_to_the_same_bits(tmp_path: Path, presence: bool) -> None:
    parameters = replace(SMALL, update="stochastic")
    whole, _ = shared(tmp_path / "whole", parameters, ALL * 3, presence=presence)
    shared_and_interrupted(tmp_path / "broken", parameters, ALL * 3, 3, presence=presence)
    resumed, checkpoints = shared(tmp_path / "broken", parameters, ALL * 3, presence=presence)
    same(whole, resumed)
    assert [each.resumed_round for each in checkpoints] == [2] * 3


def test_the_likelihood_goes_on_with_another_number_of_workers(tmp_path: Path) -> None:
    """From one to three to two to one, each from where the last was; all of them from the same vectors."""
    hypergraph, parameters = coupled(5, 300, presence=True), replace(SMALL, update="stochastic", patience=20)
    interrupted(tmp_path, parameters, 2, presence=True)
    for workers, number in ((3, 4), (2, 6)):
        shared_and_interrupted(tmp_path, parameters, ALL * workers, number, presence=True)
        assert [path.name for path in sorted(tmp_path.iterdir())] == [
            f"{number - 1:06}-{rank}-of-{workers}" for rank in range(workers)
        ]
    checkpoints = Checkpoints(tmp_path, "key")
    resumed = fit(hypergraph, parameters, checkpoints=checkpoints)
    assert checkpoints.resumed_round == 5
    assert [done.number for done in resumed.history] == list(range(parameters.rounds + 1))
    alone = fit(hypergraph, parameters)
    assert [done.losses for done in resumed.history[:2]] == [done.losses for done in alone.history[:2]]
    start, end = alone.history[0].losses.total, alone.history[-1].losses.total
    assert resumed.history[-1].losses.total < end + 0.3 * (start - end)


@pytest.mark.parametrize(("update", "owned"), [("exact", TWO), ("stochastic", ALL * 2)])
def test_where_one_worker_is_told_to_end_all_do(tmp_path: Path, update: UpdateName, owned: list[list[str]]) -> None:
    parameters, asked = replace(SMALL, update=update), count()
    whole, _ = shared(tmp_path / "whole", parameters, owned, presence=True)
    with pytest.raises(TrainingStoppedError, match="after round 2"):
        shared(tmp_path / "told", parameters, owned, presence=True, told_to_end=lambda rank: rank == 1 and next(asked) == 1)
    resumed, checkpoints = shared(tmp_path / "told", parameters, owned, presence=True)
    same(whole, resumed)
    assert [each.resumed_round for each in checkpoints] == [2, 2]


def test_a_checkpoint_counts_when_all_of_its_shards_are_there(tmp_path: Path) -> None:
    parameters = replace(SMALL, update="exact")
    shared_and_interrupted(tmp_path, parameters, TWO, 3, presence=True)
    # Of the next one only one shard was written, and one begun.
    shutil.copytree(tmp_path / "000002-0-of-2", tmp_path / "000003-0-of-2")
    shutil.copytree(tmp_path / "000002-1-of-2", tmp_path / ".000003-1-of-2-unfinished")
    shared_and_interrupted(tmp_path, parameters, TWO, 4, presence=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000003-0-of-2", "000003-1-of-2"]
    (tmp_path / "000003-1-of-2" / "arrays.npz").write_bytes(b"half of it")
    resumed, checkpoints = shared(tmp_path, parameters, TWO, presence=True)
    same(fit(coupled(5, 300, presence=True), parameters), resumed)
    assert [each.resumed_round for each in checkpoints] == [0, 0]


def test_a_worker_that_cannot_write_its_shard_costs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = checkpoint.write_artifact

    def full(directory: Path, *given: Any) -> None:
        if directory.name == "000003-1-of-2":
            raise ArtifactError("the disk is full")
        write(directory, *given)

    parameters = replace(SMALL, update="exact")
    monkeypatch.setattr(checkpoint, "write_artifact", full)
    shared_and_interrupted(tmp_path, parameters, TWO, 4, presence=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002-0-of-2", "000002-1-of-2"]
    resumed, checkpoints = shared(tmp_path, parameters, TWO, presence=True)
    same(fit(coupled(5, 300, presence=True), parameters), resumed)
    assert [each.trouble for each in checkpoints] == ["", ""]
    monkeypatch.setattr(checkpoint, "write_artifact", lambda *_: full(Path("000003-1-of-2")))
    _, checkpoints = shared(tmp_path / "never", parameters, TWO, presence=True)
    assert [each.trouble for each in checkpoints] == ["no checkpoint: the disk is full"] * 2
    assert not list((tmp_path / "never").glob("*"))
