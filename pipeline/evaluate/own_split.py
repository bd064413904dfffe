"""A user's own split: tables with the hyperedges of a type that are for testing, or for choosing settings.

Such a table is read like the type's own, by the data set file's description of its columns. Entities of modalities without a table
are those that any part names, so that a member which only the test part has is a candidate like the others. Shapes: E hyperedges.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress
from pipeline.errors import ConfigurationError
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.hypergraph import hypergraph_of
from pipeline.source.described.description import Hyperedges
from pipeline.source.described.source import DescribedSource
from pipeline.source.files.database_url import is_url
from pipeline.source.files.delimited import first_cells
from pipeline.source.files.graph_table import OpenGraph
from pipeline.source.files.table_file import TableFile
from pipeline.source.toml.toml_file import parsed

Tables = Mapping[Part, Mapping[str, str]]
"""Path of a table, relative to the working folder, by part and hyperedge type."""

_ENDS: Mapping[Part, str] = {"test": "Test", "validation": "Validation"}
_READ_ALIKE = ("delimiter", "quote", "encoding", "header", "columns", "ragged", "null", "lists", "password_env")
"""Options of a type's own table that hold for another of the same kind."""
_OPTIONS: Mapping[Part, str] = {"test": "--test", "validation": "--valid"}


@dataclass(frozen=True)
class OwnSplit:
    """What was read.

    Attributes
    ----------
    hidden
        What is known and what is asked for.
    notes
        What was left out, merged or is strange, in words.
    """

    hidden: Hidden
    notes: tuple[str, ...]


def read_own_split(path: Path, tables: Tables, part: Part, progress: Progress, graph: OpenGraph | None = None) -> OwnSplit:
    """Read a data set file with the tables of a split.

    Parameters
    ----------
    path
        The data set file.
    tables
        The tables of the parts.
    part
        What is asked for; the other part is neither known nor asked for, but true. Training stops by the validation part, unless it
        is what is asked for.
    progress
        Told of each step.
    graph
        Connects to the graph in the database, for data sets whose tables are there.

    Raises
    ------
    ConfigurationError
        If a type is unknown, or nothing is asked for.
    SourceError
        If a table cannot be read, or something is wrong with it.
    """
    if not tables[part]:
        raise ConfigurationError(f"no table of the {part} part was named", hint=f"{_OPTIONS[part]} TYPE=TABLE names one")
    source = DescribedSource.of_file(path)
    kinds = {kind.label: kind for kind in source.dataset.hyperedge_types}
    parts = {(label, name): f"{label}{_ENDS[name]}" for name, by_type in tables.items() for label in by_type}
    described = dict(source.description.hyperedges)
    for (label, name), staged in parts.items():
        if label not in kinds:
            raise ConfigurationError(
                f"{_OPTIONS[name]} {label}=…: there is no hyperedge type {label!r}{did_you_mean(label, kinds)}",
                hint=f"there are {', '.join(kinds)}",
            )
        described[staged] = _of_table(described[label], tables[name][label], path.parent, f"{_OPTIONS[name]} {label}")
    dataset = replace(
        source.dataset,
        hyperedge_types=(
            *source.dataset.hyperedge_types,
            *(replace(kinds[label], label=staged, time=None) for (label, _), staged in parts.items()),
        ),
    )
    description = source.description.model_copy(update={"hyperedges": described})
    with DescribedSource(description, dataset, path.parent, graph=graph).read(progress) as records:
        records.check()
        whole, notes = hypergraph_of(records), tuple(records.notes)
    hidden = _hidden(whole, {key: whole.hyperedges[staged] for key, staged in parts.items()}, part)
    known = replace(
        hidden.known,
        dataset=source.dataset,
        hyperedges={label: hidden.known.hyperedges[label] for label in kinds},
    )
    return OwnSplit(replace(hidden, known=known), (*notes, *_repeats(hidden)))


def _of_table(hyperedges: Hyperedges, table: str, folder: Path, where: str) -> Hyperedges:
    """The description of a type, of another table; how that is to be read is as with the type's own where both are alike."""
    path, own = table if is_url(table) else os.path.relpath(table, folder), hyperedges.table
    kind = TableFile.model_construct(path=path).kind
    names = _READ_ALIKE if kind in {None, own.kind} else ("null",)
    options = {name: getattr(own, name) for name in names if name in own.model_fields_set}
    if kind is None and own.kind in {"csv", "jsonl", "parquet"}:
        # The type's own table, which it is like, tells what its name does not.
        options |= {"format": own.kind, **({"delimiter": own.separator} if own.kind == "csv" else {})}
    hint = "name a table as a data set file does: CSV, JSON lines, Parquet, SQLite, PostgreSQL"
    found = parsed(TableFile, {"path": path, **options}, where, hint)
    if own.skip and found.kind == "csv" and len(first_cells(Path(table), found)) < 2:
        found = found.model_copy(update={"skip": own.skip})
    if found.columns is not None and set(first_cells(Path(table), found)) == set(found.columns):
        found = found.model_copy(update={"header": True, "columns": None})
    return hyperedges.model_copy(update={"table": found, "time": None})


def _hidden(whole: Hypergraph, parts: Mapping[tuple[str, Part], HyperedgeList], part: Part) -> Hidden:
    asked = {label: edges for (label, name), edges in parts.items() if name == part}
    true = {
        label: np.concatenate(
            [whole.hyperedges[label].members_EK, *(edges.members_EK for (other, _), edges in parts.items() if other == label)]
        )
        for label in asked
    }
    validation = {label: edges for (label, name), edges in parts.items() if name == "validation" and name != part}
    return Hidden(whole, asked, true, validation)


def _repeats(hidden: Hidden) -> list[str]:
    """How many hyperedges that are asked for are known as well."""
    found = []
    for label, asked in hidden.asked.items():
        known = set(map(tuple, hidden.known.hyperedges[label].members_EK.tolist()))
        num = sum(members in known for members in map(tuple, asked.members_EK.tolist()))
        if num:
            found.append(f"{label}: {num:,} of {asked.num_hyperedges:,} hyperedges that are asked for are known as well")
    return found
