"""Training on a GPU: a round there and on the CPU beside it, how far the vectors are apart, and batches beside a torch loop.

    python benchmarks/gpu.py                 # on a machine with a GPU
    python benchmarks/gpu.py --device cpu    # the same by torch's operations on the CPU: small tensors, to try the script

Hyperedges are drawn by Zipf's law (benchmarks/training_tensors.py). The CPU computes with its compiled loops on all its cores. Both
start from the same numbers; how far they are apart is told of the objective, and as the largest difference of two vectors' entries
against the root mean square of all; without a ridge many vectors are as good. Of the batches, the loop is as one would write it,
with embeddings, autograd and torch's Adagrad (likelihood_speed.py), on the same device; as many candidates, the same batch sizes.
The first round does not count. Prints Markdown tables.
"""

import argparse
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from benchmarks.likelihood_speed import CANDIDATES, torch_rounds
from benchmarks.training_tensors import Case, hypergraph_of, members_and_values
from pipeline.domain.device import Device
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import Fit, fit_share
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.hardware import kernels_of
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.problem import build_problem
from pipeline.train.sharing.exchange import Alone
from pipeline.train.station import Station

CORES = len(os.sched_getaffinity(0))
ROUNDS = 3
MOST_RECURRENT = 100_000
UPDATES = {
    "exact, full norm": TrainingParameters(update="exact", absent_weights={"Event": 1.0}, absent_popularity=None, ridge=0.0),
    "exact": TrainingParameters(update="exact"),
    "recurrent": TrainingParameters(update="recurrent"),
    "stochastic": TrainingParameters(update="stochastic", batch_size=1024, candidates=CANDIDATES),
}


def presence(case: Case) -> Hypergraph:
    """The case's hyperedges, as presence."""
    members_EK, values_E = members_and_values(case)
    return hypergraph_of(members_EK, np.ones_like(values_E), case.num_entities)


def trained(hypergraph: Hypergraph, parameters: TrainingParameters, kernels: Kernels) -> Fit:
    """Train."""
    problem = build_problem(hypergraph, parameters)
    return fit_share(problem, parameters, Station(problem.labels, Alone(), kernels, kernels.host_threads(CORES)))


def seconds_of(fitted: Fit) -> float:
    """The least seconds of a round but the first, in which kernels are loaded."""
    return min(done.seconds for done in fitted.history[2:])


def apart(one: Fit, other: Fit) -> float:
    """The largest difference of two vectors' entries, against the root mean square of all."""
    return max(
        float(np.abs(one.factors[label] - other.factors[label]).max() / np.sqrt(np.square(one.factors[label]).mean()))
        for label in one.factors
    )


def compare_rounds(cases: list[Case], kernels: Kernels) -> None:
    """Print the table of rounds."""
    names = ("update", "hyperedges", "K", "R", f"CPU ({CORES} cores), ms", f"{kernels.hardware}, ms", "times")
    print(f"\n| {' | '.join((*names, 'objective apart', 'vectors apart'))} |\n|{'---|' * 9}")
    for case in cases:
        hypergraph = presence(case)
        for name, update in UPDATES.items():
            if name == "recurrent" and case.num_hyperedges > MOST_RECURRENT:
                continue  # a minute a round on the CPU
            parameters = replace(
                update, embedding_dim=case.embedding_dim, rounds=ROUNDS, patience=ROUNDS, tolerance=0.0, validation=0.0
            )
            cpu, gpu = (trained(hypergraph, parameters, each) for each in (CompiledKernels(), kernels))
            slow, quick = 1e3 * seconds_of(cpu), 1e3 * seconds_of(gpu)
            sizes = f"{case.num_hyperedges:,} | {case.arity} | {case.embedding_dim}"
            total, other = (each.history[-1].losses.total for each in (cpu, gpu))
            told = f"{slow:.1f} | {quick:.1f} | {slow / quick:.1f} | {abs(other / total - 1):.0e} | {apart(cpu, gpu):.0e}"
            print(f"| {name} | {sizes} | {told} |", flush=True)


def compare_batches(cases: list[Case], batch_sizes: list[int], kernels: Kernels) -> None:
    """Print the table of batches."""
    print("\n| hyperedges | K | R | batch | ours, hyperedges a second | torch loop | ours / it |\n|---|---|---|---|---|---|---|")
    for case in cases:
        hypergraph = presence(case)
        for size in batch_sizes:
            parameters = replace(
                UPDATES["stochastic"], embedding_dim=case.embedding_dim, batch_size=size, rounds=3, patience=3, validation=0.0
            )
            speed = case.num_hyperedges / seconds_of(trained(hypergraph, parameters, kernels))
            members_EK = hypergraph.hyperedges["Event"].members_EK
            loop = torch_rounds(members_EK, case.num_entities, case.embedding_dim, size, kernels.device, kernels.finish)
            peer = len(members_EK) / min([next(loop) for _ in range(3)][1:])
            sizes = f"{case.num_hyperedges:,} | {case.arity} | {case.embedding_dim} | {size:,}"
            print(f"| {sizes} | {speed:,.0f} | {peer:,.0f} | {speed / peer:.1f} |", flush=True)


def main() -> None:
    """Print all tables."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", type=Device, default=Device.CUDA, choices=[Device.CPU, Device.CUDA])
    parser.add_argument("--only", choices=("rounds", "batches"), help="one part")
    arguments = parser.parse_args()
    if arguments.device is Device.CPU:
        kernels, sizes, batches = Kernels(torch.device("cpu")), [20_000], [1024]
    else:
        kernels, sizes, batches = kernels_of(Device.CUDA), [100_000, 1_000_000], [1024, 8192]
    parts: dict[str, Callable[[], None]] = {
        "rounds": lambda: compare_rounds([Case("power law", count, 4, 32) for count in sizes], kernels),
        "batches": lambda: compare_batches([Case("power law", sizes[0], arity, 64) for arity in (3, 4)], batches, kernels),
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part()


if __name__ == "__main__":
    main()
