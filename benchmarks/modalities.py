"""How long a round of least squares takes with more modalities, one worker each: the paper's promise is, no longer.

    python benchmarks/modalities.py                  # on the CPU
    python benchmarks/modalities.py --device cuda    # every worker on the one GPU, in turn

K modalities of as many entities stand in a ring of K hyperedge types of as many hyperedges, each of three that follow each other
(of two modalities, one stands in a type twice); so each has three places whatever K is. There are not K machines here: the
workers take turns, from one exchange to the next, each with the others idle, and a round is the slowest worker's time of each
stretch, added up. What they exchange is added as measured between two processes over the loopback interface, one of which has one
modality and gets all others'. Prints a Markdown table; a round is the least of several but the first. (Workers of the
likelihood have no modalities of their own: benchmarks/row_splits.py.)
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.turns import round_seconds
from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.device import Device
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.kernels.hardware import kernels_of
from pipeline.train.problem.problem import build_problem
from pipeline.train.sharing.exchange import ProcessGroup, file_store, joined

CORES = len(os.sched_getaffinity(0))
KINDS = (2, 3, 4, 6, 8)
NUM_HYPEREDGES, NUM_ENTITIES, DIM, ROUNDS = 100_000, 10_000, 32, 3
MESSAGES = 2
"""Sums that workers add up in a round beside what they share."""


def ring(num_modalities: int) -> Hypergraph:
    """Modalities and types in a ring."""
    rng = np.random.default_rng(0)
    labels = tuple(f"Modality{number}" for number in range(num_modalities))
    types, hyperedges = [], {}
    for number in range(num_modalities):
        members = tuple(labels[(number + step) % num_modalities] for step in range(3))
        types.append(HyperedgeType(f"Type{number}", members))
        members_EK = np.unique(rng.integers(0, NUM_ENTITIES, (NUM_HYPEREDGES, 3)), axis=0)
        rng.shuffle(members_EK)
        hyperedges[f"Type{number}"] = HyperedgeList(members, members_EK, np.ones(len(members_EK), np.float32))
    dataset = Dataset("ring", tuple(map(Modality, labels)), tuple(types))
    return Hypergraph(dataset, dict.fromkeys(labels, NUM_ENTITIES), hyperedges, {})


def computing_seconds(num_modalities: int, device: Device) -> float:
    """Seconds of a round's computing, one worker a modality."""
    parameters = TrainingParameters(
        update="exact", embedding_dim=DIM, rounds=ROUNDS, patience=ROUNDS, tolerance=0.0, validation=0.0
    )
    problem = build_problem(ring(num_modalities), parameters)
    return round_seconds(problem, parameters, [[label] for label in problem.labels], [kernels_of(device)] * num_modalities, CORES)


def exchange_seconds(num_modalities: int) -> float:
    """Seconds of what one of two processes, with one modality, tells and hears in a round."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            __file__,
            "--exchange",
            "--modalities",
            str(num_modalities),
            "--store",
            f"{folder}/store",
        ]
        processes = [
            subprocess.Popen(
                [*command, "--rank", str(rank)], stdout=subprocess.PIPE, env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
            )
            for rank in range(2)
        ]
        answers = [process.communicate()[0] for process in processes]
    return float(answers[0])


def exchange(num_modalities: int, store: Path, rank: int) -> None:
    """Be one of the two, and print the median seconds of a round's exchange."""
    labels = [f"Modality{number}" for number in range(num_modalities)]
    owned = [labels[:1], labels[1:]]
    torch.set_num_threads(1)
    with joined(file_store(store, 2), rank, 2, "gloo", 60.0):
        cuts, widths = dict.fromkeys(labels, (0, NUM_ENTITIES)), dict.fromkeys(labels, DIM + 3)
        group = ProcessGroup(owned, cuts, widths, torch.device("cpu"), lambda: None, timeout=60.0)
        own = {label: torch.zeros(NUM_ENTITIES, DIM + 3) for label in owned[rank]}
        taken = []
        for _ in range(30):
            group.total(np.zeros(1))  # begin together
            clock = time.perf_counter()
            group.share(own)
            for _ in range(MESSAGES):
                group.total(np.zeros(3 * DIM * DIM * num_modalities))
            taken.append(time.perf_counter() - clock)
    print(np.median(taken))


def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", type=Device, default=Device.CPU, choices=[Device.CPU, Device.CUDA])
    parser.add_argument("--exchange", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--modalities", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.exchange:
        exchange(arguments.modalities, arguments.store, arguments.rank)
        return
    print("| K | computing, ms | exchange, ms | a round, ms | against K = 3 |\n|---|---|---|---|---|")
    rows = {}
    for count in KINDS:
        rows[count] = 1e3 * computing_seconds(count, arguments.device), 1e3 * exchange_seconds(count)
    for count, (computing, telling) in rows.items():
        whole, base = computing + telling, sum(rows[3])
        print(f"| {count} | {computing:.1f} | {telling:.1f} | {whole:.1f} | {whole / base:.2f} |", flush=True)


if __name__ == "__main__":
    main()
