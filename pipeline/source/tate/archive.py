"""The Tate's collection as its public repository lays it out: one JSON file per artwork and per artist.

In comes the archive of the repository (tar, compressed or not, or zip) or the folder that it unpacks to; the files lie in it at
``artworks/…/*.json`` and ``artists/…/*.json``, below any folder. Out come their documents, one at a time: an archive is read
once from its beginning to its end and never unpacked.
"""

import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pipeline.errors import SourceError

Kind = Literal["artworks", "artists"]

_KINDS: dict[str, Kind] = {"artworks": "artworks", "artists": "artists"}

LAYOUT_HINT = (
    "expected is the repository of the Tate's collection: artworks/…/*.json and artists/…/*.json in a folder, .tar.… or .zip"
)


@dataclass(frozen=True)
class Document:
    """One JSON file.

    Attributes
    ----------
    kind
        Whether it describes an artwork or an artist.
    file
        Its path in the archive or folder.
    data
        What it holds.
    fault
        Why it cannot be read; empty if it can.
    """

    kind: Kind
    file: str
    data: dict[str, Any]
    fault: str = ""


def documents(path: Path) -> Iterator[Document]:
    """All documents, in the order of the archive, or of the names in a folder.

    Raises
    ------
    SourceError
        If the path is neither a folder nor an archive, or the archive is damaged.
    """
    if not path.exists():
        raise SourceError(f"{path} is missing", hint=LAYOUT_HINT)
    read = _folder if path.is_dir() else _zip if zipfile.is_zipfile(path) else _tar
    try:
        for file, content in read(path):
            kind = _kind(file)
            if kind is not None:
                yield _document(kind, file, content)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error) as error:
        raise SourceError(f"{path} cannot be read: {error}", hint=LAYOUT_HINT) from error


def _kind(file: str) -> Kind | None:
    parts = PurePosixPath(file).parts[:-1]
    if file.endswith(".json"):
        for part in parts:
            if part in _KINDS:
                return _KINDS[part]
    return None


def _document(kind: Kind, file: str, content: bytes) -> Document:
    try:
        data = json.loads(content)
    except ValueError as error:  # UnicodeDecodeError is one
        return Document(kind, file, {}, str(error))
    except RecursionError:
        return Document(kind, file, {}, "nested too deeply")
    key = "acno" if kind == "artworks" else "id"
    if not isinstance(data, dict) or data.get(key) in (None, ""):
        return Document(kind, file, {}, f"no {key}")
    return Document(kind, file, data)


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*.json")):
        yield file.relative_to(path).as_posix(), file.read_bytes()


def _zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _kind(name):
                yield name, archive.read(name)


def _tar(path: Path) -> Iterator[tuple[str, bytes]]:
    # not as a stream ("r|*"): that takes an archive that was cut off for a whole one
    with tarfile.open(path, "r:*") as archive:
        while (member := archive.next()) is not None:
            if member.isfile() and _kind(member.name):
                stream = archive.extractfile(member)
                yield member.name, stream.read() if stream is not None else b""
            # tarfile keeps its members for a way back that nobody goes
            archive.members.clear()  # type: ignore[attr-defined]
