"""A training that is killed, as by a person or the kernel, and started again."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.launch.launch import checkpoints_folder, train
from tests.unit.train.hypergraphs import coupled, snapshot_of

PARAMETERS = TrainingParameters(
    update="stochastic", embedding_dim=8, rounds=14, patience=14, validation=0.1, batch_size=16, candidates=4
)


def _train(snapshot: Path, embeddings: Path) -> None:
    train(snapshot, embeddings, PARAMETERS, run="killed", checkpoint_every_s=0)


def test_a_training_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    snapshot, embeddings = tmp_path / "snapshot", tmp_path / "embeddings"
    snapshot_of(coupled(3, 200, presence=True)).write(snapshot)
    folder = checkpoints_folder(embeddings)
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(snapshot, embeddings))
    process.start()
    while not any(int(path.name.partition("-")[0]) >= 2 for path in folder.glob("[0-9]*")):
        assert process.is_alive()
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not embeddings.exists()
    resumed = train(snapshot, embeddings, PARAMETERS, run="again", checkpoint_every_s=0)
    whole = train(snapshot, tmp_path / "whole", PARAMETERS, run="whole")
    assert resumed.report["resumedRound"] >= 2
    assert whole.report["resumedRound"] == 0
    for label, vectors in whole.factors.items():
        np.testing.assert_array_equal(resumed.factors[label], vectors)
    # Nothing lies about, not even what was being written when it was killed.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["embeddings", "snapshot", "whole"]
