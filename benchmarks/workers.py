"""How much memory worker processes of a training take at their peak, beside what `train --plan` says.

    uv run python benchmarks/workers.py SNAPSHOT... [--power-law 1000000] [--workers 2] [--set update=exact]

Trains each snapshot (directories that `export` wrote; with --power-law a planted one of so many hyperedges as well) for a few
rounds and prints a Markdown row per worker. The peak is the kernel's count of resident memory (VmHWM), libraries that all workers
share counted with each.
"""

import argparse
import re
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from pipeline.command.training_settings import read_settings
from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.device import Device
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.snapshot import Snapshot
from pipeline.train.launch.launch import plan_training, train

MIB = 2**20


def power_law(num_hyperedges: int) -> Snapshot:
    """Two types of three and four members, entities by a power law; the first modality has a graph of ten neighbours each."""
    rng = np.random.default_rng(0)
    counts = {"Thing": num_hyperedges // 10, "Person": num_hyperedges // 20, "Place": num_hyperedges // 50, "Kind": 200}
    types = {"Act": ("Thing", "Person", "Kind"), "Event": ("Thing", "Person", "Place", "Kind")}
    hyperedges = {}
    for label, members in types.items():
        rows = [np.minimum(rng.pareto(1, num_hyperedges // 2) * 20, counts[each] - 1).astype(np.int64) for each in members]
        rows[0] = rng.integers(0, counts[members[0]], num_hyperedges // 2)
        members_EK = np.unique(np.stack(rows, 1), axis=0)
        hyperedges[label] = HyperedgeList(members, members_EK, np.ones(len(members_EK), np.float32))
    graph = nearest_graph(counts["Thing"])
    dataset = Dataset(
        "power-law",
        tuple(map(Modality, counts)),
        tuple(HyperedgeType(label, members) for label, members in types.items()),
        (IntraModalGraph("Thing"),),
    )
    ids = {label: [f"{label}{row}" for row in range(count)] for label, count in counts.items()}
    entities = {label: pd.DataFrame({"id": each, "name": each}) for label, each in ids.items()}
    return Snapshot(Hypergraph(dataset, counts, hyperedges, {("Thing", "SIMILAR"): graph}), entities, {})


def nearest_graph(count: int) -> Any:  # noqa: ANN401 - scipy's
    """Each with the ten that follow it."""
    from scipy import sparse

    rows = np.repeat(np.arange(count), 10)
    columns = (rows + np.tile(np.arange(1, 11), count)) % count
    upper = sparse.coo_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count)).tocsr()
    return sparse.csr_array(upper + upper.T)


def peaks(snapshot: Path, parameters: Any, workers: int, folder: Path) -> list[int]:  # noqa: ANN401
    """Bytes of each worker at its peak."""
    found: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for process in psutil.Process().children(recursive=True):
                try:
                    if "pipeline.train.launch.worker" in process.cmdline() and (rank := process.environ().get("RANK")):
                        status = Path(f"/proc/{process.pid}/status").read_text()
                        found[int(rank)] = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024
                except (psutil.Error, OSError, TypeError):
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        train(snapshot, folder / "embeddings", parameters, run="measured", workers=workers, device=Device.CPU)
    finally:
        over.set()
        watcher.join()
    return [found[rank] for rank in sorted(found)]


def rows(name: str, snapshot: Path, workers: int, settings: Mapping[str, Any]) -> None:
    """Print a row per worker."""
    parameters = Snapshot.read_summary(snapshot).dataset.training_parameters({"rounds": 3, **settings})
    planned = plan_training(snapshot, parameters, workers=workers, device=Device.CPU)
    with tempfile.TemporaryDirectory() as folder:
        measured = peaks(snapshot, parameters, workers, Path(folder))
    for share, peak in zip(planned.shares, measured, strict=True):
        said = sum(share.memory.values())
        parts = ", ".join(f"{part} {size // MIB}" for part, size in share.memory.items())
        modalities = ", ".join(share.modalities)
        print(
            f"| {name} | {planned.update} | {modalities} | {parts} | {said // MIB} | {peak // MIB} | {said / peak:.2f} |",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshots", nargs="*", type=Path)
    parser.add_argument("--power-law", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    settings = read_settings(arguments.set)
    print(
        "| snapshot | update | modalities | planned, MiB | in all | measured | planned / measured |\n|---|---|---|---|---|---|---|"
    )
    for snapshot in arguments.snapshots:
        rows(snapshot.name, snapshot, arguments.workers, settings)
    if arguments.power_law:
        with tempfile.TemporaryDirectory() as folder:
            power_law(arguments.power_law).write(Path(folder) / "snapshot")
            rows(f"power law, {arguments.power_law:,}", Path(folder) / "snapshot", arguments.workers, settings)


if __name__ == "__main__":
    main()
