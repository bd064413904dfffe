"""Who multiplies by a graph quickest on one core: training's own product, torch's sparse matrices, DGL's message passing.

    uv run python benchmarks/graph_products.py

One product is a weighted sum over each entity's neighbours, what a step of conjugate gradients and a term of a graph convolution
take. All three are timed in turn, in one process, on one thread.
"""

import os
import time
import warnings
from collections.abc import Callable

os.environ.setdefault("DGLBACKEND", "pytorch")

import dgl
import numpy as np
import torch
from dgl import function
from scipy import sparse

from pipeline.train.kernels.compiled import CompiledKernels

SIZES = ((2_000, 10), (20_000, 10), (200_000, 10))
"""Entities, and neighbours that each chooses; it may be chosen by more."""
DIMENSION = 32
REPEATS = 7


def main() -> None:
    """Time all three on graphs of three sizes, and print a table of medians."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Sparse")
    print("| entities | entries | training's, ms | torch's sparse CSR | DGL's message passing |\n|---|---|---|---|---|")
    for count, neighbours in SIZES:
        weights = _graph(count, neighbours)
        dense_ND = torch.randn(count, DIMENSION, generator=torch.Generator().manual_seed(0))
        ways = _ways(weights, dense_ND)
        expected = next(iter(ways.values()))()
        for way in ways.values():
            torch.testing.assert_close(way(), expected, rtol=1e-3, atol=1e-4)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(REPEATS):
            for name, way in ways.items():
                clock = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - clock)
        own, *others = (float(np.median(taken)) for taken in seconds.values())
        ratios = " | ".join(f"{other / own:.1f} ×" for other in others)
        print(f"| {count:,} | {weights.nnz:,} | {1000 * own:.2f} | {ratios} |", flush=True)


def _graph(count: int, neighbours: int) -> sparse.csr_array:
    rng = np.random.default_rng(0)
    ends = np.repeat(np.arange(count), neighbours), rng.integers(0, count, count * neighbours)
    one_way = sparse.csr_array((rng.random(count * neighbours, dtype=np.float32), ends), shape=(count, count))
    return sparse.csr_array(one_way + one_way.T)


def _ways(weights: sparse.csr_array, dense_ND: torch.Tensor) -> dict[str, Callable[[], torch.Tensor]]:
    own = CompiledKernels().sparse(weights)
    torchs = torch.sparse_csr_tensor(*map(torch.from_numpy, (weights.indptr, weights.indices, weights.data)), size=weights.shape)
    into, out_of = (torch.from_numpy(end.astype(np.int32)) for end in weights.tocoo().coords)
    graph = dgl.graph((out_of, into), num_nodes=len(dense_ND))
    graph.ndata["vector"], graph.edata["weight"] = dense_ND, torch.from_numpy(weights.data)

    def message_passing() -> torch.Tensor:
        graph.update_all(function.u_mul_e("vector", "weight", "message"), function.sum("message", "total"))
        return graph.ndata["total"]

    return {"own": lambda: own @ dense_ND, "torch": lambda: torchs @ dense_ND, "dgl": message_passing}


if __name__ == "__main__":
    main()
