"""How many of the ten that score best among all entities `similar` finds through the vector index, and how long a query takes.

Needs a database that serves the films: run `hyperlearn demo` first.

    uv run python benchmarks/recall.py
"""

import time

import numpy as np

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.shrinkage import scores
from pipeline.domain.snapshot import Snapshot
from pipeline.graph.client import GraphClient
from pipeline.query.served import published
from pipeline.query.similar import similar
from pipeline.settings import Settings

NUM_QUERIES = 200
K = 10


def main() -> None:
    """Ask, compare with a full comparison of all vectors, and print a table."""
    settings = Settings.load()
    print("| modality | recall@10 | milliseconds a query |\n|---|---|---|")
    with GraphClient(settings.connect()) as client:
        for label in ("Movie", "Director", "Actor"):
            modality, run = published(client, label)
            folder = settings.runs / run.id.rsplit("-", 2)[0] / run.id
            embeddings = Embeddings.read(folder / "embeddings")
            degrees = Snapshot.read_hypergraph(folder / "snapshot").degrees(label)
            ids = np.array(embeddings.ids[label], dtype=object)
            unit = embeddings.factors[label].astype(np.float64)
            unit /= np.linalg.norm(unit, axis=1, keepdims=True)
            found, seconds = 0, 0.0
            for row in np.random.default_rng(0).choice(len(ids), NUM_QUERIES, replace=False):
                start = time.perf_counter()
                neighbours = {neighbour.id for neighbour in similar(client, run, modality, ids[row], k=K)}
                seconds += time.perf_counter() - start
                score = scores(unit @ unit[row], degrees)
                score[row] = -np.inf
                # Float32 rounding may swap equals: whatever is as near as the tenth counts.
                found += len(neighbours & set(ids[score >= np.sort(score)[-K] - 1e-6]))
            print(f"| {label} | {found / (K * NUM_QUERIES):.4f} | {1000 * seconds / NUM_QUERIES:.1f} |", flush=True)


if __name__ == "__main__":
    main()
