"""Refreshes of a small catalogue that changes every time, killed at random, with readers watching.

Each refresh is the command, in a process of its own on an embedded server of its own. Before it the source changes: items come,
change and go. A part of the refreshes is killed (SIGKILL) after a random time, a quarter of these by one of the processes that it
started; the next begins at once. 32 readers ask all the time (`soak_readers`); a question that gets an error, fewer answers than it
should, or vectors that are not those of the run that they are said to be of, counts. In the end one refresh is left alone, and then
the graph must be the source exactly, and nothing may be left but the server and the runs that are kept. Prints a Markdown table,
and ends with status 1 if anything is not as it should be.

    uv run python benchmarks/soak.py [--refreshes 100] [--killed 0.5] [--readers 32] [--minutes 600] [--seed 0]
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from soak_readers import Seen, digest_of_run, readers

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.progress import no_progress
from pipeline.graph.client import GraphClient
from pipeline.graph.configuration import Memory
from pipeline.graph.statement import Statement
from pipeline.graph.stored_runs import stored_runs
from pipeline.ingest.ingest import IngestOptions, ingest
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
NUM_ITEMS = 400
KINDS, TAGS_OF_KIND = 8, 6
TAGS = [f"t{kind}.{number}" for kind in range(KINDS) for number in range(TAGS_OF_KIND)]

PROCESSES_OF_READERS = 2
PART_OF_KILLS_FOR_CHILDREN = 0.25
HANGS_S = 600.0
"""A refresh takes half a minute; one that takes longer than this hangs."""

BESIDE_HEAP_MIB, MOST_REFRESH_MIB, MOST_STORE_MIB = 768, 4096, 400
"""What must be enough: for the server beside its heap and its pages, for all processes of a refresh, and for the store with its
logs, which the server cuts off."""

OFFERS = Statement(
    "soak/offers",
    """
    MATCH (offer:Offer)
    RETURN COLLECT { MATCH (offer)-[member:MEMBER]->(entity) RETURN entity.id ORDER BY member.position } AS members
    """,
)
LEASES = Statement(
    "soak/leases", "MATCH (lease:WriteLease) WHERE lease.expires > datetime.realtime() RETURN lease.command AS command"
)


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
        tags = {f"t{kind}.{int(self._random.integers(TAGS_OF_KIND))}" for _ in range(3)}
        return f"{int(self._random.integers(1, 90))},m{kind}.{int(self._random.integers(5))},{';'.join(sorted(tags))}"

    def _write(self) -> None:
        rows = "".join(f"{key},item {key},{rest}\n" for key, rest in self._items.items())
        new = self._folder / "items.new"
        new.write_text(f"id,name,price,maker,tags\n{rows}", encoding="utf-8")
        new.replace(self._folder / "items.csv")


@dataclass
class Watched:
    """What was seen of the refreshes, and of the machine meanwhile.

    Attributes
    ----------
    killed, children_killed
        How many were killed, and how many lost one of the processes that they started.
    failed
        What those said that failed though nobody killed anything of theirs.
    digests
        Of each run whose folder was there, what readers must find.
    server_mib, store_mib
        The server's memory and the store's size after each refresh.
    most_refresh_mib
        The most memory of all processes of a refresh together; what they share counts for each.
    """

    killed: int = 0
    children_killed: int = 0
    failed: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    server_mib: list[float] = field(default_factory=list)
    store_mib: list[float] = field(default_factory=list)
    most_refresh_mib: float = 0.0

    def look(self, home: Path, server: psutil.Process) -> None:
        """Look at the server, its store and the runs' folders."""
        self.server_mib.append(server.memory_info().rss / 2**20)
        self.store_mib.append(size_of(home / "neo4j" / "data"))
        for folder in (home / "runs" / "soak").iterdir():
            if folder.name not in self.digests and (folder / "embeddings").exists():
                self.digests[folder.name] = digest_of_run(Embeddings.read(folder / "embeddings"))

    def watch(self, process: "subprocess.Popen[str]") -> None:
        """Keep the most memory of a refresh, until it ends."""
        while process.poll() is None:
            with suppress(psutil.Error):
                memory = [each.memory_info().rss for each in family(process.pid)]
                self.most_refresh_mib = max(self.most_refresh_mib, sum(memory) / 2**20)
            time.sleep(1)


def command(arguments: Sequence[str], told: Path) -> "subprocess.Popen[str]":
    """The command in a session of its own; what it tells is in a file, so that nobody waits for whom it leaves behind."""
    with told.open("w", encoding="utf-8") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            text=True,
            start_new_session=True,
        )


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started; not the server, which has left it."""
    process = psutil.Process(pid)
    return [each for each in (process, *process.children(recursive=True)) if each.name() != "java"]


def ours(home: Path) -> list[psutil.Process]:
    """Processes of this home folder, in whatever session, but for this one and what belongs to it."""
    found, mine = [], {os.getpid(), *(child.pid for child in psutil.Process().children())}
    for process in psutil.process_iter():
        try:
            if process.pid not in mine and process.environ().get("HYPERLEARN_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def size_of(folder: Path) -> float:
    """Mebibytes of all files."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            size += path.stat().st_size if path.is_file() else 0
    return size / 2**20


def refresh_over_and_over(catalogue: Catalogue, home: Path, asked: argparse.Namespace, watched: Watched) -> None:
    """Change, refresh, and kill a part of it; the last one is left alone."""
    random, seconds, told = np.random.default_rng(asked.seed), [30.0], home.parent / "told"
    server, deadline = server_of(home), time.monotonic() + 60 * asked.minutes
    for done in range(asked.refreshes + 1):
        catalogue.change()
        is_last = done == asked.refreshes or time.monotonic() > deadline
        start = time.monotonic()
        process = command(["refresh", str(catalogue.file), "--tune-seconds", "0"], told)
        watcher = threading.Thread(target=watched.watch, args=(process,))
        watcher.start()
        disturbed = False
        if not is_last and random.random() < asked.killed:
            with suppress(subprocess.TimeoutExpired):
                process.wait(float(random.uniform(0, np.mean(seconds[-5:]))))
            disturbed = kill(process, random, watched)
        try:
            process.wait(HANGS_S)
        except subprocess.TimeoutExpired:
            watched.failed.append(f"it hangs: {told.read_text(encoding='utf-8')}")
            process.kill()
        watcher.join()
        if not disturbed:
            seconds.append(time.monotonic() - start)
            if process.returncode:
                watched.failed.append(told.read_text(encoding="utf-8"))
        watched.look(home, server)
        figures = f"{watched.server_mib[-1]:.0f} MiB of memory, {watched.store_mib[-1]:.0f} MiB of store"
        print(
            f"{done + 1} of {asked.refreshes + 1}, {process.returncode}, {time.monotonic() - start:.0f} s, {figures}",
            file=sys.stderr,
        )
        if is_last:
            break


def kill(process: "subprocess.Popen[str]", random: np.random.Generator, watched: Watched) -> bool:
    """Kill a refresh, or one of the processes that it started; tell whether it was still there."""
    with suppress(psutil.Error):
        first, *children = family(process.pid)
        if process.poll() is not None:
            return False
        if children and random.random() < PART_OF_KILLS_FOR_CHILDREN:
            children[int(random.integers(len(children)))].kill()
            watched.children_killed += 1
        else:
            first.kill()
            watched.killed += 1
        return True
    return False


def server_of(home: Path) -> psutil.Process:
    """The embedded server."""
    return next(process for process in ours(home) if "java" in process.name())


def left_behind(home: Path, server: psutil.Process) -> list[psutil.Process]:
    """What still runs but the server: what was killed takes its servers with it, which are given some seconds."""
    deadline = time.monotonic() + 20
    while (left := [process for process in ours(home) if process.pid != server.pid]) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left


def differences(client: GraphClient, catalogue: Catalogue) -> int:
    """In how many rows graph and source differ: all tables as the ingest compares them, and hyperedges as they are read here."""
    compared = ingest(client, DescribedSource.of_file(catalogue.file), IngestOptions(verify=True), no_progress)
    with (catalogue.file.parent / "items.csv").open(encoding="utf-8") as file:
        wanted = Counter((row["id"], row["maker"], tag) for row in csv.DictReader(file) for tag in row["tags"].split(";"))
    found = Counter(tuple(row["members"]) for row in client.read(OFFERS))
    return sum(table.written for table in compared.tables) + ((wanted - found) + (found - wanted)).total()


def soak(folder: Path, asked: argparse.Namespace) -> tuple[dict[str, str], list[str]]:
    """Refresh, kill, watch, and look at what is left: figures by what they are of, and what is not as it should be."""
    home, temporary = folder / "home", folder / "tmp"
    temporary.mkdir()
    os.environ |= {"HYPERLEARN_HOME": str(home), "TMPDIR": str(temporary)}
    catalogue, start, watched = Catalogue(folder, asked.seed), time.monotonic(), Watched()
    first = command(["refresh", str(catalogue.file), "--tune-seconds", "0"], folder / "told")
    if first.wait():
        raise SystemExit((folder / "told").read_text(encoding="utf-8"))
    server = server_of(home)
    watched.look(home, server)
    with readers(asked.readers, PROCESSES_OF_READERS, TAGS) as seen:
        refresh_over_and_over(catalogue, home, asked, watched)
    with GraphClient(Settings.load().connect()) as client:
        num_different = differences(client, catalogue)
        runs, leases = stored_runs(client, "soak"), client.read(LEASES)
    processes = left_behind(home, server)
    folders, files = list((home / "runs" / "soak").iterdir()), list(temporary.iterdir())
    wrong = wrong_vectors(seen, watched)
    half, memory = len(watched.store_mib) // 2, Memory.of_machine()
    figures = {
        "refreshes": str(len(watched.store_mib)),
        "killed; of which one process was killed; failed by themselves": (
            f"{watched.killed}; {watched.children_killed}; {len(watched.failed)}"
        ),
        "runs that were published, as readers met them": str(len({run for run, _, _ in seen.vectors})),
        "rows in which graph and source differ in the end": str(num_different),
        f"answers that {asked.readers} readers got, by the way": ", ".join(
            f"{count:,} {way.replace('_', ' ')}" for way, count in sorted(seen.answers.items())
        ),
        "errors; answers too short; empty ones": f"{len(seen.errors)}; {seen.short}; {seen.empty}",
        "answers with vectors of another run than they say": str(len(wrong)),
        "answers overtaken within one statement by two runs": str(overtaken(seen, watched)),
        "slowest answer, s": f"{seen.slowest_s:.1f}",
        "server's memory, MiB, at first, half way, in the end, at most": told_of(watched.server_mib, half),
        "store and its logs, MiB, at first, half way, in the end, at most": told_of(watched.store_mib, half),
        "memory of all processes of a refresh, MiB, at most": f"{watched.most_refresh_mib:,.0f}",
        "processes left but the server": str(len(processes)),
        "run folders left; records; how many are kept": f"{len(folders)}; {len(runs)}; {KEPT_RUNS + 1}",
        "runs left that are being written; leases that are held": f"{sum(run.status == 'staging' for run in runs)}; {len(leases)}",
        "entries left in the temporary folder": str(len(files)),
        "minutes": f"{(time.monotonic() - start) / 60:.1f}",
    }
    amiss = [*watched.failed, *seen.errors, *wrong, *map(str, [*processes, *files, *leases])]
    amiss += [f"{num_different} rows differ"] * (num_different > 0)
    amiss += [f"{seen.short} answers are too short"] * (seen.short > 0) + [f"{seen.empty} answers are empty"] * (seen.empty > 0)
    amiss += ["too many runs are left"] * (max(len(folders), len(runs)) > KEPT_RUNS + 1)
    amiss += [f"run {run.id} is being written" for run in runs if run.status == "staging"]
    most_server = memory.heap_mib + memory.page_cache_mib + BESIDE_HEAP_MIB
    if max(watched.server_mib) > most_server or watched.most_refresh_mib > MOST_REFRESH_MIB:
        amiss.append("more memory than there should be")
    amiss += ["the store is too large"] * (max(watched.store_mib) > MOST_STORE_MIB)
    return figures, amiss


def wrong_vectors(seen: Seen, watched: Watched) -> list[str]:
    """Answers with other vectors than the run's, or of a run that nobody knows; not those whose run had no slot any more."""
    return [
        f"{number} × vectors {found} for run {run}, which has {watched.digests.get(run)}"
        for (run, found, has_slot), number in seen.vectors.items()
        if has_slot and watched.digests.get(run) != found
    ]


def overtaken(seen: Seen, watched: Watched) -> int:
    """How many answers by one statement were overtaken: the next run was published meanwhile, and another one begun in the slot."""
    return sum(
        number for (run, found, has_slot), number in seen.vectors.items() if not has_slot and watched.digests.get(run) != found
    )


def told_of(figures: Sequence[float], half: int) -> str:
    """The first, the middle, the last, and the greatest."""
    return ", ".join(f"{figure:.0f}" for figure in (figures[0], figures[half], figures[-1], max(figures)))


def main() -> None:
    """Soak, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refreshes", type=int, default=100)
    parser.add_argument("--killed", type=float, default=0.5)
    parser.add_argument("--readers", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=600, help="begin no further refresh after that")
    parser.add_argument("--seed", type=int, default=0)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        try:
            figures, amiss = soak(Path(folder), parser.parse_args())
        finally:
            command(["down"], Path(folder) / "told").wait()
    print("| | |\n|---|---|")
    for what, figure in figures.items():
        print(f"| {what} | {figure} |")
    for text in amiss[:20]:
        print(text, file=sys.stderr)
    sys.exit(bool(amiss))


if __name__ == "__main__":
    main()
