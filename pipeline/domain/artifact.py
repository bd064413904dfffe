"""What stages hand over: a directory that is there as a whole or not at all, with a manifest of its files and their digests."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import ArtifactError, PipelineError

MANIFEST = "manifest.json"
_AGAIN = "run the stage before this one again"


@dataclass(frozen=True)
class Artifact:
    """A directory that has been checked.

    Attributes
    ----------
    directory
        Where it is.
    manifest
        What it says of its content.
    """

    directory: Path
    manifest: Mapping[str, Any]

    def file(self, name: str) -> Path:
        """Where a file lies that the manifest lists, by its path in the directory.

        Raises
        ------
        ArtifactError
            If it lists no such file.
        """
        if name not in self.manifest["files"]:
            raise ArtifactError(f"{self.directory / MANIFEST} does not list {name}", hint=_AGAIN)
        return self.directory / name


def write_artifact(directory: Path, form: str, manifest: dict[str, Any], fill: Callable[[Path], None]) -> None:
    """Fill a directory beside the final one, write its manifest last, and give it the final name.

    Parameters
    ----------
    directory
        Final place; must not exist yet.
    form
        Name and version of what the directory holds, checked when it is read.
    manifest
        What to say about the content, as plain JSON.
    fill
        Writes the files into the folder it is given.

    Raises
    ------
    ArtifactError
        If the directory exists already or cannot be written.
    """
    check_is_new(directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            fill(folder)
            files = {file.relative_to(folder).as_posix(): _digest(file) for file in sorted(folder.rglob("*")) if file.is_file()}
            text = json.dumps({"format": form, **manifest, "files": files}, indent=2, ensure_ascii=False)
            (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
            folder.chmod(0o755)
            folder.rename(directory)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(
            f"{directory} cannot be written: {error.strerror or f'a file is cut short, {error}'}",
            hint="check the disk's room and its rights",
        ) from error


def check_is_new(directory: Path) -> None:
    """Refuse a directory that is there already: sooner than after an hour's work.

    Raises
    ------
    ArtifactError
        If it exists.
    """
    if directory.exists():
        raise ArtifactError(f"{directory} exists already", hint="name another directory, or remove that one")


@contextmanager
def read_artifact(directory: Path, form: str, *, verify: bool = True) -> Iterator[Artifact]:
    """Check the manifest and every file that it lists, then let the content be read.

    Digests tell what has changed by accident. Whatever else is wrong with the content, in a directory that somebody edited and
    digested anew, becomes the same kind of error. Without ``verify`` the files are not looked at: another process does so.

    Raises
    ------
    ArtifactError
        If the manifest is missing or of another format, a file is missing or changed, or the content is not what it should be.
    """
    artifact = Artifact(directory, _manifest(directory, form))
    for name, digest in artifact.manifest["files"].items() if verify else ():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ArtifactError(f"{directory / MANIFEST} lists {name}, which is not in the directory", hint=_AGAIN)
        file = directory / name
        if not file.is_file():
            raise ArtifactError(f"{file} is missing", hint=_AGAIN)
        if _digest(file) != digest:
            raise ArtifactError(f"{file} is not what its manifest says", hint=_AGAIN)
    try:
        yield artifact
    except ArtifactError:
        raise
    except KeyError as error:
        raise ArtifactError(f"{directory} is damaged: {error.args[0]!r} is missing", hint=_AGAIN) from error
    except (PipelineError, ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError) as error:
        raise ArtifactError(f"{directory} is damaged: {str(error).partition(chr(10))[0]}", hint=_AGAIN) from error


def _manifest(directory: Path, form: str) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not directory.exists():
            raise ArtifactError(
                f"{directory} does not exist", hint="name a directory that the stage before this one wrote"
            ) from None
        raise ArtifactError(f"{path} is missing", hint="run the stage before this one again; it writes the manifest last") from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise ArtifactError(f"{path} is damaged: {error}", hint=_AGAIN) from error
    found = manifest.get("format") if isinstance(manifest, dict) else manifest
    if found != form:
        raise ArtifactError(f"{directory} holds {found!r}, {form!r} is expected", hint=_AGAIN)
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise ArtifactError(f"{path} is damaged: it lists no files", hint=_AGAIN)
    return dict(manifest)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
