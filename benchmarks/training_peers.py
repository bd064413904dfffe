"""One side of the comparison in `training.py`, in a process of its own: it does one measurement a line that it is sent.

    python benchmarks/training_peers.py PEER TENSOR.npz EMBEDDING_DIM

Each line on standard input asks for one more measurement; the answer is one JSON object on a line. A process of its own, so that
every library has the environment that it is best with, and the peers can take turns on a machine whose speed changes.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

REPEATS = 3


def tensor(file: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """Read members, values and the number of entities of each modality."""
    with np.load(file) as stored:
        return stored["members"], stored["values"], int(stored["num_entities"])


def start_of(num_hyperedges: int, num_entities: int, arity: int, embedding_dim: int) -> list[np.ndarray]:
    """Draw factors, the same for all peers, that predict the mean over all cells, roughly."""
    scale = np.float32(2 * (num_hyperedges / num_entities**arity / embedding_dim) ** (1 / arity))
    return [np.random.default_rng(seed).random((num_entities, embedding_dim), dtype=np.float32) * scale for seed in range(arity)]


def hyperlearn(file: Path, embedding_dim: int, *, full: bool) -> Callable[[], dict[str, Any]]:
    """Rounds of the exact update: with the full norm and nothing else, which is CP-ALS's objective, or with what is the default."""
    from benchmarks.training_tensors import hypergraph_of
    from pipeline.domain.training_parameters import TrainingParameters
    from pipeline.train.kernels.compiled import CompiledKernels
    from pipeline.train.problem.problem import build_problem
    from pipeline.train.rounds import Rounds
    from pipeline.train.sharing.exchange import Alone
    from pipeline.train.sharing.threads import one_kernel_thread
    from pipeline.train.start.start import random_start

    members_EK, values_E, num_entities = tensor(file)
    hypergraph = hypergraph_of(members_EK, values_E, num_entities)
    absent = {"Event": 1.0 if full else len(values_E) / num_entities ** members_EK.shape[1]}
    parameters = TrainingParameters(
        update="exact",
        validation=0.0,
        embedding_dim=embedding_dim,
        rounds=REPEATS,
        tolerance=0,
        absent_weights=absent,
        absent_popularity=None if full else 0.5,
        ridge=0.0 if full else 0.02,
    )
    problem = build_problem(hypergraph, parameters)
    if full:
        factors = start_of(len(values_E), num_entities, members_EK.shape[1], embedding_dim)
        start = dict(zip(problem.labels, factors, strict=True))
    else:
        start = random_start(problem, embedding_dim, 0)
    lasting = ExitStack()
    pool = lasting.enter_context(one_kernel_thread(len(os.sched_getaffinity(0))))
    rounds = Rounds(problem, problem.labels, start, parameters, Alone(), CompiledKernels(), pool)
    norm = float(np.square(values_E, dtype=np.float64).sum())

    def measure(_: ExitStack = lasting) -> dict[str, Any]:
        done = rounds.run()[1:]
        fits = [1 - (max(each.losses.total, 0.0) / norm) ** 0.5 for each in done]
        return {"seconds": min(each.seconds for each in done), "fits": fits}

    return measure


def genten(file: Path, embedding_dim: int) -> Callable[[], dict[str, Any]]:
    """Iterations of GenTen's CP-ALS, with the quickest of its ways to do an MTTKRP that are right on several threads."""
    import pygenten

    members_EK, values_E, num_entities = tensor(file)
    arity = members_EK.shape[1]
    data = pygenten.Sptensor((num_entities,) * arity, members_EK, values_E.astype(np.float64))
    methods = {"perm": pygenten.MttkrpPerm, "atomic": pygenten.MttkrpAtomic, "duplicated": pygenten.MttkrpDuplicated}
    factors = [factor_ND.astype(np.float64) for factor_ND in start_of(len(values_E), num_entities, arity, embedding_dim)]
    state = {"model": pygenten.Ktensor(np.ones(embedding_dim), factors)}
    best: dict[str, float] = {}

    def run(name: str) -> tuple[float, list[float]]:
        state["model"], _, history = pygenten.cp_als(
            data, init=state["model"], rank=embedding_dim, maxiters=REPEATS, tol=1e-300, mttkrp_method=methods[name]
        )
        # The first entry is before the first iteration, the last after the end.
        entries = [history[number] for number in range(history.size() - 1)]
        seconds = np.diff([entry.cum_time for entry in entries])
        return float(seconds.min()), [float(entry.fit) for entry in entries[1:]]

    def measure() -> dict[str, Any]:
        fits: list[float] = []
        # All ways once, then only the quickest.
        for name in methods if not best else [min(best, key=lambda name: best[name])]:
            seconds, more = run(name)
            best[name] = min(best.get(name, float("inf")), seconds)
            fits += more
        name = min(best, key=lambda name: best[name])
        return {"seconds": best[name], "fits": fits, "method": name}

    return measure


def tensorly(file: Path, embedding_dim: int) -> Callable[[], dict[str, Any]]:
    """Iterations of TensorLy's CP-ALS on the tensor written out in full."""
    import tensorly as library
    from tensorly.decomposition import parafac

    library.set_backend("pytorch")
    members_EK, values_E, num_entities = tensor(file)
    dense = library.zeros((num_entities,) * members_EK.shape[1])
    dense[tuple(members_EK.T)] = library.tensor(values_E)
    factors = [library.tensor(factor_ND) for factor_ND in start_of(len(values_E), num_entities, members_EK.shape[1], embedding_dim)]

    def seconds(iterations: int) -> float:
        begin = time.perf_counter()
        parafac(dense, embedding_dim, n_iter_max=iterations, tol=0, init=(None, [factor.clone() for factor in factors]))
        return time.perf_counter() - begin

    return lambda: {"seconds": (seconds(1 + REPEATS) - seconds(1)) / REPEATS, "fits": []}


def mttkrp(file: Path, embedding_dim: int) -> Callable[[], dict[str, Any]]:
    """All modalities' MTTKRP, ours and gather-everything-then-add, and a copy of memory by all cores."""
    import torch

    from benchmarks.training_tensors import hypergraph_of
    from pipeline.domain.training_parameters import TrainingParameters
    from pipeline.train.kernels.compiled import CompiledKernels
    from pipeline.train.problem.problem import build_problem
    from pipeline.train.sharing.threads import one_kernel_thread
    from pipeline.train.tensor.khatri_rao import add_normal
    from pipeline.train.tensor.unfolding import Unfolding, unfold

    cores = len(os.sched_getaffinity(0))
    members_EK, values_E, num_entities = tensor(file)
    arity = members_EK.shape[1]
    problem = build_problem(
        hypergraph_of(members_EK, values_E, num_entities),
        TrainingParameters(update="exact", validation=0.0, absent_weights={"Event": 1.0}),
    )
    unfoldings = [unfold(problem.terms[0], position, CompiledKernels()) for position in range(arity)]
    factors = {
        label: torch.from_numpy(factor_ND)
        for label, factor_ND in zip(problem.labels, start_of(len(values_E), num_entities, arity, embedding_dim), strict=True)
    }
    columns = [torch.from_numpy(np.ascontiguousarray(column)) for column in members_EK.T]
    values_E1 = torch.from_numpy(values_E)[:, None]
    source = torch.ones(cores, 48 * 1024 * 1024)
    target = torch.zeros_like(source)

    def ours(unfolding: Unfolding) -> torch.Tensor:
        out_ND = torch.zeros_like(factors[unfolding.modalities[unfolding.position]])
        values = [tile.values_E for tile in unfolding.tiles]
        add_normal(out_ND, unfolding, factors, out_ND, 0.0, values.__getitem__, 1.0)
        return out_ND

    def gather_everything(position: int) -> None:
        product_ED = values_E1.expand(-1, embedding_dim).clone()
        for other, label in enumerate(problem.labels):
            if other != position:
                product_ED.mul_(factors[label].index_select(0, columns[other]))
        torch.zeros_like(factors[problem.labels[position]]).index_add_(0, columns[position], product_ED)

    def seconds(work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    def measure() -> dict[str, Any]:
        with one_kernel_thread(cores) as pool:
            copied = min(seconds(lambda: pool.map(lambda core: target[core].copy_(source[core]), range(cores))) for _ in range(3))
            tiled = min(seconds(lambda: pool.map(ours, unfoldings)) for _ in range(REPEATS))
            gathered = seconds(lambda: pool.map(gather_everything, range(arity)))
        bandwidth = 2 * source.numel() * 4 / copied
        count, rows = len(values_E), num_entities * embedding_dim * 4
        # Every gathered row is counted, wherever it comes from: factors do not fit in a core's own cache.
        read = count * ((arity - 1) * (4 * embedding_dim + 4) + 4)
        moved = arity * (read + 2 * rows)
        least = arity * (count * (4 * (arity - 1) + 4) + (arity - 1) * rows + 2 * rows)
        return {"seconds": tiled, "gathered": gathered, "bandwidth": bandwidth, "moved": moved, "least": least, "fits": []}

    return measure


def memory(file: Path, embedding_dim: int) -> Callable[[], dict[str, Any]]:
    """Peak resident memory of a fit with the default objective: beyond the imports, and beyond the hypergraph too."""
    import psutil

    from benchmarks.training_tensors import hypergraph_of
    from pipeline.domain.training_parameters import TrainingParameters
    from pipeline.train.fit import fit

    def resident() -> int:
        gc.collect()
        return psutil.Process().memory_info().rss

    def measure() -> dict[str, Any]:
        tiny = hypergraph_of(np.array([[0, 0], [1, 1]]), np.ones(2, np.float32), 2)
        fit(tiny, TrainingParameters(update="exact", embedding_dim=2, rounds=1))
        imports = resident()
        members_EK, values_E, num_entities = tensor(file)
        hypergraph = hypergraph_of(members_EK, values_E, num_entities)
        before = resident()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        absent = {"Event": len(values_E) / num_entities ** members_EK.shape[1]}
        fit(
            hypergraph,
            TrainingParameters(
                update="exact", validation=0.0, embedding_dim=embedding_dim, rounds=3, tolerance=0, absent_weights=absent
            ),
        )
        status = Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")[1]
        peak = int(status.split()[0]) * 1024
        data = members_EK.nbytes + values_E.nbytes + members_EK.shape[1] * num_entities * embedding_dim * 4
        return {"seconds": 0.0, "fits": [], "with_input": peak - imports, "fit": peak - before, "data": data}

    return measure


PEERS: dict[str, Callable[[Path, int], Callable[[], dict[str, Any]]]] = {
    "at once": lambda file, dim: hyperlearn(file, dim, full=True),
    "default": lambda file, dim: hyperlearn(file, dim, full=False),
    "genten": genten,
    "tensorly": tensorly,
    "mttkrp": mttkrp,
    "memory": memory,
}


def main() -> None:
    """Answer line by line until there is no more to read; what libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    measure = PEERS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    for _ in sys.stdin:
        print(json.dumps(measure()), file=answers, flush=True)


if __name__ == "__main__":
    main()
