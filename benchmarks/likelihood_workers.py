"""How well, and how quickly, several workers train the likelihood that take its batches in turn.

    uv run python benchmarks/likelihood_workers.py DATASET.toml... --workers 1,2,4,8 --seeds 0,1,2

Hides a tenth of the hyperedges of each described data set (the validation part) and trains on the rest with the defaults. Workers
take turns on this machine, each with one core (benchmarks/turns.py). Prints a Markdown row per data set and number of workers: the
mean reciprocal rank of what was hidden, the mean over slots and seeds, and the least and most of the seeds; rounds until the best
one; and processor seconds of a round, the exchange not counted, the median of all rounds.
"""

import argparse
import logging
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.turns import fit_in_turn
from pipeline.domain.device import Device
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hidden import hide
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.train.kernels.hardware import kernels_of
from pipeline.train.problem.problem import build_problem


def trained(hypergraph: Hypergraph, workers: int, seed: int) -> tuple[float, int, float]:
    """The mean reciprocal rank of what was hidden, the best round, and seconds of a round."""
    (label,) = hypergraph.hyperedges
    hidden = hide(hypergraph, label, None, "validation", seed)
    parameters = hidden.known.dataset.training_parameters({"seed": seed})
    problem = build_problem(hidden.known, parameters)
    found, ends = fit_in_turn(problem, parameters, [problem.labels] * workers, [kernels_of(Device.CPU)] * workers, 1)
    ranks = [
        dense_ranks(slot_of(hidden, label, k, 0), lambda members, k=k: found.slot_scores(label, members, k))
        for k in range(len(hidden.asked[label].modalities))
    ]
    told = float(np.mean([Ranking.of_ranks(each).mean_reciprocal_rank for each in ranks]))
    return told, found.best_round, float(np.median(np.diff(ends)))


def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_args()
    print("| data set | workers | MRR | of seeds | best round | a round, s |\n|---|---|---|---|---|---|")
    for file in arguments.datasets:
        hypergraph = read_hypergraph(str(file), None, no_progress)
        for workers in map(int, arguments.workers.split(",")):
            done = [trained(hypergraph, workers, int(seed)) for seed in arguments.seeds.split(",")]
            ranks, bests, seconds = zip(*done, strict=True)
            spread, rounds = f"{min(ranks):.3f} to {max(ranks):.3f}", ", ".join(map(str, bests))
            print(
                f"| {file.stem} | {workers} | {np.mean(ranks):.3f} | {spread} | {rounds} | {np.median(seconds):.2f} |", flush=True
            )


if __name__ == "__main__":
    main()
