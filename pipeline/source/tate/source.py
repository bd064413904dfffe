"""The Tate's collection (69,202 artworks, CC0) as a hypergraph.

In comes the museum's public repository, packed or unpacked (`pipeline.source.tate.archive`). ``tate.toml`` describes what comes
out: artworks, artists, medium keywords, decades and the subjects of a taxonomy of three levels; artists and artworks that are near
by their features, decades in a row, subjects under broader ones. A work that lacks a year is in no hyperedge, one that lacks a
medium only in Depiction; the notes count both.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.domain.progress import Progress
from pipeline.errors import SourceError
from pipeline.records.records import Records
from pipeline.records.store import literal
from pipeline.source.described.description_file import packaged_description
from pipeline.source.described.source import fill_described
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.files.raw_tables import RawTables
from pipeline.source.tate.archive import LAYOUT_HINT, documents
from pipeline.source.tate.tables import Collection

DESCRIPTION, DATASET = packaged_description(__package__, "tate.toml")

_EXPECTED = "a description of one, in JSON, as the repository has it"


@dataclass(frozen=True)
class TateSource:
    """The Tate's collection.

    Attributes
    ----------
    path
        The archive of its repository, or the folder.
    """

    path: Path
    name: str = DATASET.name

    def fingerprint(self) -> str:
        """Digest of the archive or folder and of the code that reads it."""
        return fingerprint(paths=[self.path])

    def read(self, progress: Progress) -> Records:
        """Read the collection as a hypergraph.

        Raises
        ------
        SourceError
            If the path is not the repository of the collection.
        """
        return Records.filled(DATASET, lambda records: self._fill(records, progress))

    def _fill(self, records: Records, progress: Progress) -> None:
        # The documents are not in memory any more when the neighbours are looked for.
        raw_tables = self._raw_tables(records, progress)
        fill_described(records, DESCRIPTION, raw_tables, Path(), progress)

    def _raw_tables(self, records: Records, progress: Progress) -> RawTables:
        collection = Collection()
        with progress("Reading the Tate's collection") as advance:
            for document in documents(self.path):
                collection.take(document)
                advance(1)
        if not collection.num_artworks:
            raise SourceError(f"{self.path} holds no artwork", hint=LAYOUT_HINT)
        if collection.faults:
            with records.store.view(pd.DataFrame(collection.faults, columns=["key", "file", "fault"])) as view:
                records.problem(f"SELECT key, file, 1, NULL, {literal(_EXPECTED)}, fault FROM {view}")
        num_unknown = len(collection.unknown_artists)
        records.note(f"Artist: {num_unknown} that artworks name have no file of their own, which has their years and places")
        raw_tables = RawTables(records)
        for name, table in collection.tables().items():
            raw_tables.add(f"{name}.jsonl", table)
        return raw_tables
