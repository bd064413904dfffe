"""What a source is recognised by: a digest of everything that decides its records."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pipeline.errors import SourceError


def fingerprint(*texts: str, paths: Iterable[Path] = ()) -> str:
    """SHA-256 of texts, of the bytes of files, and of the code that reads them.

    Parameters
    ----------
    *texts
        Descriptions and parameters.
    paths
        Files; those in a folder are taken in the order of their names.

    Raises
    ------
    SourceError
        If a file cannot be read.
    """
    digest = hashlib.sha256(_code())
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    for path in paths:
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            digest.update(hashlib.sha256(file.name.encode()).digest())
            try:
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
            except OSError as error:
                raise SourceError(f"{file} cannot be read: {error.strerror}", hint="check the path, and who may read it") from error
    return digest.hexdigest()


@cache
def _code() -> bytes:
    """Digest of our own code and descriptions that decide what records are: a table read by other code is another table."""
    digest = hashlib.sha256()
    for package in ("pipeline.domain", "pipeline.records", "pipeline.source"):
        for name, content in sorted(_contents(files(package), package)):
            digest.update(hashlib.sha256(name.encode()).digest())
            digest.update(hashlib.sha256(content).digest())
    return digest.digest()


def _contents(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the modules and TOML files of a package and of those inside it."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _contents(entry, f"{name}/{entry.name}")
        elif entry.name.endswith((".py", ".toml")):
            yield f"{name}/{entry.name}", entry.read_bytes()
