"""Which tables a data set has, and their columns as they are staged.

Every staged table has ``place`` (the file or table that a row came from, as the user calls it) and ``row`` (its number there,
from 1; a header does not count), and then the columns of its kind.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.domain.dataset import Dataset, PropertyType

Kind = Literal["entities", "relations", "hyperedges"]

SQL_TYPES: dict[PropertyType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "strings": "VARCHAR[]",
    "integers": "BIGINT[]",
    "floats": "DOUBLE[]",
}
"""How DuckDB calls what a property holds."""

ELEMENT = "element id"
"""The column in which a table of adopted nodes says which node a row is. Names with a space are no properties'."""


@dataclass(frozen=True)
class Table:
    """One table of a data set.

    Attributes
    ----------
    key
        What messages call it: ``Movie``, ``Movie-SIMILAR``, ``Casting``.
    name
        Its name in the store.
    kind
        What a row is.
    columns
        SQL type by column, in order; those of `identity` first.
    members
        Labels of the modalities to whose ids its columns refer, by column.
    """

    key: str
    name: str
    kind: Kind
    columns: dict[str, str]
    members: dict[str, str]

    @property
    def identity(self) -> list[str]:
        """The columns that tell one row from another."""
        return ["id"] if self.kind == "entities" else list(self.members)

    @property
    def content(self) -> list[str]:
        """The other columns."""
        return [column for column in self.columns if column not in self.identity]

    @property
    def is_adopted(self) -> bool:
        """Whether its rows are nodes of the user's own."""
        return ELEMENT in self.columns


def member_columns(arity: int) -> list[str]:
    """Names of the columns that hold the members of a hyperedge, by position."""
    return [f"member{position}" for position in range(arity)]


def graph_table_key(label: str, relation_type: str) -> str:
    """The table key of an intra-modal graph."""
    return f"{label}-{relation_type}"


def tables_of(dataset: Dataset) -> dict[str, Table]:
    """The tables of a data set by key: entities first, then relations, then hyperedges."""
    tables = []
    for position, modality in enumerate(dataset.modalities):
        properties = {name: SQL_TYPES[kind] for name, kind in modality.properties.items()}
        columns = {"id": "VARCHAR", "name": "VARCHAR", **properties}
        if modality.adopted is not None:
            columns[ELEMENT] = "VARCHAR"
        tables.append(Table(modality.label, f"entities_{position}", "entities", columns, {}))
    for position, graph in enumerate(dataset.graphs):
        key = graph_table_key(graph.modality, graph.relation_type)
        columns = {"source": "VARCHAR", "target": "VARCHAR", "weight": "DOUBLE"}
        members = dict.fromkeys(("source", "target"), graph.modality)
        tables.append(Table(key, f"relations_{position}", "relations", columns, members))
    for position, kind in enumerate(dataset.hyperedge_types):
        members = dict(zip(member_columns(kind.arity), kind.members, strict=True))
        columns = {**dict.fromkeys(members, "VARCHAR"), "value": "DOUBLE"}
        if kind.time is not None:
            columns["time"] = SQL_TYPES[kind.time]
        tables.append(Table(kind.label, f"hyperedges_{position}", "hyperedges", columns, members))
    return {table.key: table for table in tables}


def num_rows_in_words(count: int) -> str:
    """A number of rows, as notes have it."""
    return "1 row" if count == 1 else f"{count:,} rows"
