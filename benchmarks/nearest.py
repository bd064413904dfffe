"""Exact nearest neighbours beside scikit-learn's brute force, and beside the product of matrices that both have to do.

    uv run --with scikit-learn python benchmarks/nearest.py [--entities 50000] [--features 64] [--neighbours 10] [--repeats 3]

Normal random features, single precision, all cores. Every contender is run in turn, ``--repeats`` times, so that what else goes on
on the machine hits all of them; the least seconds count, the median stands beside. The bound is the product of all
rows with all rows alone, a tile at a time and a kernel per core: in single precision as our first look at a tile, in double as
the distances are in the end. Both results are checked against each other. Prints a Markdown table.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numpy as np
import torch

from pipeline.source.neighbours.features import vector_feature
from pipeline.source.neighbours.nearest import Block, nearest

CHUNK, TILE = 256, 2048


def bound(features_NF: torch.Tensor) -> None:
    """All products, each tile thrown away."""

    def chunk(start: int) -> None:
        tile_CT = torch.empty(CHUNK, TILE, dtype=features_NF.dtype)
        rows_CF = features_NF[start : start + CHUNK]
        for first in range(0, len(features_NF), TILE):
            columns_TF = features_NF[first : first + TILE]
            torch.mm(rows_CF, columns_TF.T, out=tile_CT[: len(rows_CF), : len(columns_TF)])

    with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(chunk, range(0, len(features_NF), CHUNK)))


def scikit_learn(features_NF: np.ndarray, num_neighbours: int) -> np.ndarray:
    """Neighbours (N × K) by scikit-learn; every entity finds itself first."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=num_neighbours, algorithm="brute", n_jobs=-1).fit(features_NF)
    indices_NK: np.ndarray = search.kneighbors(return_distance=False)  # without an argument: others than oneself
    return indices_NK


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Run all contenders and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entities", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--neighbours", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    rows_NF = np.random.default_rng(0).normal(size=(asked.entities, asked.features)).astype(np.float32)
    block: Block = vector_feature(rows_NF)
    assert isinstance(block.rows, np.ndarray)
    singles, doubles = torch.from_numpy(block.rows), torch.from_numpy(block.rows).double()
    contenders: dict[str, Callable[[], object]] = {
        "hyperlearn": lambda: nearest([block], asked.neighbours),
        "product alone, single precision": lambda: bound(singles),
        "product alone, double precision": lambda: bound(doubles),
    }
    ours = nearest([block], asked.neighbours)[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    try:
        same = np.mean(scikit_learn(block.rows, asked.neighbours) == ours)
        contenders["scikit-learn, brute force"] = lambda: scikit_learn(block.rows, asked.neighbours)
    except ModuleNotFoundError:
        same = np.nan
        print("scikit-learn is not there: uv run --with scikit-learn python benchmarks/nearest.py\n")
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(asked.repeats):
        for name, work in contenders.items():
            taken[name].append(seconds(work))
    print(
        f"{asked.entities:,} entities × {asked.features} features, {asked.neighbours} neighbours, {os.cpu_count()} cores; load",
        end=" ",
    )
    print(
        f"{os.getloadavg()[0]:.1f}; peak {peak:,} MiB (of which the libraries take some 300); {same:.4%} as scikit-learn has them\n"
    )
    print("| | seconds (least) | seconds (median) | hyperlearn / it |\n|---|---:|---:|---:|")
    for name, all_ in taken.items():
        print(f"| {name} | {min(all_):.2f} | {median(all_):.2f} | {min(taken['hyperlearn']) / min(all_):.2f} |")


if __name__ == "__main__":
    main()
