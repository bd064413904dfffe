"""How much memory tables take on their way in: the peak of the command's process, for tables of growing size and for the Tate.

`check` stages and checks CSV tables of products, customers and what was bought; with --from, `ingest tate` goes all the way into a
Neo4j of its own. Peaks are of the resident set, sampled ten times a second.

    uv run python benchmarks/memory.py [--from tate-collection.tar.xz]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

DESCRIPTION = """
name = "shop"
[modalities.Product]
[modalities.Customer]
[modalities.Place]
[hyperedges.Purchase]
table = "purchases.csv"
members = [
    { modality = "Product", column = "product" },
    { modality = "Customer", column = "customer" },
    { modality = "Place", column = "place" },
]
value = "value"
"""


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="archive", type=Path)
    archive = parser.parse_args().archive
    print("| command | rows | table, MiB | seconds | peak memory, MiB |")
    print("|---|---|---|---|---|")
    for num_rows in (100, 1_000_000, 4_000_000, 8_000_000):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "shop.toml").write_text(DESCRIPTION)
            write_purchases(folder / "purchases.csv", num_rows)
            mebibytes = (folder / "purchases.csv").stat().st_size / 2**20
            seconds, peak = measured(["check", str(folder / "shop.toml")], {})
            print(f"| `check` | {num_rows:,} | {mebibytes:,.0f} | {seconds:.1f} | {peak:,.0f} |", flush=True)
    if archive is not None:
        with tempfile.TemporaryDirectory() as home:
            environment = {"HYPERLEARN_HOME": home}
            measured(["up"], environment)
            try:
                for run in ("first", "second"):
                    seconds, peak = measured(["ingest", "tate", "--from", str(archive)], environment)
                    size = archive.stat().st_size / 2**20
                    print(f"| `ingest tate`, {run} time | | {size:,.0f} (compressed) | {seconds:.1f} | {peak:,.0f} |", flush=True)
            finally:
                measured(["down"], environment)


def write_purchases(file: Path, num_rows: int) -> None:
    """Write purchases, each combination once, a part at a time."""
    generator = np.random.default_rng(0)
    with file.open("w") as stream:
        stream.write("product,customer,place,value\n")
        for start in range(0, num_rows, 100_000):
            rows = range(start, min(start + 100_000, num_rows))
            places = generator.integers(0, 200, len(rows))
            stream.writelines(f"p{row % 50_000},c{row},l{place},{row % 5}\n" for row, place in zip(rows, places, strict=True))


def measured(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of a command, and MiB of its process at its peak."""
    start = time.monotonic()
    process = psutil.Popen([sys.executable, "-m", "pipeline", *arguments], env=os.environ | environment, stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.1)
    assert process.wait() == 0, arguments
    return time.monotonic() - start, peak


if __name__ == "__main__":
    main()
