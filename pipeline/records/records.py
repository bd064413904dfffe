"""The data of a hypergraph as a source yields it: a staged table per modality, per intra-modal graph and per hyperedge type.

Everything refers to entities by id. A source fills the tables and reports what it could not read; `check` finds what is wrong
with them together. Only checked records go on: ids are unique, no member dangles, weights and values are finite, every pair and
every combination of members stands once.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.domain.dataset import Dataset, GraphKey
from pipeline.errors import SourceError
from pipeline.records.checks import Checks
from pipeline.records.problems import CREATE_TABLE, SourceProblems, problem_groups, write_quarantine
from pipeline.records.store import Store, literal, quoted
from pipeline.records.tables import Table, graph_table_key, tables_of

if TYPE_CHECKING:
    import pandas as pd


class Records:
    """A data set's description with its staged tables; use it as a context manager, or close it.

    Parameters
    ----------
    dataset
        The description.
    store
        Where the tables are staged; closed with the records. None makes one.
    """

    def __init__(self, dataset: Dataset, store: Store | None = None) -> None:
        self.dataset = dataset
        self.store = store or Store()
        self.tables = tables_of(dataset)
        """The tables by key."""
        self.columns: dict[tuple[str, str], str] = {}
        """What the source calls a staged column, by table key and column; messages use it."""
        self.places: dict[str, str] = {}
        """Where the rows of a staged table are from, by key, where they are all from one place; messages use it."""
        self.notes: list[str] = []
        """What the source mended, left out or did not find, in words with counts: nothing of the kind is silent."""
        self.num_quarantined = 0
        """Rows that `check` set aside."""
        self._raw_tables: dict[str, str] = {}
        self.store.run(CREATE_TABLE)
        for table in self.tables.values():
            self.create(table)

    @classmethod
    def filled(cls, dataset: Dataset, fill: Callable[[Self], None]) -> Self:
        """Make records and fill them; they are closed where that fails."""
        records = cls(dataset)
        try:
            fill(records)
        except BaseException:
            records.close()
            raise
        return records

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        entities: "Mapping[str, pd.DataFrame]",
        relations: "Mapping[GraphKey, pd.DataFrame]",
        hyperedges: "Mapping[str, pd.DataFrame]",
        notes: tuple[str, ...] = (),
    ) -> Self:
        """Stage tables that are in memory.

        Parameters
        ----------
        dataset
            The description.
        entities
            Per modality label, a frame with the columns ``id``, ``name`` and the modality's properties.
        relations
            Per (modality label, relation type), a frame with the columns ``source``, ``target`` (ids) and ``weight`` (> 0).
            Relations are undirected.
        hyperedges
            Per hyperedge type label, a frame with one column of ids per position, named ``member0``, ``member1`` …, ``value`` and,
            where the type has one, ``time``.
        notes
            What was mended or left out on the way.

        Raises
        ------
        SourceError
            If a column is missing or does not hold what it should.
        """

        def fill(records: Records) -> None:
            for label, frame in entities.items():
                records.append(label, frame)
            for key, frame in relations.items():
                records.append(graph_table_key(*key), frame)
            for label, frame in hyperedges.items():
                records.append(label, frame)
            records.notes.extend(notes)

        return cls.filled(dataset, fill)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the staged tables."""
        self.store.close()

    def create(self, table: Table) -> None:
        """Make a staged table, empty."""
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.columns.items())
        self.store.run(f"CREATE TABLE {table.name} (place VARCHAR, row BIGINT, {columns})")

    def append(self, key: str, frame: "pd.DataFrame", place: str | None = None) -> None:
        """Append rows to a table.

        Parameters
        ----------
        key
            The table.
        frame
            Its columns; others are ignored.
        place
            What messages call the place that the rows are from; the key by default.

        Raises
        ------
        SourceError
            If a column is missing or does not hold what it should.
        """
        table = self.tables[key]
        missing = [column for column in table.columns if column not in frame.columns]
        if missing:
            raise SourceError(f"{place or key}: column {missing[0]!r} is missing, found {', '.join(map(str, frame.columns))}")
        before = self.num_rows(key)
        with self.store.view(frame[list(table.columns)].reset_index(drop=True)) as view:
            self.fill(
                key,
                f"SELECT {literal(place or key)}, {before} + row_number() OVER (), {_columns(table)} FROM {view}",
            )

    def fill(self, key: str, select: str) -> None:
        """Append what a SELECT gives: place, row and the columns of the table, in their order."""
        self.store.run(f"INSERT INTO {self.tables[key].name} {select}")

    def problem(self, select: str) -> None:
        """Note the problems that a SELECT gives: table key, place, row (NULL: the whole place), column, expected, found."""
        self.store.run(f"INSERT INTO problems {select}")

    def note(self, text: str) -> None:
        """Say what was mended or left out."""
        self.notes.append(text)

    def keep_raw(self, place: str, table: str) -> None:
        """Say which table of the store holds the rows of a place as they were read; it has a column ``row``."""
        self._raw_tables[place] = table

    def num_rows(self, key: str) -> int:
        """Number of rows of a table."""
        return self.store.num_rows(self.tables[key].name)

    def frame(self, key: str) -> "pd.DataFrame":
        """A table in memory: its columns, in the order in which the rows were read."""
        table = self.tables[key]
        return self.store.frame(f"SELECT {_columns(table)} FROM {table.name} ORDER BY place, row")

    def check(self, quarantine: Path | None = None) -> None:
        """Find everything that is wrong, and merge what stands twice.

        Parameters
        ----------
        quarantine
            A file of JSON lines to which rows that have a problem are set aside; what remains is consistent. None refuses all.

        Raises
        ------
        SourceProblems
            If there are problems, and they are not quarantined or are no single rows'.
        """
        checks = Checks(self.store, self.tables, self.columns, self.places, self.notes)
        entities = [table for table in self.tables.values() if table.kind == "entities"]
        others = [table for table in self.tables.values() if table.kind != "entities"]
        # Where a whole file is missing or a modality is empty, everything else that seems wrong follows from it.
        self._refuse_problems("row IS NULL")
        for table in entities:
            checks.entities(table)
            checks.not_empty(table)
        self._refuse_problems("row IS NULL")
        if quarantine is not None:
            self._remove_bad_rows(entities)
            for table in entities:
                checks.not_empty(table)
            self._refuse_problems("row IS NULL")
            for table in others:
                checks.remove_members_of_quarantined(table)
        for table in others:
            checks.members(table)
            (checks.relations if table.kind == "relations" else checks.hyperedges)(table)
        if quarantine is None:
            self._refuse_problems("true")
        else:
            self._remove_bad_rows(others)
            self.num_quarantined = write_quarantine(self.store, self._raw_tables, quarantine)

    def _refuse_problems(self, condition: str) -> None:
        if self.store.value(f"SELECT count(*) FROM problems WHERE {condition}"):
            raise SourceProblems(self.dataset.name, problem_groups(self.store))

    def _remove_bad_rows(self, tables: list[Table]) -> None:
        for table in tables:
            where = f"SELECT place, row FROM problems WHERE key = {literal(table.key)} AND row IS NOT NULL"
            if table.kind == "entities":
                bad = f"SELECT DISTINCT id FROM {table.name} SEMI JOIN ({where}) USING (place, row)"
                self.store.run(f"CREATE TABLE removed_{table.name} AS {bad}")
            self.store.run(f"DELETE FROM {table.name} WHERE (place, row) IN ({where})")


def _columns(table: Table) -> str:
    return ", ".join(quoted(column) for column in table.columns)
