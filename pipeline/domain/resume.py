"""Going on from what earlier runs left: a snapshot or embeddings of the same key are taken over instead of made again.

A run that failed or was killed leaves whole directories or none, and reading checks the digests of their files. One that is
damaged, or of another version of its format, is nothing to go on from: the stage then does its work. What is taken over is copied,
so that a run's folder holds all of the run, however long those of others last.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.run_folder import left_by_earlier_runs
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import ArtifactError


def resume_snapshot(directory: Path, key: str) -> str | None:
    """Copy the newest snapshot that has a key into a run's folder.

    Parameters
    ----------
    directory
        Where to, in the folder of the run.
    key
        The snapshot's key.

    Returns
    -------
    str or None
        The run that left it; None if no run has.
    """
    return _newest(directory, lambda left: Snapshot.take_over(left, directory, key))


def resume_embeddings(directory: Path, key: str) -> str | None:
    """Copy the newest embeddings that have a key into a run's folder, under the id of this run.

    The parameters and what is returned are those of `resume_snapshot`.
    """

    def take_over(left: Path) -> bool:
        embeddings = Embeddings.read(left)
        if embeddings.report.get("key") != key:
            return False
        replace(embeddings, run=directory.parent.name).write(directory)
        return True

    return _newest(directory, take_over)


def resume_checkpoints(folder: Path) -> None:
    """Take over the checkpoints that the newest earlier run left under the name of a folder, which is not there yet."""
    for left in left_by_earlier_runs(folder.parent, folder.name):
        left.rename(folder)
        return


def _newest(directory: Path, take_over: Callable[[Path], bool]) -> str | None:
    """The newest run that left something which is taken over; None if no run has."""
    for left in left_by_earlier_runs(directory.parent, directory.name):
        try:
            if take_over(left):
                return left.parent.name
        except ArtifactError:
            continue
    return None
