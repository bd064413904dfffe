"""What the database holds of a table: by the digests that the last ingest left, or, where they may not be true, row by row.

Digests are true from the end of a table's writing to the beginning of the next: an ingest that dies in between leaves none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.records.comparison import Comparison, add_present_part, add_present_rows, create_present
from pipeline.records.store import Store
from pipeline.records.tables import Table

_ROWS_AT_ONCE = 20_000


def digested_tables(client: GraphClient, dataset: str) -> dict[str, int]:
    """The tables whose digests are true, with the number of their rows."""
    return {row["key"]: row["rows"] for row in client.read(load("ingest/read_tables"), dataset=dataset)}


def count_rows(client: GraphClient, table: Table) -> int:
    """Number of a table's rows in the database, which Neo4j keeps count of."""
    if table.kind == "relations":
        (row,) = client.read(load("ingest/count_relations").with_identifiers(**_graph(table)))
        return int(row["rows"])
    (row,) = client.read(load("query/count_nodes").with_identifiers(Label=table.key))
    return int(row["nodes"])


def stage_digests(client: GraphClient, dataset: str, store: Store, table: Table) -> None:
    """Stage what a table holds by its digests."""
    create_present(store, table)
    (row,) = client.read(load("ingest/count_parts"), dataset=dataset, key=table.key)
    for number in range(row["parts"]):
        (part,) = client.read(load("ingest/read_part"), dataset=dataset, key=table.key, number=number)
        add_present_part(store, table, part["digests"])


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


def begin_table(client: GraphClient, dataset: str, key: str) -> None:
    """Take back a table's digests, before its first row is written."""
    client.write(load("ingest/begin_table"), dataset=dataset, key=key)


def end_table(client: GraphClient, dataset: str, comparison: Comparison, *, stale: bool) -> None:
    """Store a table's digests, after its last row was written."""
    begin_table(client, dataset, comparison.table.key)
    for number, part in enumerate(comparison.parts(stale=stale)):
        client.write(load("ingest/write_part"), dataset=dataset, key=comparison.table.key, number=number, digests=part)
    rows = comparison.created + comparison.changed + comparison.unchanged + (comparison.removed if stale else 0)
    client.write(load("ingest/end_table"), dataset=dataset, key=comparison.table.key, rows=rows)


def _read(client: GraphClient, table: Table) -> Iterator[dict[str, list[Any]]]:
    if table.kind == "relations":
        yield from client.stream(load("ingest/read_relations").with_identifiers(**_graph(table)), _ROWS_AT_ONCE)
    elif table.kind == "hyperedges":
        yield from client.stream(load("ingest/read_hyperedges").with_identifiers(HyperedgeType=table.key), _ROWS_AT_ONCE)
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
