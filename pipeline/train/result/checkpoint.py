"""Checkpoints: the state of a training between two rounds, from which another process goes on to the same vectors.

A checkpoint is there as a whole or not at all, and the one before it stays until it is: whoever is killed leaves one that can be
gone on from. One that is damaged, or of other data, settings or code, is passed over. One that cannot be written costs no
training: it is told in the end. Nothing is written of a training that is over sooner.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.artifact import read_artifact, write_artifact
from pipeline.errors import ArtifactError
from pipeline.train.result.round import Round

FORMAT = "hyperlearn-checkpoint 1"
EVERY_S = 60.0
"""Seconds of work that a kill may cost, and a round."""
_ARRAYS = "arrays.npz"


@dataclass(frozen=True)
class State:
    """What a training is between two rounds.

    Attributes
    ----------
    arrays
        By name.
    numbers
        All else, as plain JSON.
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
    """The checkpoints of one training.

    Parameters
    ----------
    folder
        Where they are; it need not be there.
    key
        Of data, settings and code: those of another one are passed over.
    every_s
        Seconds between two.
    """

    def __init__(self, folder: Path, key: str, every_s: float = EVERY_S) -> None:
        self._folder = folder
        self._key = key
        self._every_s = every_s
        self._last = time.monotonic()
        self.resumed_round = 0
        """The round that was gone on from; 0 for none."""
        self.trouble = ""
        """Why the last one could not be written, in words."""

    def newest(self) -> State | None:
        """The newest that is whole and has the key."""
        for directory in reversed(self._directories()):
            try:
                with read_artifact(directory, FORMAT) as artifact:
                    if artifact.manifest["key"] != self._key:
                        continue
                    with np.load(artifact.file(_ARRAYS), allow_pickle=False) as stored:
                        arrays = {name: stored[name] for name in stored.files}
                    history = [Round.from_json(done) for done in artifact.manifest["history"]]
                    self.resumed_round = len(history) - 1
                    return State(arrays, artifact.manifest["numbers"], history)
            except ArtifactError:
                continue
        return None

    def offer(self, state: Callable[[], State]) -> None:
        """Write one if it is time."""
        if time.monotonic() - self._last < self._every_s:
            return
        now = state()
        directory = self._folder / f"{len(now.history) - 1:06}"
        about = {"key": self._key, "numbers": dict(now.numbers), "history": [done.to_json() for done in now.history]}
        try:
            shutil.rmtree(directory, ignore_errors=True)  # a damaged one, or one of something else
            write_artifact(directory, FORMAT, about, lambda into: np.savez(into / _ARRAYS, **now.arrays))
            self.trouble = ""
        except ArtifactError as error:
            self.trouble = f"no checkpoint: {error}"
        else:
            for old in self._directories():
                if old != directory:
                    shutil.rmtree(old, ignore_errors=True)
        self._last = time.monotonic()

    def remove(self) -> None:
        """Remove them: the training is over."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _directories(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("[0-9]*") if path.is_dir())
