"""What the database holds of a table: by the digests that the last ingests left, or, where they may not be true, row by row.

Digests are true from the end of an ingest to the beginning of the next that writes the table: one that dies in between leaves none.
They lie in parts: first those of all rows, then, of each ingest since, those of the rows that it changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_nodes
from pipeline.graph.statement import load
from pipeline.ingest.batches import BATCH_BYTES, CONCURRENCY
from pipeline.records.comparison import Comparison, add_present_part, add_present_rows, create_present
from pipeline.records.store import Store
from pipeline.records.tables import ELEMENT, Table

GREATEST_CHANGES = 0.1
"""The part of a table's rows that parts of changes hold at most: beyond it all rows are digested anew."""

MOST_CHANGES = 16
"""Parts of changes of a table, since each is a transaction to read."""

_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Digests:
    """The digests of a table that are true.

    Attributes
    ----------
    rows
        Number of the table's rows.
    parts
        Number of the parts.
    changes
        Number of those that hold changes.
    changed
        Number of rows in these.
    """

    rows: int
    parts: int
    changes: int
    changed: int

    def takes(self, comparison: Comparison) -> bool:
        """Whether the difference shall be one more part of changes."""
        return self.changes < MOST_CHANGES and self.changed + comparison.written <= GREATEST_CHANGES * self.rows


def digested_tables(client: GraphClient, dataset: str) -> dict[str, Digests]:
    """The tables whose digests are true."""
    rows = client.read(load("ingest/read_tables"), dataset=dataset)
    return {row.pop("key"): Digests(**row) for row in rows}


def count_rows(client: GraphClient, table: Table) -> int:
    """Number of a table's rows in the database, which Neo4j keeps count of."""
    if table.kind == "relations":
        (row,) = client.read(load("ingest/count_relations").with_identifiers(**_graph(table)))
        return int(row["rows"])
    return count_nodes(client, table.key)


def stage_digests(client: GraphClient, dataset: str, store: Store, table: Table, digests: Digests) -> None:
    """Stage what a table holds by its digests."""
    create_present(store, table)
    numbers = ({"number": number} for number in range(digests.parts))
    statement = load("ingest/read_part")
    for part in client.read_pages(statement, numbers, concurrency=CONCURRENCY, dataset=dataset, key=table.key):
        add_present_part(store, table, part["digests"], changes=part["changed"] is not None)


def stage_rows(client: GraphClient, store: Store, table: Table, former: Mapping[str, str], progress: Progress) -> None:
    """Stage what a table holds by reading it.

    Parameters
    ----------
    client
        The database.
    store
        Where the table is staged.
    table
        The table.
    former
        SQL types of columns that the description had and has no longer.
    progress
        Told of the rows read.
    """
    create_present(store, table)
    whole = replace(table, columns={**table.columns, **former})
    if not (num_rows := count_rows(client, table)):
        return
    with progress(f"Reading back {table.key}", total=num_rows) as advance:
        for columns in _read(client, whole):
            arity = columns.pop("arity", None)
            num_read = len(next(iter(columns.values())))
            damaged = [False] * num_read if arity is None else [n != len(table.members) for n in arity]
            add_present_rows(store, whole, columns, damaged)
            advance(num_read)


def remove_digests(client: GraphClient, dataset: str, key: str) -> None:
    """Remove a table's digests, which are no longer true."""
    client.write(load("ingest/remove_digests"), dataset=dataset, key=key)


def write_digests(
    client: GraphClient, dataset: str, comparisons: Mapping[str, Comparison], digested: Mapping[str, Digests], *, stale: bool
) -> None:
    """Store the digests of tables, after their last row was written.

    Parameters
    ----------
    client, dataset
        Where to.
    comparisons
        The tables, with what was written.
    digested
        Digests that were true before.
    stale
        Whether rows that should go were left there.
    """

    def parts() -> Iterator[dict[str, object]]:
        for key, comparison in comparisons.items():
            before = digested.get(key)
            if before is not None and before.takes(comparison):
                for number, (part, rows) in enumerate(comparison.parts_of_changes(stale=stale), before.parts):
                    yield {"key": key, "number": number, "digests": part, "changed": rows}
            else:
                remove_digests(client, dataset, key)
                for number, (part, _) in enumerate(comparison.parts(stale=stale)):
                    yield {"key": key, "number": number, "digests": part, "changed": None}

    for batch in _batches(parts()):
        client.write_rows(load("ingest/write_parts"), batch, dataset=dataset)


def _batches(parts: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Small parts together; a large one alone."""
    batch: list[dict[str, Any]] = []
    for part in parts:
        if batch and sum(len(one["digests"]) for one in (*batch, part)) > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(part)
    if batch:
        yield batch


def _read(client: GraphClient, table: Table) -> Iterator[dict[str, list[Any]]]:
    if table.kind == "relations":
        yield from client.stream(load("ingest/read_relations").with_identifiers(**_graph(table)), _ROWS_AT_ONCE)
    elif table.kind == "hyperedges":
        yield from client.stream(load("ingest/read_hyperedges").with_identifiers(HyperedgeType=table.key), _ROWS_AT_ONCE)
    elif table.is_adopted:
        for columns in client.stream(load("ingest/read_adopted").with_identifiers(Modality=table.key), _ROWS_AT_ONCE):
            columns[ELEMENT] = columns.pop("element")
            yield {name: columns[name] for name in table.columns}
    else:
        properties = table.content
        statement = load("ingest/read_entities").with_identifiers(Modality=table.key)
        for columns in client.stream(statement, _ROWS_AT_ONCE, properties=properties):
            yield {"id": columns["id"], **_columns(properties, columns["content"])}


def _graph(table: Table) -> dict[str, str]:
    """What statements call the graph of a table of relations."""
    label = table.members["source"]
    return {"Modality": label, "RELATION_TYPE": table.key.removeprefix(f"{label}-")}


def _columns(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> dict[str, list[Any]]:
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
