"""Temporary folders that go with their process, however it ends: whoever makes one removes what those that were killed have left.

A process holds a lock on each of its folders, which ends with it; so a folder that nobody holds is nobody's.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from weakref import finalize

_PREFIX = "hyperlearn-scratch-"


class Scratch:
    """A folder in the place for temporary files (``TMPDIR``), for its owner only; removed when it is closed or no longer in use.

    Attributes
    ----------
    folder
        Its path.
    """

    def __init__(self) -> None:
        _remove_what_was_left()
        while True:
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            try:
                lock = os.open(self.folder, os.O_RDONLY)
            except FileNotFoundError:
                continue  # somebody saw it before it was locked
            with suppress(OSError):  # where folders cannot be locked, none is removed either
                fcntl.flock(lock, fcntl.LOCK_EX)
            if self.folder.exists():
                break
            os.close(lock)
        self._end = finalize(self, _remove, self.folder, lock)

    def __enter__(self) -> Path:
        return self.folder

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        self._end()


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _remove_what_was_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.geteuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
