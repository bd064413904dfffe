"""A data set that a TOML file describes, as a source of records."""

from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from pipeline.domain.dataset import Dataset
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.scratch import Scratch
from pipeline.errors import ConfigurationError, SourceError
from pipeline.records.records import Records
from pipeline.source.described.description import Description, VectorFeature
from pipeline.source.described.description_file import read_description
from pipeline.source.described.hyperedges import fill_hyperedges
from pipeline.source.described.suspicions import note_suspicions
from pipeline.source.described.tables import DescribedTables
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.files.graph_table import FetchedTable, OpenGraph, fetch
from pipeline.source.files.raw_tables import RawTables, frame_digest, what_is_there
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
    graph
        Connects to the graph in the database, for tables that are there.
    """

    def __init__(
        self,
        description: Description,
        dataset: Dataset,
        folder: Path = Path(),
        frames: "Mapping[str, pd.DataFrame] | None" = None,
        graph: OpenGraph | None = None,
    ) -> None:
        self.description = description
        self.dataset = dataset
        self._folder = folder
        self._frames = frames or {}
        self._graph = graph
        self._fetched: dict[TableFile, FetchedTable] | None = None

    @classmethod
    def of_file(cls, path: Path, graph: OpenGraph | None = None) -> "DescribedSource":
        """The data set that a TOML file describes.

        Raises
        ------
        ConfigurationError
            If the file is not right, with all that is wrong with it.
        """
        description, dataset = read_description(path)
        return cls(description, dataset, path.parent, graph=graph)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.description.name

    def fingerprint(self) -> str:
        """Digest of the description, of all files' bytes, of all rows from databases, and of the code that reads them.

        Of files that are not there it holds the names: `read` tells all of them at once, with everything else that is wrong.
        """
        files: set[Path] = set()
        databases = []
        for table in dict.fromkeys(_tables_of(self.description)):
            if table.path is None or table.path in self._frames:
                continue
            if table.kind == "postgresql":
                databases.append(table)
            else:
                path = self._folder / table.file
                # What SQLite has not yet brought into the file itself lies beside it.
                files |= {path, path.with_name(f"{path.name}-wal")} if table.kind == "sqlite" else {path}
        for modality in self.description.modalities.values():
            for feature in modality.features.values():
                if isinstance(feature, VectorFeature) and feature.file is not None:
                    files.add(self._folder / feature.file)
        frames = [f"{path} {frame_digest(frame)}" for path, frame in sorted(self._frames.items())]
        there = sorted(path for path in files if what_is_there(path) is None)
        missing = [str(path) for path in sorted(files.difference(there))]
        # When it is refreshed changes nothing of what is in it.
        described = self.description.model_dump_json(exclude={"schedule"})
        fetched = [f"{table.place} {found.digest}" for table, found in self._from_graph(no_progress).items()]
        return fingerprint(described, *frames, *missing, *fetched, *_digests(databases), paths=there)

    def read(self, progress: Progress) -> Records:
        """Stage the records, unchecked. Rows from the graph are those that the fingerprint is of."""
        fetched = self._from_graph(progress)

        def fill(records: Records) -> None:
            with RawTables(records, self._folder, fetched) as raw_tables:
                for path, frame in self._frames.items():
                    raw_tables.add(path, frame)
                fill_described(records, self.description, raw_tables, self._folder, progress)

        return Records.filled(self.dataset, fill)

    def _from_graph(self, progress: Progress) -> dict[TableFile, FetchedTable]:
        """The tables of the graph, fetched once.

        Those of entities come last: what others add meanwhile is then there where it is named.
        """
        if self._fetched is not None:
            return self._fetched
        wanted = [table for table in dict.fromkeys(reversed(_tables_of(self.description))) if table.kind == "graph"]
        if not wanted:
            return {}
        if self._graph is None:
            raise ConfigurationError(
                f"data set {self.name} takes tables from the graph in Neo4j, and there is no connection to it here",
                hint="from Python, give catalogue.find a graph: docs/python.md",
            )
        self._spool = Scratch()  # for as long as the source is
        adopting = {m.table: label for label, m in self.description.modalities.items() if m.table is not None}
        found: dict[TableFile, FetchedTable] = {}
        with self._graph() as graph:
            for number, table in enumerate(wanted):
                path = self._spool.folder / f"{number}.jsonl"
                with progress(f"Asking the graph for {table.place}"):
                    if table.cypher is not None:
                        rows = graph.query(table.cypher)
                    else:
                        label = adopting[table]
                        rows = graph.nodes(self.dataset.modality(label), self.description.modalities[label].columns)
                    found[table] = fetch(rows, path)
        self._fetched = found
        return found


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
        by_arity = {hyperedges.table for hyperedges in description.hyperedges.values() if hyperedges.empty}
        for label, hyperedges in description.hyperedges.items():
            fill_hyperedges(tables, label, hyperedges, keyed, shares_rows=hyperedges.table in by_arity)
            advance(1)
        tables.note_rows_of_no_type()
    tables.refuse_shared_nodes(description)
    for label, modality in description.modalities.items():
        if modality.table is None:
            tables.collect_entities(label, description)
    for relation in description.relations:
        if relation.nearest is not None:
            from pipeline.source.described.graphs import fill_nearest

            with progress(f"Nearest neighbours of {relation.modality}"):
                fill_nearest(tables, relation, description.modalities[relation.modality], folder)
    note_suspicions(records, tables.texts)


def _digests(tables: list[TableFile]) -> list[str]:
    """What tables of PostgreSQL are recognised by; one that cannot be read is never as before, so that `read` tells why."""
    if not tables:
        return []
    from pipeline.source.files.postgresql_tables import PostgresqlDatabases

    digests = []
    with PostgresqlDatabases() as databases:
        for table in tables:
            try:
                digests.append(databases.digest(table))
            except SourceError:
                digests.append(token_hex())
    return digests


def _tables_of(description: Description) -> list[TableFile]:
    """The tables that a description names, some perhaps several times."""
    tables = [m.table for m in description.modalities.values()] + [r.table for r in description.relations]
    return [table for table in [*tables, *(h.table for h in description.hyperedges.values())] if table is not None]
