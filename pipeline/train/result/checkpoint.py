"""Checkpoints: the state of a training between two rounds, from which others go on to the same vectors.

Every worker writes what it owns, a *shard*: an artifact of its own, there as a whole or not at all, whose name says of which round
it is and of how many. A checkpoint is whole when all of its shards are; the one before it stays until it is. So whoever is killed
leaves one that can be gone on from. What is torn, or of other data, settings or code, is passed over, and removed with the next.
Shards hold modalities, not workers: any number of workers takes the state from those of any other. The process that has no other
beside it is one worker of one. A checkpoint that cannot be written costs no training: it is told in the end. Nothing is written of
a training that is over sooner. Where a worker is told to end, all do, after the round, with a checkpoint.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.arrays import write_arrays
from pipeline.domain.artifact import read_artifact, write_artifact
from pipeline.errors import ArtifactError, TrainingStoppedError
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import Alone, Exchange

FORMAT = "hyperlearn-checkpoint 3"
EVERY_S = 60.0
"""Seconds of work that a kill may cost, and a round."""
_ARRAYS = "arrays.npz"


@dataclass(frozen=True)
class State:
    """What a training is between two rounds.

    Attributes
    ----------
    arrays
        By name. A worker gives those that it owns, and gets those of all.
    numbers
        All else, as plain JSON: the same on every worker.
    history
        What every round did, the start first.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    numbers: Mapping[str, Any]
    history: list[Round]

    def part(self, kind: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays whose names begin with a kind and a slash, by the rest of their names."""
        return {name.removeprefix(f"{kind}/"): array for name, array in self.arrays.items() if name.startswith(f"{kind}/")}


class Checkpoints:
    """The checkpoints of one training, as one of its workers has them.

    Parameters
    ----------
    folder
        Where they are; it need not be there.
    key
        Of data, settings and code: those of another one are passed over.
    every_s
        Seconds between two.
    exchange
        How the worker reaches the others.
    told_to_end
        Whether the worker is to end before its time.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        every_s: float = EVERY_S,
        exchange: Exchange | None = None,
        told_to_end: Callable[[], bool] = lambda: False,
    ) -> None:
        self._folder = folder
        self._key = key
        self._every_s = every_s
        self._exchange: Exchange = exchange or Alone()
        self._told_to_end = told_to_end
        self._last = time.monotonic()
        self._parts: list[Checkpoints] = []
        self._resumed_round = 0
        self._trouble = ""

    @property
    def resumed_round(self) -> int:
        """The round that was gone on from; 0 for none. Of several trainings the last that was."""
        return next((part.resumed_round for part in reversed(self._parts) if part.resumed_round), self._resumed_round)

    @property
    def trouble(self) -> str:
        """Why the last one could not be written, in words."""
        return next((part.trouble for part in reversed(self._parts) if part.trouble), self._trouble)

    def of(self, name: str) -> "Checkpoints":
        """Give those of one of several trainings, in a folder of their own."""
        part = Checkpoints(self._folder / name, self._key, self._every_s, self._exchange, self._told_to_end)
        self._parts.append(part)
        return part

    def newest(self) -> State | None:
        """The newest that is whole and has the key; the same on every worker, or none."""
        found = None
        for shards in reversed(self._complete()):
            try:
                found = self._read(shards)
            except ArtifactError:
                continue
            if found is not None:
                break
        rounds = np.zeros(self._exchange.num_workers)
        rounds[self._exchange.rank] = len(found.history) - 1 if found else 0
        # Where one cannot read what the others can, all begin anew.
        if np.ptp(self._exchange.total(rounds)) > 0 or found is None:
            return None
        self._resumed_round = len(found.history) - 1
        return found

    def offer(self, state: Callable[[], State]) -> None:
        """Write one if it is time, which is so for all workers when it is for one of them, or one is told to end.

        Raises
        ------
        TrainingStoppedError
            If one of them was told to end; on all alike.
        """
        is_time, to_end = time.monotonic() - self._last >= self._every_s, self._told_to_end()
        num_due, num_to_end = self._exchange.total(np.array([is_time, to_end], dtype=np.float64))
        if not num_due and not num_to_end:
            return
        now = state()
        self._write(now)
        if num_to_end:
            trouble = f"; {self._trouble}" if self._trouble else ""
            raise TrainingStoppedError(
                f"training was told to end, and has after round {len(now.history) - 1}{trouble}",
                hint="the same command goes on from the last checkpoint; what was served still is",
            )

    def _write(self, now: State) -> None:
        rank, count = self._exchange.rank, self._exchange.num_workers
        shards = [self._folder / f"{len(now.history) - 1:06}-{number}-of-{count}" for number in range(count)]
        about = {"key": self._key, "numbers": dict(now.numbers), "history": [done.to_json() for done in now.history]}
        self._trouble = ""
        try:
            shutil.rmtree(shards[rank], ignore_errors=True)  # a torn one's, or of something else
            write_artifact(shards[rank], FORMAT, about, lambda into: write_arrays(into / _ARRAYS, now.arrays))
        except ArtifactError as error:
            self._trouble = f"no checkpoint: {error}"
        if self._counted(not self._trouble) == count:
            if rank == 0:
                self._keep_only(shards)
        else:
            self._trouble = self._trouble or "no checkpoint: another worker could not write its part"
            shutil.rmtree(shards[rank], ignore_errors=True)
        self._last = time.monotonic()

    def _counted(self, yes: bool) -> int:
        """How many workers say so."""
        return int(self._exchange.total(np.array([float(yes)]))[0])

    def _complete(self) -> list[list[Path]]:
        """The shards of each checkpoint of which all are there, the earliest round first."""
        found = []
        for first in sorted(self._folder.glob("[0-9]*-0-of-*")):
            number, _, _, count = first.name.split("-")
            shards = [first.with_name(f"{number}-{rank}-of-{count}") for rank in range(int(count))]
            if all(shard.is_dir() for shard in shards):
                found.append(shards)
        return found

    def _read(self, shards: list[Path]) -> State | None:
        """Read a checkpoint; None if not all of it is of this training."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        manifests = []
        for shard in shards:
            with read_artifact(shard, FORMAT) as artifact:
                if artifact.manifest["key"] != self._key:
                    return None
                with np.load(artifact.file(_ARRAYS), allow_pickle=False) as stored:
                    arrays |= {name: stored[name] for name in stored.files}
                manifests.append(artifact.manifest)
        if any(manifest["numbers"] != manifests[0]["numbers"] for manifest in manifests):
            return None  # of two trainings that were broken off at the same round
        return State(arrays, manifests[0]["numbers"], [Round.from_json(done) for done in manifests[0]["history"]])

    def _keep_only(self, shards: list[Path]) -> None:
        """Remove older ones, and what others that were killed had begun to write."""
        for path in self._folder.glob("[.0-9]*"):  # not those of other trainings
            if path not in shards:
                shutil.rmtree(path, ignore_errors=True)
