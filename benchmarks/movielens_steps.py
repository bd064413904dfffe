"""How long a round of the exact update and a step of the recurrent network take on MovieLens 100K, beside a published step.

    uv run python benchmarks/movielens_steps.py --movielens movielens-100k-split_1.mat [--rounds 20] [--threads 1]

The ratings that are learned from, with the file's two graphs and the settings of `hyperlearn evaluate movielens`, trained one after
the other in one run. A step of the recurrent update is one step of Adam of both modalities' networks: a round's time by the number
of steps in it, so that its part of the round's exchange and line search is counted. On a busy machine the processor's time, of one
thread, is what says something. Published is a step of sRGCNN, 170 ms, on other hardware. Prints a Markdown table.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.movielens import GIVEN, RECURRENT, SMOOTHED, question
from pipeline.source.movielens.split import read_split
from pipeline.train.fit import fit

PUBLISHED_MS = 170.0
CASES: Mapping[str, TrainingParameters] = {
    "a round of the exact update": SMOOTHED,
    "a round of the exact update, at sRGCNN's R": replace(SMOOTHED, embedding_dim=10),
    "a step of the recurrent update, two a round": RECURRENT,
    "a step of the recurrent update, ten a round": replace(RECURRENT, network_steps=10),
}


def milliseconds(hypergraph: Hypergraph, parameters: TrainingParameters, rounds: int, threads: int) -> list[list[float]]:
    """By the clock and by the processor, what each round took, of the recurrent update each step in it.

    The first round is left out: it makes what lasts.
    """
    settings = replace(parameters, rounds=rounds + 1, patience=rounds + 1, tolerance=0)
    steps = settings.network_steps if settings.update == "recurrent" else 1
    used: list[float] = []
    history = fit(hypergraph, settings, threads=threads, on_round=lambda _: used.append(time.process_time())).history
    clock = [done.seconds for done in history if done.number > 1]
    return [[1e3 * each / steps for each in seconds] for seconds in (clock, np.diff(used)[1:])]


def main() -> None:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--movielens", type=Path, required=True, help="the .mat file with the ratings, the split and the graphs")
    parser.add_argument("--rounds", type=int, default=20, help="rounds that are timed")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    hypergraph = question(read_split(asked.movielens), "test", 0).hypergraph(GIVEN)
    names = ("what", "R", "ms by the clock: best, median", "ms of the processor: best, median", "170 ms / these four")
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for name, parameters in CASES.items():
        took = [(min(each), float(np.median(each))) for each in milliseconds(hypergraph, parameters, asked.rounds, asked.threads)]
        figures = " | ".join(f"{best:.1f}, {median:.1f}" for best, median in took)
        ratios = ", ".join(f"{PUBLISHED_MS / each:.1f}" for pair in took for each in pair)
        print(f"| {name} | {parameters.embedding_dim} | {figures} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
