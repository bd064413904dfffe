"""Real torchrun, real processes, gloo: the same result for any number of workers, and an end in every case."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
import pytest

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import Progress
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ArtifactError, ConfigurationError, TrainingDivergedError, TrainingStoppedError, WorkerFailedError
from pipeline.train.fit import fit
from pipeline.train.launch.launch import checkpoint_key, checkpoints_folder, plan_training, train
from pipeline.train.result.checkpoint import Checkpoints
from tests.unit.train.hypergraphs import coupled, least_squares, snapshot_of

PARAMETERS = least_squares(embedding_dim=8, rounds=12, tolerance=0)
RECURRENT = replace(PARAMETERS, update="recurrent", start="svd", validation=0.1, rounds=4, network_steps=2)
LONG = replace(PARAMETERS, rounds=100_000)


def write_snapshot(directory: Path, value: float = 1.0) -> Path:
    hypergraph = coupled(seed=3, num=200)
    for edges in hypergraph.hyperedges.values():
        edges.values_E[:] *= value
    snapshot_of(hypergraph).write(directory)
    return directory


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("snapshot") / "small")


@pytest.fixture(scope="module")
def alone(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    """The result of one process without a process group."""
    return train(snapshot, tmp_path_factory.mktemp("alone") / "embeddings", PARAMETERS, run="alone")


@pytest.fixture(scope="module")
def recurrent_alone(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    """The same of the recurrent update; outside of `out`, since torch's optimisers leave a folder among temporary files."""
    return train(snapshot, tmp_path_factory.mktemp("alone") / "embeddings", RECURRENT, run="alone")


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where to write; afterwards no worker is alive and nothing lies about but, at most, whole embeddings."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path / "embeddings"
    assert workers_alive() == []
    assert [path.name for path in tmp_path.iterdir()] in ([], ["embeddings"])


def workers_alive() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # what torchrun starts for a moment
            if "pipeline.train.launch.worker" in child.cmdline():
                found.append(child)
    return found


def when_training(act: Callable[[], None]) -> Progress:
    """Give a progress that acts once, in the third round."""

    @contextmanager
    def progress(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        del description, total
        rounds = 0

        def advance(steps: int) -> None:
            nonlocal rounds
            rounds += steps
            if rounds == 3 and steps:
                act()

        yield advance

    return progress


def signal_rank(rank: int, number: signal.Signals) -> None:
    for process in workers_alive():
        if process.environ().get("RANK") == str(rank):
            os.kill(process.pid, number)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_factors_of_one_process(snapshot: Path, alone: Embeddings, out: Path, workers: int) -> None:
    """To the bit: every sum is taken by one worker, in one order, whoever that is."""
    found = train(snapshot, out, PARAMETERS, run="some", workers=workers)
    assert found.report["workers"] == workers
    assert found.report["rounds"] == 12
    assert found.report["losses"] == alone.report["losses"]
    assert found.ids == alone.ids
    for label, factor in alone.factors.items():
        assert np.array_equal(found.factors[label], factor)
    assert Embeddings.read(out).run == "some"


def test_the_recurrent_update_gives_the_factors_of_one_process_too(snapshot: Path, recurrent_alone: Embeddings, out: Path) -> None:
    """Networks, validation part, SVD start and offsets: none depends on who has which modality."""
    found = train(snapshot, out, RECURRENT, run="some", workers=3)
    assert found.report["losses"] == recurrent_alone.report["losses"]
    assert found.report["bestRound"] == recurrent_alone.report["bestRound"]
    assert all(np.array_equal(found.factors[label], factor) for label, factor in recurrent_alone.factors.items())


def test_more_workers_than_modalities_cut_them_by_rows(snapshot: Path, alone: Embeddings, out: Path) -> None:
    """But for the order of sums: dot products are added up by part."""
    found = train(snapshot, out, PARAMETERS, run="some", workers=6)
    assert found.report["workers"] == 6
    assert found.report["losses"]["total"] == pytest.approx(alone.report["losses"]["total"], rel=1e-4)
    for label, edges in coupled(seed=3, num=200).hyperedges.items():
        predicted, expected = (each.types[label].values(each.factors, edges.members_EK) for each in (found, alone))
        np.testing.assert_allclose(predicted, expected, atol=1e-2)


def test_workers_take_the_batches_of_the_likelihood_in_turn(tmp_path_factory: pytest.TempPathFactory, out: Path) -> None:
    """Other factors than one process, which do as well; and a training that is killed goes on with fewer of them."""
    folder = tmp_path_factory.mktemp("likelihood")
    snapshot_of(coupled(seed=3, num=200, presence=True)).write(folder / "snapshot")
    parameters = TrainingParameters(embedding_dim=8, rounds=6, validation=0.0, batch_size=32)
    alone = train(folder / "snapshot", folder / "alone", parameters, run="alone")
    found = train(folder / "snapshot", folder / "found", parameters, run="some", workers=3)
    assert (found.report["update"], found.report["workers"]) == ("stochastic", 3)
    kill = when_training(lambda: signal_rank(1, signal.SIGKILL))
    with pytest.raises(WorkerFailedError, match=r"worker 1 of 3 \(all, part 2 of 3\) ended with status -9"):
        train(folder / "snapshot", out, replace(parameters, rounds=20), run="r", workers=3, checkpoint_every_s=0, progress=kill)
    resumed = train(folder / "snapshot", out, replace(parameters, rounds=20), run="r", workers=2)
    assert 2 <= resumed.report["resumedRound"] < 20
    start, end = (alone.report["history"][number]["losses"]["total"] for number in (0, -1))
    for history in (found.report["history"], resumed.report["history"]):
        assert history[0]["losses"]["total"] == start
        assert history[6]["losses"]["total"] < end + 0.3 * (start - end)
    assert [done["losses"] for done in resumed.report["history"][:3]] == [done["losses"] for done in found.report["history"][:3]]


def test_the_report_says_what_was_done(alone: Embeddings) -> None:
    report = alone.report
    assert report["parameters"]["embedding_dim"] == 8
    assert [done["round"] for done in report["history"]] == list(range(13))
    assert report["history"][-1]["losses"]["total"] < report["history"][0]["losses"]["total"]
    assert report["snapshot"]["origin"] == {"source": "a test"}
    assert report["numUntied"]["Dog"] == 1
    assert alone.ids["Bee"][2] == "Bee-2"


def test_a_killed_worker_is_named_and_its_training_goes_on(
    snapshot: Path, out: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """To the bits of one process, with another number of workers too."""
    parameters = replace(PARAMETERS, rounds=200)
    whole = train(snapshot, tmp_path_factory.mktemp("alone") / "embeddings", parameters, run="alone")
    kill = when_training(lambda: signal_rank(1, signal.SIGKILL))
    planned = plan_training(snapshot, parameters, workers=2)
    its = ", ".join(planned.shares[1].modalities)
    with pytest.raises(WorkerFailedError, match=rf"worker 1 of 2 \({its}\) ended with status -9"):
        train(snapshot, out, parameters, run="r", workers=2, checkpoint_every_s=0, progress=kill)
    assert not out.exists()
    resumed = train(snapshot, out, parameters, run="r", workers=3)
    assert 2 <= resumed.report["resumedRound"] < 200
    assert [done["round"] for done in resumed.report["history"]] == list(range(201))
    assert resumed.report["losses"] == whole.report["losses"]
    assert all(np.array_equal(resumed.factors[label], factor) for label, factor in whole.factors.items())


def test_a_worker_that_does_not_answer_is_given_up(snapshot: Path, out: Path) -> None:
    stop = when_training(lambda: signal_rank(1, signal.SIGSTOP))
    lost = r"worker 1 of 2 \(.*\) did not answer within 3 s:\nworker 0: another worker does not answer"
    with pytest.raises(WorkerFailedError, match=lost):
        train(snapshot, out, LONG, run="r", workers=2, timeout=3, progress=stop)
    assert not out.exists()


def test_nothing_listens_to_other_machines_while_workers_run(snapshot: Path, out: Path) -> None:
    listening: set[str] = set()

    def look() -> None:
        for process in psutil.Process().children(recursive=True):
            listening.update(c.laddr.ip for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN)

    train(snapshot, out, PARAMETERS, run="closed", workers=2, progress=when_training(look))
    assert listening == {"127.0.0.1"}


def interrupt() -> None:
    """As Ctrl-C, or a handler of SIGTERM that raises: in the main thread, whoever trains."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.parametrize("workers", [2, "auto"])
def test_an_interrupt_ends_training_with_a_checkpoint(snapshot: Path, out: Path, workers: int | Literal["auto"]) -> None:
    """Of the round that was under way, which is what as many rounds come to."""
    with pytest.raises(KeyboardInterrupt):
        train(snapshot, out, LONG, run="r", workers=workers, progress=when_training(interrupt))
    assert workers_alive() == []
    assert not out.exists()
    folder = checkpoints_folder(out)
    state = Checkpoints(folder, checkpoint_key(snapshot, LONG)).newest()
    assert state is not None
    number = len(state.history) - 1
    assert number >= 3
    whole = fit(Snapshot.read_hypergraph(snapshot), replace(LONG, rounds=number))
    assert [done.losses for done in state.history] == [done.losses for done in whole.history]
    shutil.rmtree(folder)


def test_a_worker_that_is_told_to_end_ends_all(snapshot: Path, out: Path) -> None:
    """As where the whole control group is; the caller says which round."""
    end = when_training(lambda: signal_rank(1, signal.SIGTERM))
    with pytest.raises(TrainingStoppedError, match="told to end, and has after round"):
        train(snapshot, out, LONG, run="r", workers=2, progress=end)
    assert not out.exists()
    shutil.rmtree(checkpoints_folder(out))


@pytest.mark.parametrize("workers", [2, "auto"])
def test_divergence_is_told_as_such(tmp_path_factory: pytest.TempPathFactory, out: Path, workers: int | str) -> None:
    large = write_snapshot(tmp_path_factory.mktemp("large") / "large", 1e38)
    with pytest.raises(TrainingDivergedError, match="round 0"):
        train(large, out, PARAMETERS, run="r", workers=workers)  # type: ignore[arg-type]
    assert not out.exists()


@pytest.mark.parametrize("workers", [0, 5_000])
def test_more_workers_than_entities_are_refused(snapshot: Path, out: Path, workers: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{workers} workers cannot share"):
        train(snapshot, out, PARAMETERS, run="r", workers=workers)


def test_embeddings_are_not_overwritten(snapshot: Path, out: Path) -> None:
    out.mkdir()
    with pytest.raises(ArtifactError, match="exists already"):
        train(snapshot, out, PARAMETERS, run="r")
