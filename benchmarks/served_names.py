"""What readers see while the names of the served vectors change over and over, in three ways.

* set anew: one node, whose index and property are set to the other slot's;
* status: a node per slot, of which the property `status` says which is served;
* label: a node per slot, of which one has the label, as `ServedVectors` does.

A writer for each way does nothing but change, two readers for each do nothing but read, all at once. Torn is an answer whose index
is one slot's and whose property is the other's; none or two are answers with as many rows.

    uv run python benchmarks/served_names.py [--seconds 40]
"""

import argparse
import threading
import time
from collections import Counter

from benchmarks.ingest import server
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement

START = """
CREATE (:Thing {name: 'x', A: 'A', B: 'B'}), (:One {index: 'A', property: 'A'})
CREATE (:Slot:Status {index: 'A', property: 'A', status: 'served'}), (:Slot:Status {index: 'B', property: 'B', status: 'former'})
CREATE (:Slot:Label:Served {index: 'A', property: 'A'}), (:Slot:Label {index: 'B', property: 'B'})
"""

WAYS = {
    "set anew": ("MATCH (n:One) SET n.index = $slot, n.property = $slot", "MATCH (n:One)"),
    "status": (
        "MATCH (n:Status) SET n.status = CASE n.index WHEN $slot THEN 'served' ELSE 'former' END",
        "MATCH (n:Status {status: 'served'})",
    ),
    "label": (
        "MATCH (n:Served) REMOVE n:Served WITH count(n) AS former MATCH (n:Label {index: $slot}) SET n:Served",
        "MATCH (n:Served)",
    ),
}

READ = "MATCH (thing:Thing {name: 'x'}) {match} CALL (n) { RETURN n.index AS index } RETURN index, thing[n.property] AS property"


def measure(client: GraphClient, seconds: float) -> dict[str, Counter[str]]:
    """Change and read all at once, and count answers by what they were."""
    seen: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
    end = time.monotonic() + seconds

    def change(way: str) -> None:
        statement = Statement("benchmark", WAYS[way][0])
        while time.monotonic() < end:
            for slot in ("B", "A"):
                client.write(statement, slot=slot)
                seen[way]["changes"] += 1

    def read(way: str, counts: Counter[str]) -> None:
        statement = Statement("benchmark", READ.replace("{match}", WAYS[way][1]))
        while time.monotonic() < end:
            rows = client.read(statement)
            torn = len(rows) == 1 and rows[0]["index"] != rows[0]["property"]
            counts.update(["reads", *(["torn"] if torn else []), *({0: ["none"], 2: ["two"]}.get(len(rows), []))])

    readers = [(way, Counter[str]()) for way in WAYS for _ in range(2)]
    threads = [threading.Thread(target=change, args=(way,)) for way in WAYS]
    threads += [threading.Thread(target=read, args=reader) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for way, counts in readers:
        seen[way] += counts
    return seen


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40)
    seconds = parser.parse_args().seconds
    with server() as (client, _):
        client.write(Statement("benchmark", START))
        seen = measure(client, seconds)
    columns = ("changes", "reads", "torn", "none", "two")
    print(f"| the names are | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for way, counts in seen.items():
        print(f"| {way} | {' | '.join(f'{counts[column]:,}' for column in columns)} |")


if __name__ == "__main__":
    main()
