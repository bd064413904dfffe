"""Training's defaults on published sets of triples: one type of three members, two of them of one modality.

    uv run --with pykeen==1.11.1 python benchmarks/triples.py

The triples and their split come with PyKEEN; nothing of it runs. Training sees the training part alone, with the defaults, and asks
for either end of each test triple, given the other end and the relation: filtered by all three parts, realistic ranks.
"""

import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.metrics import mean_and_deviation
from pipeline.evaluate.ranking import Ranking, realistic_ranks
from pipeline.train.fit import Fit, fit

NAMES = ("umls", "nations", "kinships")
SEEDS = 3
FACT = HyperedgeType("Fact", ("Thing", "Relation", "Thing"))


def main() -> None:
    """Train on each set with three seeds, and print a table of means and deviations."""
    folder = Path(next(iter(importlib.util.find_spec("pykeen").submodule_search_locations))) / "datasets"  # type: ignore[union-attr, arg-type]
    print("| triples | training | MRR | hits@1 | hits@10 | rounds | seconds |\n|---|---|---|---|---|---|---|")
    for name in NAMES:
        parts, counts = read(folder / name)
        dataset = Dataset(name, (Modality("Thing"), Modality("Relation")), (FACT,))
        edges = HyperedgeList(FACT.members, parts[0], np.ones(len(parts[0]), np.float32))
        hypergraph = Hypergraph(dataset, counts, {"Fact": edges}, {})
        found, rounds, seconds = [], [], []
        for seed in range(SEEDS):
            clock = time.perf_counter()
            fitted = fit(hypergraph, TrainingParameters(seed=seed))
            seconds.append(time.perf_counter() - clock)
            rounds.append(str(fitted.best_round))
            found.append(ranked(fitted, parts))
        figures = [
            "{:.3f} ± {:.3f}".format(*mean_and_deviation([getattr(each, measure) for each in found]))
            for measure in ("mean_reciprocal_rank", "hits_at_1", "hits_at_10")
        ]
        print(f"| {name} | {len(parts[0]):,} | {' | '.join(figures)} | {', '.join(rounds)} | {np.mean(seconds):.1f} |", flush=True)


def read(folder: Path) -> tuple[list[np.ndarray], dict[str, int]]:
    """Read the three parts as rows, and the numbers of things and relations."""
    triples = [
        [line.split("\t") for line in (folder / f"{part}.txt").read_text(encoding="utf-8").splitlines()]
        for part in ("train", "valid", "test")
    ]
    every = [triple for part in triples for triple in part]
    things = {thing: row for row, thing in enumerate(sorted({end for head, _, tail in every for end in (head, tail)}))}
    relations = {relation: row for row, relation in enumerate(sorted({relation for _, relation, _ in every}))}
    parts = [np.array([[things[head], relations[name], things[tail]] for head, name, tail in part]) for part in triples]
    return parts, {"Thing": len(things), "Relation": len(relations)}


def ranked(fitted: Fit, parts: list[np.ndarray]) -> Ranking:
    """Rank both ends of the test triples; what is true by any part is left out, but for the one that is asked for."""
    known, test = np.concatenate(parts), parts[2]
    ranks = []
    for position in (0, 2):
        others = [column for column in range(3) if column != position]
        scores = fitted.slot_scores("Fact", test, position)
        for row, triple in enumerate(test):
            true = known[(known[:, others] == triple[others]).all(axis=1), position]
            scores[row, true[true != triple[position]]] = -np.inf
        is_true = np.arange(scores.shape[1]) == test[:, [position]]
        ranks.append(realistic_ranks(scores, is_true))
    return Ranking.of_ranks(np.concatenate(ranks))


if __name__ == "__main__":
    main()
