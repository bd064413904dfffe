"""A data set that a TOML file describes, as a source of records."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.dataset import Dataset
from pipeline.domain.progress import Progress
from pipeline.records.records import Records
from pipeline.source.described.description import Description, VectorFeature
from pipeline.source.described.description_file import read_description
from pipeline.source.described.hyperedges import fill_hyperedges
from pipeline.source.described.suspicions import note_suspicions
from pipeline.source.described.tables import DescribedTables
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.files.raw_tables import RawTables, frame_digest
from pipeline.source.files.table_file import TableFile

if TYPE_CHECKING:
    import pandas as pd


class DescribedSource:
    """A described data set; see `pipeline.records.source_protocol.Source`.

    Parameters
    ----------
    description, dataset
        What is described.
    folder
        What the paths in it are relative to.
    frames
        Tables in memory by path, which are taken instead of files.
    """

    def __init__(
        self,
        description: Description,
        dataset: Dataset,
        folder: Path = Path(),
        frames: "Mapping[str, pd.DataFrame] | None" = None,
    ) -> None:
        self.description = description
        self.dataset = dataset
        self._folder = folder
        self._frames = frames or {}

    @classmethod
    def of_file(cls, path: Path) -> "DescribedSource":
        """The data set that a TOML file describes.

        Raises
        ------
        ConfigurationError
            If the file is not right, with all that is wrong with it.
        """
        description, dataset = read_description(path)
        return cls(description, dataset, path.parent)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.description.name

    def fingerprint(self) -> str:
        """Digest of the description, of all files' bytes, and of the code that reads them.

        Of files that are not there it holds the names: `read` tells all of them at once, with everything else that is wrong.
        """
        files: set[Path] = set()
        for table in _tables_of(self.description):
            if table.path not in self._frames:
                path = self._folder / table.file
                # What SQLite has not yet brought into the file itself lies beside it.
                files |= {path, path.with_name(f"{path.name}-wal")} if table.kind == "sqlite" else {path}
        for modality in self.description.modalities.values():
            for feature in modality.features.values():
                if isinstance(feature, VectorFeature) and feature.file is not None:
                    files.add(self._folder / feature.file)
        frames = [f"{path} {frame_digest(frame)}" for path, frame in sorted(self._frames.items())]
        there = sorted(path for path in files if path.is_file())
        missing = [str(path) for path in sorted(files) if not path.is_file()]
        # When it is refreshed changes nothing of what is in it.
        described = self.description.model_dump_json(exclude={"schedule"})
        return fingerprint(described, *frames, *missing, paths=there)

    def read(self, progress: Progress) -> Records:
        """Stage the records, unchecked."""

        def fill(records: Records) -> None:
            raw_tables = RawTables(records, self._folder)
            for path, frame in self._frames.items():
                raw_tables.add(path, frame)
            fill_described(records, self.description, raw_tables, self._folder, progress)

        return Records.filled(self.dataset, fill)


def fill_described(records: Records, description: Description, raw_tables: RawTables, folder: Path, progress: Progress) -> None:
    """Stage the records that a description makes of its tables.

    Parameters
    ----------
    records
        Of the data set that is described, empty.
    description
        What to make of the tables.
    raw_tables
        The tables.
    folder
        What the paths of vectors are relative to.
    progress
        Told of each step.
    """
    for table in dict.fromkeys(_tables_of(description)):
        with progress(f"Reading {table.place}"):
            raw_tables.of(table)
    tables = DescribedTables(records, raw_tables)
    keyed = [label for label, modality in description.modalities.items() if modality.table is not None]
    with progress("Staging tables", total=len(records.tables)) as advance:
        for label, modality in description.modalities.items():
            tables.fill_entities(label, modality)
            advance(1)
        for relation in description.relations:
            tables.fill_relations(relation)
            advance(1)
        for label, hyperedges in description.hyperedges.items():
            fill_hyperedges(tables, label, hyperedges, keyed)
            advance(1)
    for label, modality in description.modalities.items():
        if modality.table is None:
            tables.collect_entities(label, description)
    for relation in description.relations:
        if relation.nearest is not None:
            from pipeline.source.described.graphs import fill_nearest

            with progress(f"Nearest neighbours of {relation.modality}"):
                fill_nearest(tables, relation, description.modalities[relation.modality], folder)
    note_suspicions(records, tables.texts)


def _tables_of(description: Description) -> list[TableFile]:
    """The tables that a description names, some perhaps several times."""
    tables = [m.table for m in description.modalities.values()] + [r.table for r in description.relations]
    return [table for table in [*tables, *(h.table for h in description.hyperedges.values())] if table is not None]
