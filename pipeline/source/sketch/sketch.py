"""From files to the text of a data set file: read, count, guess, write."""

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.domain.dataset import Dataset, Modality
from pipeline.domain.progress import Progress
from pipeline.errors import ConfigurationError
from pipeline.records.problems import SourceProblems, problem_groups
from pipeline.records.records import Records
from pipeline.source.files.database_url import database_name, is_url
from pipeline.source.files.null_markers import without_markers
from pipeline.source.files.raw_tables import RawTables
from pipeline.source.files.table_file import TableFile
from pipeline.source.files.written_lists import with_lists
from pipeline.source.sketch.draft import draft
from pipeline.source.sketch.names import dataset_name
from pipeline.source.sketch.profile import TableProfile, lists, null_markers, profile
from pipeline.source.sketch.reading import tables_of_file
from pipeline.source.sketch.splits import parts_of
from pipeline.source.sketch.toml_text import toml_text

_NOTHING = Dataset("sketch", (Modality("Nothing"),), ())
"""Tables that nobody has described are staged for a data set that has none."""


def sketch(paths: Sequence[str], folder: Path, name: str | None, progress: Progress) -> str:
    """The text of a data set file for some tables.

    All rows are counted, not only the first, so that what is said of keys and references holds for them.

    Parameters
    ----------
    paths
        The files, or URLs of databases; of a database all tables, or the one after a ``#``.
    folder
        Where the data set file will be; the paths in it are relative to that.
    name
        Of the data set; after the files by default.
    progress
        Told of each file.

    Raises
    ------
    ConfigurationError
        If a file is not there, or of no kind that is read.
    SourceError
        If one cannot be read.
    """
    if not paths:
        raise ConfigurationError("no tables were named", hint="hyperlearn init books.csv loans.csv")
    name = name or _name(paths)
    Dataset(name, (), ())  # refuses what cannot be one
    files = [table for path in dict.fromkeys(paths) for table in tables_of_file(path, _relative(path, folder))]
    with Records(_NOTHING) as records, RawTables(records, folder) as tables:
        profiles: list[TableProfile] = []
        notes = _without_parts(tables, files)
        for file in files:
            with progress(f"Reading {file.place}"):
                found = _profile(records, tables, file, len(profiles), notes)
                if found is not None:
                    profiles.append(found)
        groups = problem_groups(records.store)
        if any(row is None for group in groups for row, _ in group.examples):
            raise SourceProblems(name, groups)
        notes += [f"Rows that cannot be read: {group}" for group in groups]
        with progress("Guessing"):
            return toml_text(name, draft(records.store, profiles), notes)


def _without_parts(tables: RawTables, files: list[TableFile]) -> list[str]:
    """Take out the tables that are parts of a split of another one, whose columns they have; say what to do with them."""
    notes = []
    for training, parts in parts_of(files).items():
        alike = [(part, option) for part, option in parts if _have_the_same_columns(tables, training, part)]
        if alike:
            shown = ", ".join(part.place for part, _ in alike)
            asked = " ".join(f"{option} TYPE={part.place}" for part, option in alike)
            notes.append(
                f"{shown}: called as parts of a split are, with the columns of {training.place}: no tables of their own. Ask for "
                f"them by `hyperlearn evaluate FILE {asked}`, for each type of {training.place}"
            )
        for part, _ in alike:
            files.remove(part)
    return notes


def _have_the_same_columns(tables: RawTables, one: TableFile, other: TableFile) -> bool:
    """Whether two tables do; the longest rows of facts of different arity may be in one of them alone."""
    columns, others = tables.of(one), tables.of(other)
    if columns is None or others is None:
        return False
    return columns.columns.keys() == others.columns.keys() or (one.ragged and not one.header and not other.header)


def _profile(records: Records, tables: RawTables, file: TableFile, number: int, notes: list[str]) -> TableProfile | None:
    """What a file holds; what a reader should look at is added to the notes."""
    raw = tables.of(file)
    if raw is None:
        return None
    written = lists(records.store, raw)
    if written:
        file = file.model_copy(update={"lists": written})
        raw = with_lists(records, raw, f"lists_in_{number}", written)
    markers = null_markers(records.store, raw)
    if file.number is not None:
        notes.append(f"{file.place}: lines of different length, with the same things in every place, are taken for sets")
    elif not file.header:
        notes.append(f"{file.place}: its first row looks like data; give the columns their names")
    notes += [f'{file.place}: "{marker}" is taken as missing; it is in {", ".join(headers)}' for marker, headers in markers.items()]
    if markers:
        file = file.model_copy(update={"null": tuple(markers)})
        raw = without_markers(records.store, raw, f"without_{number}", tuple(markers))
    return profile(records.store, file, raw)


def _relative(path: str, folder: Path) -> str:
    return path if is_url(path) else Path(os.path.relpath(path, folder)).as_posix()


def _name(paths: Sequence[str]) -> str:
    if is_url(paths[0]):
        return dataset_name(database_name(paths[0]))
    first = Path(paths[0].partition("#")[0]).absolute()
    return dataset_name(first.name.partition(".")[0] if len(paths) == 1 else first.parent.name)
