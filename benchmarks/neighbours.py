"""Do nearest neighbours share what training did not see? The share of ten nearest with the same hidden attribute.

    uv run python benchmarks/neighbours.py [movies|tate ...] [--from ARCHIVE] [--queries 2000]

Every hyperedge type that names the attribute (the films' directors, the works' artists …) is left out of training; the intra-modal
graphs do not know it by themselves. Entities that have the attribute are compared by the cosine of the vectors that would be
served, and by the scores of `similar`; of a sample of them, the ten nearest are looked at: the share that has one value of the
attribute in common. Rare entities
are the quarter that is in the fewest of the remaining hyperedges, frequent ones the quarter in the most. Compared: the data set's
own settings, least squares, FastRP of Neo4j's Graph Data Science library, the neighbours in the modality's own graph, and chance.
Prints a Markdown table.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmarks.gds_server import Gds, gds_server
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.domain.shrinkage import scores
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.incidence import incidence
from pipeline.train.fit import fit

QUESTIONS = {
    "movies": (("Movie", "Director"), ("Movie", "Genre"), ("Director", "Genre")),
    "tate": (("Artwork", "Artist"), ("Artist", "Medium")),
}
NEAREST = 10
FASTRP = {"iterationWeights": [0.0, 1.0, 1.0, 1.0, 1.0]}


@dataclass(frozen=True)
class Question:
    """What is looked at.

    Attributes
    ----------
    known
        The hypergraph without any hyperedge type that names the attribute.
    modality
        Whose neighbours.
    rows_N
        The entities that have the attribute.
    shared
        Their values of the attribute, ones (N x values).
    queries_Q
        Numbers of the sample among them.
    parts
        Which of the sample are frequent, or rare (Q), and all.
    """

    known: Hypergraph
    modality: str
    rows_N: npt.NDArray[np.int64]
    shared: sparse.csr_array
    queries_Q: npt.NDArray[np.int64]
    parts: Mapping[str, npt.NDArray[np.bool_]]

    def shares(self, nearest_QK: npt.NDArray[np.int64]) -> dict[str, float]:
        """Share of the nearest (numbers among the entities) that has a value in common, by part."""
        own = np.repeat(self.queries_Q, nearest_QK.shape[1])
        common = np.asarray(self.shared[own].multiply(self.shared[nearest_QK.ravel()]).sum(axis=1)).ravel() > 0
        of_Q = common.reshape(nearest_QK.shape).mean(axis=1)
        return {part: float(of_Q[is_in_Q].mean()) for part, is_in_Q in self.parts.items()}


def question(hypergraph: Hypergraph, modality: str, attribute: str, num_queries: int) -> Question:
    """Leave out the types that name the attribute, and draw the sample."""
    kinds = tuple(kind for kind in hypergraph.dataset.hyperedge_types if attribute not in kind.members)
    kept = {kind.label: hypergraph.hyperedges[kind.label] for kind in kinds}
    known = replace(hypergraph, dataset=replace(hypergraph.dataset, hyperedge_types=kinds), hyperedges=kept)
    values = incidence(hypergraph, modality, attribute)
    rows_N = np.flatnonzero(values.sum(axis=1))
    queries_Q = np.random.default_rng(0).choice(len(rows_N), min(num_queries, len(rows_N)), replace=False)
    often_Q = known.degrees(modality)[rows_N[queries_Q]]
    fewest, most = np.quantile(often_Q, [0.25, 0.75])
    parts = {"all": np.ones(len(queries_Q), bool), "frequent": often_Q >= most, "rare": often_Q <= fewest}
    return Question(known, modality, rows_N, values[rows_N], queries_Q, parts)


def by_vectors(asked: Question, vectors_ND: npt.NDArray[np.float32], *, shrunk: bool = False) -> dict[str, float]:
    """Shares among the nearest by cosine, or by the scores of `similar`, which shrink it where few hyperedges tell of one."""
    degrees_N = asked.known.degrees(asked.modality)[asked.rows_N]
    unit_ND = vectors_ND[asked.rows_N]
    lengths_N1 = np.linalg.norm(unit_ND, axis=1, keepdims=True)
    unit_ND = unit_ND / np.where(lengths_N1 > 0, lengths_N1, 1)
    nearest = []
    for chunk_C in np.array_split(asked.queries_Q, max(len(asked.queries_Q) // 256, 1)):
        cosines_CN = unit_ND[chunk_C] @ unit_ND.T
        if shrunk:
            cosines_CN = scores(cosines_CN, degrees_N)
        cosines_CN[np.arange(len(chunk_C)), chunk_C] = -np.inf
        nearest.append(np.argpartition(-cosines_CN, NEAREST, axis=1)[:, :NEAREST])
    return asked.shares(np.concatenate(nearest))


def by_graph(asked: Question) -> dict[str, float] | None:
    """Shares among the neighbours in the modality's own graph, as many as there are; None where it has none."""
    graphs = [weights for (label, _), weights in asked.known.graphs.items() if label == asked.modality]
    if not graphs:
        return None
    among = graphs[0][asked.rows_N][:, asked.rows_N].tocsr()
    of_Q = []
    for number in asked.queries_Q:
        neighbours = among.indices[among.indptr[number] : among.indptr[number + 1]]
        own = asked.shared[np.full(len(neighbours), number)]
        common = np.asarray(own.multiply(asked.shared[neighbours]).sum(axis=1)).ravel() > 0
        of_Q.append(common.mean() if len(neighbours) else np.nan)
    return {part: float(np.nanmean(np.array(of_Q)[is_in_Q])) for part, is_in_Q in asked.parts.items()}


def measure(asked: Question, gds: Gds) -> dict[str, dict[str, float] | None]:
    """Shares of all that is compared."""
    own = asked.known.dataset.training_parameters()
    ours = fit(asked.known, own).factors[asked.modality]
    least_squares = fit(asked.known, asked.known.dataset.training_parameters({"update": "exact"})).factors[asked.modality]
    gds.project(asked.known)
    fastrp, _ = gds.vectors(asked.known, "fastRP", {"embeddingDimension": own.components("stochastic"), "randomSeed": 0, **FASTRP})
    drawn_QK = np.random.default_rng(1).integers(len(asked.rows_N), size=(len(asked.queries_Q), NEAREST))
    return {
        "similar": by_vectors(asked, ours, shrunk=True),
        "ours": by_vectors(asked, ours),
        "least squares": by_vectors(asked, least_squares),
        "FastRP": by_vectors(asked, fastrp[asked.modality]),
        "graph": by_graph(asked),
        "chance": asked.shares(drawn_QK),
    }


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["movies"], metavar="NAME", help=", ".join(QUESTIONS))
    parser.add_argument("--from", dest="path", type=Path, help="the archive of the Tate's collection")
    parser.add_argument("--queries", type=int, default=2000)
    asked = parser.parse_args()
    print("| neighbours, hidden | entities | `similar` | ours | least squares | FastRP | graph | chance |")
    print("|---|---|---|---|---|---|---|---|")
    with gds_server() as gds:
        for name in asked.names:
            hypergraph = read_hypergraph(name, asked.path if name == "tate" else None, no_progress)
            for modality, attribute in QUESTIONS[name]:
                asking = question(hypergraph, modality, attribute, asked.queries)
                found = measure(asking, gds)
                for part in asking.parts:
                    cells = " | ".join(f"{shares[part]:.3f}" if shares else "" for shares in found.values())
                    print(f"| {modality}, {attribute} | {part} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
