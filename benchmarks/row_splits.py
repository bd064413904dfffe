"""How much quicker a round is where modalities are cut by rows, and what workers then hold and tell each other.

    uv run python benchmarks/row_splits.py --power-law 1000000 --turns 1,2,4,8,16 --set update=exact
    uv run python benchmarks/row_splits.py SNAPSHOT... --processes 1,2 --plans 4,8,16,64 --set update=exact

Of each snapshot (directories that `export` wrote; with --power-law the planted one of benchmarks/workers.py) prints Markdown
tables. With --turns a round as so many workers compute it that take turns on this machine, each with one core to itself
(benchmarks/turns.py), the exchange not counted; with --processes a round of that many real workers on this machine, the exchange
in it, and the peak of their memory; with --plans what `train --plan` says. A round is the least of several but the first.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.turns import round_seconds
from benchmarks.workers import MIB, peaks, power_law
from pipeline.command.training_settings import read_settings
from pipeline.domain.device import Device
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.kernels.hardware import kernels_of
from pipeline.train.launch.launch import plan_training
from pipeline.train.problem.problem import build_problem

ROUNDS = 3


def in_turn(snapshot: Path, parameters: TrainingParameters, counts: Sequence[int]) -> None:
    """Print a row per number of workers that take turns."""
    problem = build_problem(Snapshot.read_hypergraph(snapshot), parameters)
    print("\n| workers | imbalance by the plan | computing of a round, s | times one worker | of what is possible |")
    print("|---|---|---|---|---|")
    first = 0.0
    for count in counts:
        planned = plan_training(snapshot, parameters, workers=count, device=Device.CPU)
        owned = [share.modalities for share in planned.shares]
        seconds = round_seconds(problem, parameters, owned, [kernels_of(Device.CPU)] * count, 1)
        first = first or seconds * count
        print(
            f"| {count} | {planned.imbalance:.2f} | {seconds:.3f} | {first / seconds:.1f} | {first / seconds / count:.2f} |",
            flush=True,
        )


def in_processes(snapshot: Path, parameters: TrainingParameters, counts: Sequence[int]) -> None:
    """Print a row per number of real workers."""
    print("\n| workers | a round, s | times one worker | peaks, MiB | planned, MiB |\n|---|---|---|---|---|")
    first = 0.0
    for count in counts:
        planned = plan_training(snapshot, parameters, workers=count, device=Device.CPU)
        with tempfile.TemporaryDirectory() as folder:
            measured = peaks(snapshot, parameters, count, Path(folder))
            history = Embeddings.read(Path(folder) / "embeddings").report["history"]
        seconds = min(done["seconds"] for done in history[2:])
        first = first or seconds
        said = (sum(share.memory.values()) // MIB for share in planned.shares)
        figures = ", ".join(f"{peak // MIB:,}" for peak in measured), ", ".join(f"{each:,}" for each in said)
        print(f"| {count} | {seconds:.2f} | {first / seconds:.2f} | {figures[0]} | {figures[1]} |", flush=True)


def plans(snapshot: Path, parameters: TrainingParameters, counts: Sequence[int]) -> None:
    """Print a row per number of workers that might be."""
    print("\n| workers | imbalance | hyperedges of the busiest | memory, MiB, most | sends, MiB, most | receives, MiB, most |")
    print("|---|---|---|---|---|---|")
    for count in counts:
        planned = plan_training(snapshot, parameters, workers=count, device=Device.CPU)
        busiest = max(planned.shares, key=lambda share: share.work)
        memory = max(sum(share.memory.values()) for share in planned.shares) // MIB
        told = [max(getattr(share, way) for share in planned.shares) / MIB for way in ("sends", "receives")]
        print(f"| {count} | {planned.imbalance:.2f} | {busiest.hyperedges:,} | {memory:,} | {told[0]:,.1f} | {told[1]:,.1f} |")


def tables(name: str, snapshot: Path, arguments: argparse.Namespace, settings: dict[str, Any]) -> None:
    """Print what is asked for of a snapshot."""
    summary = Snapshot.read_summary(snapshot)
    given = {"rounds": ROUNDS, "patience": ROUNDS, "tolerance": 0.0, **settings}
    parameters = summary.dataset.training_parameters(given)
    count = sum(summary.counts["hyperedges"].values())
    print(f"\n{name}: {count:,} hyperedges, {sum(summary.counts['entities'].values()):,} entities, {arguments.set}", flush=True)
    for table, counts in ((in_turn, arguments.turns), (in_processes, arguments.processes), (plans, arguments.plans)):
        if counts:
            table(snapshot, parameters, [int(each) for each in counts.split(",")])


def main() -> None:
    """Print the tables."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshots", nargs="*", type=Path)
    parser.add_argument("--power-law", type=int)
    for option in ("--turns", "--processes", "--plans"):
        parser.add_argument(option, default="")
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    settings = dict(read_settings(arguments.set))
    for snapshot in arguments.snapshots:
        tables(snapshot.name, snapshot, arguments, settings)
    if arguments.power_law:
        with tempfile.TemporaryDirectory() as folder:
            power_law(arguments.power_law).write(Path(folder) / "snapshot")
            tables("power law", Path(folder) / "snapshot", arguments, settings)


if __name__ == "__main__":
    main()
