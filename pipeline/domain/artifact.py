"""What stages hand over: a directory that is there as a whole or not at all, with a manifest of its files and their digests."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError

_MANIFEST = "manifest.json"


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
    if directory.exists():
        raise ArtifactError(f"{directory} exists already", hint="name another directory, or remove that one")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            fill(folder)
            files = {str(file.relative_to(folder)): _digest(file) for file in sorted(folder.rglob("*")) if file.is_file()}
            text = json.dumps({"format": form, **manifest, "files": files}, indent=2, ensure_ascii=False)
            (folder / _MANIFEST).write_text(text + "\n", encoding="utf-8")
            folder.chmod(0o755)
            folder.rename(directory)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(
            f"{directory} cannot be written: {error.strerror or error}", hint="check the disk's room and its rights"
        ) from error


def read_manifest(directory: Path, form: str) -> dict[str, Any]:
    """Read the manifest and check every file that it lists.

    Raises
    ------
    ArtifactError
        If the manifest is missing or of another format, or a file is missing or changed.
    """
    path = directory / _MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing", hint="run the stage before this one again; it writes the manifest last") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is damaged: {error}", hint="run the stage before this one again") from error
    if manifest.get("format") != form:
        raise ArtifactError(f"{directory} holds {manifest.get('format')!r}, {form!r} is expected")
    for name, digest in manifest["files"].items():
        file = directory / name
        if not file.is_file():
            raise ArtifactError(f"{file} is missing", hint="run the stage before this one again")
        if _digest(file) != digest:
            raise ArtifactError(f"{file} is not what its manifest says", hint="run the stage before this one again")
    return manifest


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
