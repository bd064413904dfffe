"""How fast tables go into Neo4j, against a bare loop and against LOAD CSV, and what a second run costs.

The same rows go three times into a server of its own, each from an empty store:

* ours: `ingest` of a data set file with CSV tables, reading and checking them included;
* a bare loop: the statements of ours with the same batches, one transaction after the other, rows ready in memory, nothing checked;
* LOAD CSV: the same writes, the server reading the same CSV files, in transactions of as many rows.

Then ours again with nothing changed, and three times with 1 % of the rows of every table changed (entities renamed, weights and
values set, a quarter of the 1 % of hyperedges replaced by others; then all back, and once more): the first finds a server that has
planned none of its statements.

    uv run python benchmarks/ingest.py [--hyperedges 300000] [--markdown FILE]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j
import numpy as np
import pandas as pd
import psutil

from pipeline.graph.client import GraphClient
from pipeline.graph.schema import create_schema
from pipeline.graph.server import EmbeddedServer
from pipeline.graph.statement import Statement, load
from pipeline.ingest.batches import BATCH_SIZE
from pipeline.ingest.ingest import ingest
from pipeline.records.comparison import as_text, hyperedge_id
from pipeline.settings import Settings
from pipeline.source.described.source import DescribedSource

DESCRIPTION = """
name = "shop"

[modalities.Product]
table = "products.csv"
key = "id"
name = "name"
[modalities.Product.properties]
price = "float"

[modalities.Customer]
table = "customers.csv"
key = "id"
name = "name"

[modalities.Place]
table = "places.csv"
key = "id"
name = "name"

[[relations]]
modality = "Product"
table = "similar.csv"
source = "source"
target = "target"
strength = "weight"

[hyperedges.Purchase]
table = "purchases.csv"
members = [
    { modality = "Product", column = "product" },
    { modality = "Customer", column = "customer" },
    { modality = "Place", column = "place" },
]
value = "value"
"""

MEMBERS = ("Product", "Customer", "Place")


class Timed:
    """A progress that keeps how long each line was open."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Time a line; see `pipeline.domain.progress.Progress`."""
        del total
        start = time.perf_counter()
        yield lambda steps: None
        self.seconds[description] = self.seconds.get(description, 0) + time.perf_counter() - start


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hyperedges", type=int, default=300_000)
    num_hyperedges = parser.parse_args().hyperedges
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = write_tables(folder, num_hyperedges)
        (folder / "shop.toml").write_text(DESCRIPTION)
        counts = {
            "entities": sum(len(tables[table]) for table in ("products", "customers", "places")),
            "relations": len(tables["similar"]),
            "hyperedges": len(tables["purchases"]),
        }
        with server() as (client, _):
            first, timed = timed_ingest(client, folder)
            again, _ = timed_ingest(client, folder)
            changes = []
            for back in (False, True, False):
                if back:
                    write_tables(folder, num_hyperedges)
                else:
                    change(folder, tables)
                changes.append(timed_ingest(client, folder))
        write_tables(folder, num_hyperedges)
        ours = by_kind(timed.seconds)
        with server() as (client, _):
            bare = bare_loop(client, folder, tables)
        with server() as (client, home):
            csv = load_csv(client, home, folder)
    print("| rows per second | rows | ours | bare loop | LOAD CSV | ours / bare | ours / LOAD CSV |")
    print("|---|---|---|---|---|---|---|")
    for kind, count in counts.items():
        rates = [count / seconds[kind] for seconds in (ours, bare, csv)]
        ratios = f"{rates[0] / rates[1]:.2f} | {rates[0] / rates[2]:.2f}"
        print(f"| {kind} | {count:,} | {' | '.join(f'{rate:,.0f}' for rate in rates)} | {ratios} |")
    total = sum(counts.values())
    rates = [total / first, total / sum(bare.values()), total / sum(csv.values())]
    ratios = f"{rates[0] / rates[1]:.2f} | {rates[0] / rates[2]:.2f}"
    print(f"| all, ours with reading and checking | {total:,} | {' | '.join(f'{rate:,.0f}' for rate in rates)} | {ratios} |")
    print()
    print("| run | seconds | of the first |")
    print("|---|---|---|")
    print(f"| first | {first:.1f} | |")
    print(f"| nothing changed | {again:.2f} | {again / first:.1%} |")
    for which, (changed, _) in zip(("the first time", "the second", "the third"), changes, strict=True):
        print(f"| 1 % of every table changed, {which} | {changed:.2f} | {changed / first:.1%} |")
    print()
    print(f"Peak memory of this process: {psutil.Process().memory_info().rss / 2**20:,.0f} MiB at the end.", file=sys.stderr)
    for run, lines in (("first", timed), ("1 % changed", changes[0][1])):
        longest = sorted(lines.seconds.items(), key=lambda item: -item[1])[:12]
        print(f"{run}: " + ", ".join(f"{line} {seconds:.2f} s" for line, seconds in longest), file=sys.stderr)


def write_tables(folder: Path, num_hyperedges: int) -> dict[str, pd.DataFrame]:
    """Tables of products, customers and places, of what is similar and what was bought; popular things are bought more often."""
    generator = np.random.default_rng(0)
    sizes = {"products": num_hyperedges // 10, "customers": num_hyperedges // 6, "places": 200}
    tables = {
        table: pd.DataFrame(
            {"id": [f"{table[0]}{row}" for row in range(size)], "name": [f"{table[:-1]} {row}" for row in range(size)]}
        )
        for table, size in sizes.items()
    }
    tables["products"]["price"] = generator.gamma(2, 10, sizes["products"]).round(2)
    pairs = generator.integers(0, sizes["products"], (num_hyperedges // 3, 2))
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    tables["similar"] = pd.DataFrame(
        {
            "source": [f"p{i}" for i in pairs[:, 0]],
            "target": [f"p{i}" for i in pairs[:, 1]],
            "weight": generator.random(len(pairs)) + 0.1,
        }
    )
    rows = {
        label: (size * generator.random(num_hyperedges * 11 // 10) ** 2).astype(np.int64)
        for label, size in zip(("product", "customer", "place"), sizes.values(), strict=True)
    }
    members = pd.DataFrame(rows).drop_duplicates(ignore_index=True).iloc[:num_hyperedges]
    tables["purchases"] = pd.DataFrame({column: column[0] + members[column].astype(str) for column in members})
    tables["purchases"]["value"] = generator.integers(1, 6, len(members)).astype(float)
    for table, frame in tables.items():
        frame.to_csv(folder / f"{table}.csv", index=False)
    return tables


def change(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Change 1 % of the rows of every table."""
    generator = np.random.default_rng(1)
    for table, frame in tables.items():
        changed = frame.copy()
        chosen = changed.index[generator.random(len(frame)) < 0.01]
        if table == "similar":
            changed.loc[chosen, "weight"] += 1
        elif table == "purchases":
            changed.loc[chosen, "value"] += 1
            replaced = chosen[: len(chosen) // 4]
            changed.loc[replaced, "customer"] = [f"c{row}" for row in range(len(replaced))]
            changed = changed.drop_duplicates(["product", "customer", "place"])
        else:
            changed.loc[chosen, "name"] += " the second"
        changed.to_csv(folder / f"{table}.csv", index=False)


@contextmanager
def server() -> Iterator[tuple[GraphClient, Path]]:
    """A client of an empty server, and its home."""
    with tempfile.TemporaryDirectory() as home:
        embedded = EmbeddedServer(Path(home) / "neo4j", Settings.load().cache)
        try:
            with GraphClient(embedded.up()) as client:
                yield client, Path(home) / "neo4j"
        finally:
            embedded.down()


def timed_ingest(client: GraphClient, folder: Path) -> tuple[float, Timed]:
    """Seconds of an ingest, and of its parts."""
    timed = Timed()
    start = time.perf_counter()
    ingest(client, DescribedSource.of_file(folder / "shop.toml"), progress=timed)
    return time.perf_counter() - start, timed


def by_kind(seconds: dict[str, float]) -> dict[str, float]:
    """Seconds of writing, by kind of row."""
    kinds = dict.fromkeys(("Writing Product", "Writing Customer", "Writing Place"), "entities")
    kinds |= {"Writing Product-SIMILAR": "relations", "Writing Purchase": "hyperedges"}
    return {
        kind: sum(seconds[line] for line, its in kinds.items() if its == kind) for kind in ("entities", "relations", "hyperedges")
    }


def bare_loop(client: GraphClient, folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Seconds by kind of row: our statements and batches, one after the other, on rows that are ready."""
    source = DescribedSource.of_file(folder / "shop.toml")
    create_schema(client, source.dataset)
    with source.read(Timed()) as records:
        table = records.tables["Purchase"]
        query = f"SELECT {as_text(hyperedge_id(table))} AS id FROM {table.name} ORDER BY row"  # noqa: S608 - ours
        ids = records.store.frame(query)["id"]
    entities = {
        label: [{"id": row.pop("id"), "properties": row} for row in tables[f"{label.lower()}s"].to_dict("records")]
        for label in MEMBERS
    }
    relations = tables["similar"].to_dict("records")
    purchases = tables["purchases"]
    members = purchases[["product", "customer", "place"]].to_numpy().tolist()
    hyperedges = [
        {"id": id_, "members": m, "value": value, "time": None}
        for id_, m, value in zip(ids, members, purchases["value"], strict=True)
    ]
    labels = {f"Member{position}": label for position, label in enumerate(MEMBERS)}
    create = load("ingest/create_hyperedges").with_members(3).with_identifiers(HyperedgeType="Purchase", **labels)
    relate = load("ingest/create_relations").with_identifiers(Modality="Product", RELATION_TYPE="SIMILAR")
    write = load("ingest/write_entities")
    seconds = {}
    with driver(client) as session:
        seconds["entities"] = sum(looped(session, write.with_identifiers(Modality=label), entities[label]) for label in MEMBERS)
        seconds["relations"] = looped(session, relate, relations)
        seconds["hyperedges"] = looped(session, create, hyperedges)
    return seconds


def looped(session: neo4j.Session, statement: Statement, rows: list[dict[str, object]]) -> float:
    """Seconds of a statement over all rows."""
    start = time.perf_counter()
    for first in range(0, len(rows), BATCH_SIZE):
        batch = rows[first : first + BATCH_SIZE]
        session.execute_write(lambda tx, batch=batch: tx.run(statement.text, batch={"rows": batch}, ingest=1).consume())
    return time.perf_counter() - start


def load_csv(client: GraphClient, home: Path, folder: Path) -> dict[str, float]:
    """Seconds by kind of row: the server reads the CSV files itself."""
    create_schema(client, DescribedSource.of_file(folder / "shop.toml").dataset)
    imports = home / "import"
    imports.mkdir(exist_ok=True)
    for file in folder.glob("*.csv"):
        (imports / file.name).write_bytes(file.read_bytes())

    def load_table(table: str, write: str) -> float:
        text = (
            f"LOAD CSV WITH HEADERS FROM 'file:///{table}.csv' AS row CALL (row) {{ {write} }} IN TRANSACTIONS OF {BATCH_SIZE} ROWS"
        )
        start = time.perf_counter()
        client.write_alone(Statement("load_csv", text))
        return time.perf_counter() - start

    entity = "MERGE (e:{label} {{id: row.id}}) SET e:Entity, e.name = row.name, e.ingest = 1"
    price = ", e.price = toFloat(row.price)"
    relation = "CREATE (a)-[:SIMILAR {weight: toFloat(row.weight), ingest: 1}]->(b)"
    match = " ".join(f"MATCH ({label.lower()}:{label} {{id: row.{label.lower()}}})" for label in MEMBERS)
    id_ = "row.product + ' ' + row.customer + ' ' + row.place"
    node = f"CREATE (h:Hyperedge:Purchase {{id: {id_}, value: toFloat(row.value), ingest: 1}})"
    member = " ".join(f"CREATE (h)-[:MEMBER {{position: {p}}}]->({label.lower()})" for p, label in enumerate(MEMBERS))
    return {
        "entities": sum(
            load_table(f"{label.lower()}s", entity.format(label=label) + (price if label == "Product" else "")) for label in MEMBERS
        ),
        "relations": load_table("similar", f"MATCH (a:Product {{id: row.source}}) MATCH (b:Product {{id: row.target}}) {relation}"),
        "hyperedges": load_table("purchases", f"{match} {node} {member}"),
    }


@contextmanager
def driver(client: GraphClient) -> Iterator[neo4j.Session]:
    """A session of the driver, without anything of ours."""
    connection = client.connection
    auth = (connection.user, connection.password)
    with neo4j.GraphDatabase.driver(connection.uri, auth=auth) as plain, plain.session(database=connection.database) as session:
        yield session


if __name__ == "__main__":
    main()
