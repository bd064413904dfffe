"""Where a refresh keeps what its stages hand over: ``<runs>/<data set>/<run>``, a folder that no other run has.

A run's id is ``<data set>-<UTC time to the microsecond>-<16 random bits>``: ids sort by time, and two runs that start at once, on
whatever hosts, differ.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.domain.private_folder import private_folder

_AFTER_DATASET = re.compile(r"-\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{4}")


def new_run_id(dataset: str) -> str:
    """An id that no other run has."""
    return f"{dataset}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(2)}"


def embeddings_folder(runs: Path, dataset: str, run: str) -> Path:
    """Where a run's embeddings directory is, if a refresh of this home made it."""
    return runs / dataset / run / "embeddings"


@contextmanager
def run_folder(runs: Path, dataset: str, run: str) -> Iterator[Path]:
    """Make the folder of a run, and keep others from removing it for the length of a block."""
    folder = private_folder(runs) / dataset / run
    folder.mkdir(parents=True)
    with _locked(folder) as locked:
        assert locked  # noqa: S101 - nobody else knows of it yet
        yield folder


def left_by_earlier_runs(folder: Path, name: str) -> Iterator[Path]:
    """What the other runs of the data set left under a name in their folders, the newest first.

    A folder is kept from being removed while what it has is looked at; those of runs at work are left out.

    Parameters
    ----------
    folder
        Folder of the run that asks.
    name
        Name of what they left, such as ``snapshot``.
    """
    for earlier in reversed(_run_folders(folder.parent)):
        if earlier != folder and (earlier / name).exists():
            with _locked(earlier) as locked:
                if locked:
                    yield earlier / name


def remove_old_runs(runs: Path, dataset: str, kept: Collection[str]) -> None:
    """Remove the folders of a data set's runs but the newest, those kept and those at work; what is no run's folder stays."""
    for folder in _run_folders(runs / dataset)[:-1]:
        if folder.name not in kept:
            _remove(folder)


def remove_all_runs(runs: Path, dataset: str) -> None:
    """Remove the folders of all runs of a data set but those at work, and that of the data set if nothing else is in it."""
    for folder in _run_folders(runs / dataset):
        _remove(folder)
    with suppress(OSError):
        (runs / dataset).rmdir()


def _remove(folder: Path) -> None:
    with _locked(folder) as locked:
        if locked:
            shutil.rmtree(folder)


def _run_folders(folder: Path) -> list[Path]:
    """The folders of a data set's runs, the oldest first; those of the future count as older, since the clock was set back."""
    now = new_run_id(folder.name)
    runs = (run for run in folder.glob("*") if _AFTER_DATASET.fullmatch(run.name.removeprefix(folder.name)))
    return sorted(runs, key=lambda run: (run.name <= now, run.name))


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder as long as the block lasts and the process lives; whether nobody else had."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # removed by another one in this moment
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
