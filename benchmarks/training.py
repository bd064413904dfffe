"""Speed and memory of training: a round against other libraries' iterations, MTTKRP against the machine, growth, peak memory.

    uv run --with pygenten==0.1.5 --with tensorly==0.10.0 python benchmarks/training.py --quick

Peers take turns, each in a process of its own, on the same tensors; every figure is the least of several turns. What is compared
is told in RESULTS.md. ``--plot`` names the file for the plot of how a round's time grows.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.training_plot import plot
from benchmarks.training_tensors import KINDS, Case, members_and_values

ROOT = Path(__file__).resolve().parents[1]
CORES = len(os.sched_getaffinity(0))
# What Kokkos, which GenTen is built on, recommends.
ENVIRONMENTS = {"genten": {"OMP_NUM_THREADS": str(CORES), "OMP_PROC_BIND": "spread", "OMP_PLACES": "threads"}}
QUICK = [Case("power law", 100_000, arity, 32) for arity in (3, 4, 5)]
QUICK += [Case("uniform", 100_000, 4, 32), Case("power law", 1_000_000, 4, 32)]
FULL = [
    Case(kind, count, arity, dim) for kind in KINDS for count in (100_000, 1_000_000) for arity in (3, 4, 5) for dim in (16, 32, 64)
]


class Peer:
    """A process that does one measurement when it is asked."""

    def __init__(self, name: str, file: Path, embedding_dim: int) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **ENVIRONMENTS.get(name, {})}
        command = [sys.executable, str(ROOT / "benchmarks" / "training_peers.py"), name, str(file), str(embedding_dim)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )

    def measure(self) -> dict[str, Any]:
        """Ask once more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a peer ended with status {self._process.wait()}: {self._process.args}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def measure(case: Case, names: Sequence[str], turns: int) -> dict[str, list[dict[str, Any]]]:
    """Let peers take turns on one tensor."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tensor.npz"
        members_EK, values_E = members_and_values(case)
        np.savez(file, members=members_EK, values=values_E, num_entities=case.num_entities)
        peers = {name: Peer(name, file, case.embedding_dim) for name in names}
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for _ in range(turns):
            for name, peer in peers.items():
                answers[name].append(peer.measure())
        for peer in peers.values():
            peer.close()
    return answers


def least(answers: Sequence[Mapping[str, Any]], key: str = "seconds") -> float:
    """The least of a figure over the turns."""
    return min(answer[key] for answer in answers)


def fits(answers: Sequence[Mapping[str, Any]]) -> list[float]:
    """The fits, iteration after iteration."""
    return [fit for answer in answers for fit in answer["fits"]]


def name_of(case: Case) -> str:
    """A row's first cells."""
    return f"{case.kind} | {case.num_hyperedges:,} | {case.arity} | {case.embedding_dim}"


def header(*names: str) -> None:
    """Begin a table whose rows begin with a tensor."""
    cells = ("members", "hyperedges", "K", "R", *names)
    print(f"\n| {' | '.join(cells)} |\n|{'---|' * len(cells)}", flush=True)


def compare_rounds(cases: Sequence[Case], turns: int) -> None:
    """A round against an iteration of GenTen's CP-ALS."""
    header("GenTen, ms (its way)", "at once, ms", "times", "default, ms", "times", "fits after 2, 4, 6")
    for case in cases:
        answers = measure(case, ("genten", "at once", "default"), turns)
        peer, *ours = (least(answers[name]) for name in answers)
        speeds = " | ".join(f"{1e3 * each:.1f} | {peer / each:.1f}" for each in ours)
        reached = "; ".join(
            ", ".join(f"{fits(answers[name])[number - 1]:.5f}" for number in (2, 4, 6) if number <= len(fits(answers[name])))
            for name in ("genten", "at once")
        )
        print(f"| {name_of(case)} | {1e3 * peer:.1f} ({answers['genten'][-1]['method']}) | {speeds} | {reached} |", flush=True)


def compare_dense(turns: int) -> None:
    """A round against TensorLy, where the tensor can be written out: it has no other way to fit without a further library."""
    header("TensorLy, dense, ms", "at once, ms", "times faster")
    for count, arity in ((3_000, 3), (800, 4)):
        case = Case("uniform", count, arity, 16)
        answers = measure(case, ("tensorly", "at once"), turns)
        peer, ours = (least(answers[name]) for name in answers)
        print(f"| {name_of(case)} | {1e3 * peer:.1f} | {1e3 * ours:.1f} | {peer / ours:.1f} |", flush=True)


def compare_mttkrp(cases: Sequence[Case], turns: int) -> None:
    """All modalities' MTTKRP against the bytes that it moves and against gathering everything first."""
    header("MTTKRP, ms", "gather all, ms", "times faster", "copy, GB/s", "GB moved", "times their copy", "GB at least")
    for case in cases:
        answers = measure(case, ("mttkrp",), turns)["mttkrp"]
        ours, gathered, bandwidth = least(answers), least(answers, "gathered"), max(each["bandwidth"] for each in answers)
        moved, need = answers[0]["moved"], answers[0]["least"]
        print(f"| {name_of(case)} | {1e3 * ours:.1f} | {1e3 * gathered:.1f} | {gathered / ours:.1f}", end="")
        print(f" | {bandwidth / 1e9:.1f} | {moved / 1e9:.2f} | {ours / (moved / bandwidth):.2f} | {need / 1e9:.2f} |", flush=True)


def compare_memory(cases: Sequence[Case]) -> None:
    """Peak memory of a fit against the data's own."""
    header("data, MB", "peak with the data, MB", "times", "peak of the fit alone, MB", "times")
    for case in cases:
        found = measure(case, ("memory",), 1)["memory"][0]
        data, whole, alone = found["data"], found["with_input"], found["fit"]
        print(f"| {name_of(case)} | {data / 1e6:.0f} | {whole / 1e6:.0f} | {whole / data:.1f} | {alone / 1e6:.0f}", end="")
        print(f" | {alone / data:.1f} |", flush=True)


def growth(top: int, file: Path | None, turns: int) -> None:
    """How a round's time grows with hyperedges, arity and dimension: least squares slopes on logarithms."""
    base = Case("uniform", top // 5, 4, 32)
    axes = {
        "hyperedges": [Case("uniform", top // part, 4, 32) for part in (9, 3, 1)],
        "arity K": [Case("uniform", base.num_hyperedges, arity, 32) for arity in (2, 3, 4, 5)],
        "dimension R": [Case("uniform", base.num_hyperedges, 4, dim) for dim in (16, 32, 64)],
    }
    sizes = {
        "hyperedges": lambda case: case.num_hyperedges,
        "arity K": lambda case: case.arity,
        "dimension R": lambda case: case.embedding_dim,
    }
    print("\n| grows with | round | from | ms | slope |\n|" + "---|" * 5)
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for axis, cases in axes.items():
        curves[axis] = {"full norm, at once": [], "default objective": []}
        for case in cases:
            answers = measure(case, ("at once", "default"), turns)
            for curve, name in zip(curves[axis].values(), ("at once", "default"), strict=True):
                curve.append((sizes[axis](case), least(answers[name])))
        for name, curve in curves[axis].items():
            x, y = np.log(np.array(curve)).T
            seconds = ", ".join(f"{1e3 * math.exp(each):.1f}" for each in y)
            steps = ", ".join(f"{size:,}" for size, _ in curve)
            print(f"| {axis} | {name} | {steps} | {seconds} | {np.polyfit(x, y, 1)[0]:.2f} |", flush=True)
    if file:
        plot(curves, file)


def main() -> None:
    """Measure what is asked for and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer tensors and turns: some minutes")
    parser.add_argument("--only", choices=("rounds", "dense", "mttkrp", "memory", "growth"), help="one part")
    parser.add_argument("--plot", type=Path, help="file for the plot, SVG")
    arguments = parser.parse_args()
    cases, turns = (QUICK, 2) if arguments.quick else (FULL, 4)
    parts = {
        "rounds": lambda: compare_rounds(cases, turns),
        "dense": lambda: compare_dense(turns),
        "mttkrp": lambda: compare_mttkrp(cases, turns),
        "memory": lambda: compare_memory([case for case in cases if case.num_hyperedges == 1_000_000]),
        "growth": lambda: growth(90_000 if arguments.quick else 1_000_000, arguments.plot, turns // 2),
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part()


if __name__ == "__main__":
    main()
