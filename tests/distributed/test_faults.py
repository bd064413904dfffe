"""Faults of workers, as real processes have them: an end that says what happened, and something to go on from."""

import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipeline.domain.hypergraph import Hypergraph
from pipeline.errors import ArtifactError, TrainingMemoryError, WorkerFailedError
from pipeline.train.launch.launch import checkpoints_folder, plan_training, train
from tests.distributed import test_train
from tests.distributed.test_train import LONG, PARAMETERS, when_training, workers_alive
from tests.unit.train.hypergraphs import coupled, snapshot_of

snapshot, out = test_train.snapshot, test_train.out
WIDE = replace(PARAMETERS, rounds=60, embedding_dim=32)
"""Of which files are larger than those by which workers meet."""


def its_modalities(snapshot: Path, rank: int) -> str:
    return ", ".join(plan_training(snapshot, PARAMETERS, workers=2).shares[rank].modalities)


def limit(ranks: set[str], what: int, bytes_: int) -> Callable[[], None]:
    """Limit what workers may have from now on; below what they have, it takes the next that they ask for."""

    def act() -> None:
        for process in workers_alive():
            if process.environ().get("RANK") in ranks:
                process.rlimit(what, (bytes_, bytes_))

    return act


def test_a_disk_that_is_full_for_one_worker_costs_its_checkpoints(snapshot: Path, out: Path) -> None:
    """No file may grow beyond what is there: as on a full disk, which it takes rights to make."""
    full = when_training(limit({"1"}, resource.RLIMIT_FSIZE, 8192))
    found = train(snapshot, out, WIDE, run="r", workers=2, checkpoint_every_s=0, progress=full)
    assert found.report["rounds"] == WIDE.rounds
    assert found.report["findings"][-1] == "no checkpoint: another worker could not write its part"
    assert not checkpoints_folder(out).exists()


def test_a_disk_that_is_full_in_the_end_leaves_what_a_restart_goes_on_from(
    snapshot: Path, out: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    full = when_training(limit({"0", "1"}, resource.RLIMIT_FSIZE, 8192))
    with pytest.raises(ArtifactError, match=rf"{out} cannot be written: .*") as told:
        train(snapshot, out, WIDE, run="r", workers=2, checkpoint_every_s=0, progress=full)
    assert told.value.hint == "check the disk's room and its rights"
    assert not out.exists()
    whole = train(snapshot, tmp_path_factory.mktemp("alone") / "embeddings", WIDE, run="r")
    resumed = train(snapshot, out, WIDE, run="r", workers=2)
    assert resumed.report["resumedRound"] >= 1
    assert all(np.array_equal(resumed.factors[label], factor) for label, factor in whole.factors.items())


def test_a_worker_that_is_out_of_memory_is_named(
    tmp_path_factory: pytest.TempPathFactory, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every large array is asked of the system, so that the next one is refused.
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "65536")
    wide = tmp_path_factory.mktemp("wide") / "snapshot"
    snapshot_of(with_many(coupled(seed=3, num=200), 20_000)).write(wide)
    parameters = replace(LONG, embedding_dim=64)
    its = ", ".join(plan_training(wide, parameters, workers=2).shares[1].modalities)
    short = when_training(limit({"1"}, resource.RLIMIT_AS, 1))
    with pytest.raises(TrainingMemoryError, match=rf"^training worker 1 of 2 \({its}\) has run out of memory: ") as told:
        train(wide, out, parameters, run="r", workers=2, checkpoint_every_s=0, progress=short)
    assert "fewer workers" in told.value.hint
    assert workers_alive() == []
    assert not out.exists()
    shutil.rmtree(checkpoints_folder(out))


def with_many(hypergraph: Hypergraph, count: int) -> Hypergraph:
    """The same with so many entities of each modality, of which most have no hyperedge."""
    graphs = {key: sparse.csr_array((count, count), dtype=np.float32) for key in hypergraph.graphs}
    return Hypergraph(hypergraph.dataset, dict.fromkeys(hypergraph.num_entities, count), hypergraph.hyperedges, graphs)


def test_a_worker_that_never_joins_is_named(snapshot: Path, out: Path) -> None:
    """It is stopped as soon as it is there."""

    @contextmanager
    def progress(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        del description, total
        while not (found := [each for each in workers_alive() if each.environ().get("RANK") == "1"]):
            time.sleep(0.01)
        found[0].suspend()
        yield lambda _: None

    lost = rf"worker 1 of 2 \({its_modalities(snapshot, 1)}\) did not answer within 3 s:\nworker 0: another worker does not answer"
    with pytest.raises(WorkerFailedError, match=lost) as told:
        train(snapshot, out, PARAMETERS, run="r", workers=2, timeout=3, progress=progress)
    assert "The same command goes on" in told.value.hint
    assert not out.exists()
