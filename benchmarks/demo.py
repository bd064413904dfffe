"""How long `hyperlearn demo` takes, and how much memory all of its processes hold together, from an empty home folder.

Downloads are fetched before, by `hyperlearn up`, where they are missing. Memory is the proportional set size (shared pages count
once) of the command, its workers, Prefect's server and Neo4j, sampled twice a second.

    uv run python benchmarks/demo.py [--runs 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def main() -> None:
    """Run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    results = [demo() for _ in range(runs)]
    seconds, mebibytes = (sorted(column) for column in zip(*results, strict=True))
    print(f"| {os.cpu_count()} cores | median of {runs} | all |")
    print("|---|---|---|")
    print(f"| seconds | {statistics.median(seconds):.1f} | {', '.join(f'{s:.1f}' for s in seconds)} |")
    print(f"| peak memory, MiB | {statistics.median(mebibytes):.0f} | {', '.join(f'{m:.0f}' for m in mebibytes)} |")


def demo() -> tuple[float, float]:
    """Seconds and peak MiB of one run."""
    with tempfile.TemporaryDirectory() as home:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
        environment["HYPERLEARN_HOME"] = home
        command = [sys.executable, "-m", "pipeline"]
        with tempfile.TemporaryDirectory() as warm:
            for step in ("up", "down"):
                subprocess.run([*command, step], check=True, env=environment | {"HYPERLEARN_HOME": warm}, capture_output=True)
        start = time.monotonic()
        process = subprocess.Popen([*command, "demo"], env=environment, stdout=subprocess.DEVNULL)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory(process.pid, Path(home)))
            time.sleep(0.5)
        seconds = time.monotonic() - start
        subprocess.run([*command, "down"], check=True, env=environment, capture_output=True)
        assert process.returncode == 0, process.returncode
        return seconds, peak


def memory(pid: int, home: Path) -> float:
    """MiB of a process, all below it, and the server of that home, which has left its parent."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    processes += [p for p in psutil.process_iter(["cmdline"]) if any(str(home) in part for part in p.info["cmdline"] or [])]
    total = 0
    for process in {process.pid: process for process in processes}.values():
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20


if __name__ == "__main__":
    main()
