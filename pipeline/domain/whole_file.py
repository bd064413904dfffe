"""A file that a person names, which is there as a whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import ArtifactError


def check_is_free(file: Path, *, overwrite: bool) -> None:
    """Refuse a file that is there and may not be overwritten, before any work is done.

    Raises
    ------
    ArtifactError
        If it is.
    """
    if file.exists() and not overwrite:
        raise ArtifactError(f"{file} exists already", hint="name another file, or say --overwrite")


def write_whole(file: Path, write: Callable[[Path], object], *, overwrite: bool) -> None:
    """Write beside the file, then give it its name.

    Parameters
    ----------
    file
        The file.
    write
        Writes to the path that it is given, which has the file's ending.
    overwrite
        Whether to put it in the place of one that is there.

    Raises
    ------
    ArtifactError
        If the file is there and may not be overwritten, or cannot be written.
    """
    check_is_free(file, overwrite=overwrite)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
            # The ending stays: numpy adds its own to a name without it.
            written = Path(folder) / f"file{file.suffix}"
            write(written)
            if overwrite:
                written.replace(file)
            else:
                # Unlike a renaming, a link fails where somebody else was quicker.
                os.link(written, file)
    except OSError as error:
        raise ArtifactError(
            f"{file} cannot be written: {error.strerror or error}", hint="check the folder, the disk's room and its rights"
        ) from error
