"""Refreshes of a small catalogue that changes every time, killed at random, with readers watching.

Each refresh is the command, in a process of its own on an embedded server of its own. Before it the source changes: items come,
change and go. A part of the refreshes is killed (SIGKILL) after a random time, some twice in a row. Readers ask for neighbours all
the time; a question that gets an error, or fewer answers than it should, counts. In the end one refresh is left alone, and then the
graph must be the source exactly, and nothing may be left but the server and the runs that are kept. Prints a Markdown table.

    uv run python benchmarks/soak.py [--refreshes 100] [--killed 0.5] [--readers 4] [--seed 0]
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from pipeline.domain.progress import no_progress
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.query.served import ask_published
from pipeline.query.similar import similar
from pipeline.settings import Settings
from pipeline.source.described.source import DescribedSource
from pipeline.writeback.runs import KEPT_RUNS

DESCRIPTION = """\
name = "soak"

[modalities.Item]
table = "items.csv"
key = "id"
name = "name"
[modalities.Item.properties]
price = "integer"

[modalities.Maker]
[modalities.Tag]

[hyperedges.Offer]
table = "items.csv"
members = [
    { modality = "Item", column = "id" },
    { modality = "Maker", column = "maker" },
    { modality = "Tag", column = "tags", separator = ";" },
]
"""
K = 5
NUM_ITEMS = 400
KINDS = 8


class Catalogue:
    """Items in kinds, each with makers and tags of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._folder = folder
        self._items = {f"i{number}": self._item() for number in range(NUM_ITEMS)}
        self._number = NUM_ITEMS
        self.file = folder / "soak.toml"
        self.file.write_text(DESCRIPTION, encoding="utf-8")
        self._write()

    def change(self) -> None:
        """Let a few items come, go and change."""
        ids = list(self._items)
        for gone in self._random.choice(ids, 3, replace=False):
            del self._items[str(gone)]
        for changed in self._random.choice(list(self._items), 5, replace=False):
            self._items[str(changed)] = self._item()
        for _ in range(4):
            self._items[f"i{self._number}"] = self._item()
            self._number += 1
        self._write()

    def _item(self) -> str:
        kind = int(self._random.integers(KINDS))
        tags = {f"t{kind}.{int(self._random.integers(6))}" for _ in range(3)}
        return f"{int(self._random.integers(1, 90))},m{kind}.{int(self._random.integers(5))},{';'.join(sorted(tags))}"

    def _write(self) -> None:
        rows = "".join(f"{key},item {key},{rest}\n" for key, rest in self._items.items())
        new = self._folder / "items.new"
        new.write_text(f"id,name,price,maker,tags\n{rows}", encoding="utf-8")
        new.replace(self._folder / "items.csv")


class Reader(threading.Thread):
    """Asks for neighbours of tags, which stay, until the end."""

    def __init__(self, seed: int) -> None:
        super().__init__(daemon=True)
        self._random = np.random.default_rng(seed)
        self.ended = threading.Event()
        self.answers = self.short = 0
        self.errors: list[str] = []

    def run(self) -> None:
        """Ask, over and over."""
        with GraphClient(Settings.load().connect()) as client:
            while not self.ended.wait(0.02):
                tag = f"t{int(self._random.integers(KINDS))}.{int(self._random.integers(6))}"
                try:
                    found = ask_published(client, "Tag", lambda modality, run: similar(client, run, modality, tag, k=K))  # noqa: B023
                except Exception as error:  # whatever it is, a reader would have met it
                    self.errors.append(f"{type(error).__name__}: {error}")
                    continue
                self.answers += 1
                self.short += len(found) != K


def command(arguments: Sequence[str]) -> "subprocess.Popen[str]":
    """The command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ours(home: Path) -> list[psutil.Process]:
    """Processes of this home folder, in whatever session."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("HYPERLEARN_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def size_of(folder: Path) -> float:
    """Mebibytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def refresh_over_and_over(catalogue: Catalogue, number: int, part_killed: float, seed: int) -> tuple[int, list[str]]:
    """Change, refresh, and kill a part of it; tell how many were killed, and what those said that failed by themselves."""
    random = np.random.default_rng(seed)
    arguments = ["refresh", str(catalogue.file), "--tune-seconds", "0"]
    num_killed, failed, seconds = 0, [], [10.0]
    for done in range(number + 1):
        catalogue.change()
        start = time.monotonic()
        process = command(arguments)
        # The last one is left alone.
        if done < number and random.random() < part_killed:
            try:
                process.communicate(timeout=float(random.uniform(0, np.mean(seconds[-5:]))))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                num_killed += 1
            process.communicate()
            continue
        told, _ = process.communicate()
        seconds.append(time.monotonic() - start)
        if process.returncode:
            failed.append(told)
        print(f"{done + 1} of {number + 1}", file=sys.stderr)
    return num_killed, failed


def left_behind(home: Path, server: psutil.Process) -> list[psutil.Process]:
    """What still runs but the server: what was killed takes its servers with it, which are given some seconds."""
    deadline = time.monotonic() + 20
    while (left := [process for process in ours(home) if process.pid != server.pid]) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left


def soak(folder: Path, asked: argparse.Namespace) -> dict[str, str]:
    """Refresh, kill, watch, and look at what is left: figures by what they are of."""
    home, temporary = folder / "home", folder / "tmp"
    temporary.mkdir()
    os.environ |= {"HYPERLEARN_HOME": str(home), "TMPDIR": str(temporary)}
    catalogue, start = Catalogue(folder, asked.seed), time.monotonic()
    _, failed = refresh_over_and_over(catalogue, 0, 0.0, asked.seed)
    if failed:
        raise SystemExit(failed[0])
    server = next(process for process in ours(home) if "java" in process.name())
    before = server.memory_info().rss / 2**20, size_of(home / "neo4j" / "data")
    readers = [Reader(number) for number in range(asked.readers)]
    for reader in readers:
        reader.start()
    num_killed, failed = refresh_over_and_over(catalogue, asked.refreshes, asked.killed, asked.seed)
    for reader in readers:
        reader.ended.set()
        reader.join()
    with GraphClient(Settings.load().connect()) as client:
        compared = ingest(client, DescribedSource.of_file(catalogue.file), IngestOptions(verify=True), no_progress)
    after = server.memory_info().rss / 2**20, size_of(home / "neo4j" / "data")
    left, errors = left_behind(home, server), [error for reader in readers for error in reader.errors]
    for text in [*failed[:3], *errors[:3], *map(str, left[:5]), *map(str, list(temporary.iterdir())[:5])]:
        print(text, file=sys.stderr)
    return {
        "refreshes, of which killed, of which failed": f"{asked.refreshes + 2}, {num_killed}, {len(failed)}",
        "rows in which graph and source differ in the end": str(sum(table.written for table in compared.tables)),
        "answers that readers got, too short ones, errors": (
            f"{sum(reader.answers for reader in readers):,}, {sum(reader.short for reader in readers)}, {len(errors)}"
        ),
        "server's memory, MiB, before and after": f"{before[0]:.0f}, {after[0]:.0f}",
        "store and its logs, MiB, before and after": f"{before[1]:.0f}, {after[1]:.0f}",
        "processes left but the server": str(len(left)),
        "run folders left, and how many are kept": f"{len(list((home / 'runs' / 'soak').iterdir()))}, {KEPT_RUNS + 1}",
        "entries left in the temporary folder": str(len(list(temporary.iterdir()))),
        "minutes": f"{(time.monotonic() - start) / 60:.1f}",
    }


def main() -> None:
    """Soak, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refreshes", type=int, default=100)
    parser.add_argument("--killed", type=float, default=0.5)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        try:
            figures = soak(Path(folder), parser.parse_args())
        finally:
            command(["down"]).communicate()
    print("| | |\n|---|---|")
    for what, figure in figures.items():
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
