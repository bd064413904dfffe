"""Tables that are parts of a split: for training, for validation and for testing. Only the first describes a data set."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from pipeline.source.files.table_file import TableFile
from pipeline.source.sketch.names import words

_TRAINING = frozenset({"train", "training"})
_OPTIONS = {"valid": "--valid", "validation": "--valid", "val": "--valid", "dev": "--valid", "test": "--test", "testing": "--test"}


def parts_of(files: Sequence[TableFile]) -> dict[TableFile, list[tuple[TableFile, str]]]:
    """By the table for training, those that are called as its other parts are, each with the option of `evaluate` that takes it."""
    # What only numbers its rows has others in each part.
    numbered = (file for file in files if file.number is None)
    training = {rest: file for file in numbered for rest, part in [_part(file)] if part in _TRAINING}
    found: dict[TableFile, list[tuple[TableFile, str]]] = {}
    for file in files:
        rest, part = _part(file)
        if part in _OPTIONS and rest in training:
            found.setdefault(training[rest], []).append((file, _OPTIONS[part]))
    return found


def _part(file: TableFile) -> tuple[tuple[str, ...], str]:
    """The folder and the words that a file's name has besides that of its part, and that; nothing where none is one."""
    path = PurePosixPath(file.file)
    found = words(path.name.partition(".")[0]) if not file.is_database else []
    part = next((word for word in found if word in _TRAINING or word in _OPTIONS), "")
    return (str(path.parent), *(word for word in found if word != part)), part
