"""Who made an artwork of the Tate's collection, asked of works whose artist was kept from training.

Works are split, never hyperedges: of a tenth of the works every Making hyperedge is left out. What stays of them names nobody:
their media, decade and subjects (Material, Depiction) and their nearest works by year, words on the medium, classification and
size. Candidates are the artists of at least five works. A candidate's score is the CP model's value of Making (work, candidate,
medium, decade), averaged over the work's media. Ranks are filtered and realistic. Turner made more than half of the works: all is
measured again over the works that are not his; he stays a candidate there. Settings were chosen on another tenth
(``part="validation"``, from which the test works are hidden as well). Shapes: Q works asked for, C candidates, N entities, E
hyperedges, P pairs of a work that is asked for and a medium, D embedding_dim.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import ConfigurationError
from pipeline.evaluate.comparison import Comparison
from pipeline.evaluate.hidden import Part, hide_a_tenth
from pipeline.evaluate.in_rows import Graphs, in_rows, shuffled
from pipeline.evaluate.ranking import Scores
from pipeline.source.tate.source import TateSource
from pipeline.train.fit import fit
from pipeline.train.problem.parameters import TrainingParameters, UpdateName

LEAST_WORKS = 5
"""An artist of fewer works is no candidate."""

TYPE_WEIGHTS = {"Making": 1.0}
"""λ of the hyperedge types that are trained on. Material and Depiction pull the vectors of works away from who made them; of
the weights that were tried none ranked all works better on the validation part (docs/method.md)."""
GRAPH_WEIGHTS = {("Artwork", "SIMILAR"): 0.02, ("Decade", "NEXT"): 1.0}
"""μ of the graphs that are trained with; the artists' makes near artists one."""
EXACT = TrainingParameters(embedding_dim=128, rounds=14, ridge=5e-4, absent_scale=3.0)
WITHOUT_GRAPHS = replace(EXACT, embedding_dim=32)
"""A work without Making and without graphs has its modality's mean vector, whatever the number of dimensions."""
RECURRENT = replace(
    EXACT, update="recurrent", start="svd", embedding_dim=32, rounds=5, network_steps=1, diffusion_steps=2, chebyshev_order=1
)


@dataclass(frozen=True)
class Question:
    """Works whose artists are asked for.

    Attributes
    ----------
    known
        All that is known, without any Making of a hidden work.
    rows_Q
        Rows of the works that are asked for, ascending.
    hidden
        Rows of all works whose artists are hidden: those, and in validation the test works as well.
    candidates_C
        Rows of the artists that may be named.
    true_QC
        Who made what.
    """

    known: Hypergraph
    rows_Q: npt.NDArray[np.int64]
    hidden: npt.NDArray[np.int64]
    candidates_C: npt.NDArray[np.int64]
    true_QC: npt.NDArray[np.bool_]

    @property
    def made_NC(self) -> sparse.csr_array:  # noqa: N802 - the shape
        """Known works and who of the candidates made them, ones."""
        return _made(self.known)[:, self.candidates_C]

    @property
    def known_combinations(self) -> npt.NDArray[np.int64]:
        """Work, medium and decade of every Material hyperedge of a work that is asked for, the work by its place in Q."""
        members_EK = self.known.hyperedges["Material"].members_EK
        asked_EK = members_EK[np.isin(members_EK[:, 0], self.rows_Q)]
        return np.column_stack([np.searchsorted(self.rows_Q, asked_EK[:, 0]), asked_EK[:, 1:]])

    def not_by_the_most_frequent(self) -> npt.NDArray[np.bool_]:
        """Pairs with other artists than the one who made most works (Q × C)."""
        others_QC: npt.NDArray[np.bool_] = self.true_QC & (np.arange(len(self.candidates_C)) != np.argmax(self.made_NC.sum(axis=0)))
        return others_QC


def _made(collection: Hypergraph) -> sparse.csr_array:
    """Works × artists, ones."""
    works_E, artists_E = collection.hyperedges["Making"].members_EK[:, :2].T
    shape = (collection.num_entities["Artwork"], collection.num_entities["Artist"])
    made = sparse.csr_array((np.ones(len(works_E)), (works_E, artists_E)), shape=shape)
    made.data[:] = 1
    return made


def question(collection: Hypergraph, part: Part, seed: int) -> Question:
    """Hide the artists of a tenth of the works that a candidate made.

    Raises
    ------
    ConfigurationError
        If the collection is too small to ask anything.
    """
    made = _made(collection)
    candidates_C = np.flatnonzero(made.sum(axis=0) >= LEAST_WORKS)
    works = np.flatnonzero(made[:, candidates_C].sum(axis=1))
    rows_Q, hidden = hide_a_tenth(works, part, seed)
    if not len(rows_Q):
        raise ConfigurationError(
            f"{len(works)} works are by artists of {LEAST_WORKS} works or more, at least 10 are needed",
            hint="evaluate the whole collection",
        )
    making = collection.hyperedges["Making"]
    known_E = ~np.isin(making.members_EK[:, 0], hidden)
    kept = HyperedgeList(making.modalities, making.members_EK[known_E], making.values_E[known_E])
    known = replace(collection, hyperedges={**collection.hyperedges, "Making": kept})
    return Question(known, rows_Q, hidden, candidates_C, made[rows_Q][:, candidates_C].toarray() > 0)


def refuse_leak(hypergraph: Hypergraph, hidden: npt.NDArray[np.int64]) -> None:
    """Make sure that no hyperedge joins a hidden work and an artist.

    Raises
    ------
    ConfigurationError
        If one does.
    """
    for label, edges in hypergraph.hyperedges.items():
        if {"Artwork", "Artist"} <= set(edges.modalities):
            num_told = np.isin(edges.members_EK[:, edges.modalities.index("Artwork")], hidden).sum()
            if num_told:
                raise ConfigurationError(f"{num_told} hyperedges of {label} tell the artist of a work that is asked for")


def by_popularity(asked: Question) -> Scores:
    """How many known works a candidate made."""
    counts_C: Scores = asked.made_NC.sum(axis=0)
    tiled_QC: Scores = np.ones((len(asked.rows_Q), 1)) * counts_C
    return tiled_QC


def by_popularity_given(asked: Question) -> Scores:
    """How often a candidate used the work's media in its decade; popularity breaks ties."""
    num_decades = asked.known.num_entities["Decade"]
    num_cells = asked.known.num_entities["Medium"] * num_decades
    _, artists_E, media_E, decades_E = asked.known.hyperedges["Making"].members_EK.T
    ones, shape = np.ones(len(artists_E)), (num_cells, asked.known.num_entities["Artist"])
    used = sparse.csr_array((ones, (media_E * num_decades + decades_E, artists_E)), shape=shape)
    queries_P, media_P, decades_P = asked.known_combinations.T
    cells = sparse.csr_array(
        (np.ones(len(queries_P)), (queries_P, media_P * num_decades + decades_P)), shape=(len(asked.rows_Q), num_cells)
    )
    together: Scores = (cells @ used[:, asked.candidates_C]).toarray()
    return together + _tie_breaks(asked)


def by_neighbours(asked: Question) -> Scores:
    """Who made the nearest works, weighed by nearness, without any model; popularity breaks ties."""
    votes: Scores = (asked.known.graphs["Artwork", "SIMILAR"][asked.rows_Q] @ asked.made_NC).toarray()
    return votes + 0.01 * _tie_breaks(asked)


def _tie_breaks(asked: Question) -> Scores:
    counts_QC = by_popularity(asked)
    breaks_QC: Scores = counts_QC / (counts_QC.max() + 1)
    return breaks_QC


def by_model(asked: Question, graphs: Graphs, parameters: TrainingParameters) -> Scores:
    """Train on what is known, then score every candidate."""
    factors = fit(training_data(asked, graphs), parameters).factors
    queries_P, media_P, decades_P = asked.known_combinations.T
    sums_QD = np.zeros((len(asked.rows_Q), parameters.embedding_dim))
    np.add.at(sums_QD, queries_P, factors["Medium"][media_P].astype(np.float64) * factors["Decade"][decades_P])
    counts_Q = np.bincount(queries_P, minlength=len(asked.rows_Q))
    work_QD = factors["Artwork"][asked.rows_Q] * sums_QD / counts_Q[:, None]
    scores: Scores = work_QD @ factors["Artist"][asked.candidates_C].astype(np.float64).T
    return scores


def training_data(asked: Question, graphs: Graphs) -> Hypergraph:
    """What the model gets: the types and graphs that have a weight."""
    described = asked.known.dataset
    dataset = replace(
        described,
        hyperedge_types=tuple(
            replace(kind, weight=TYPE_WEIGHTS[kind.label]) for kind in described.hyperedge_types if kind.label in TYPE_WEIGHTS
        ),
        graphs=tuple(replace(graph, weight=GRAPH_WEIGHTS[graph.key]) for graph in described.graphs if graph.key in graphs),
    )
    lists = {label: asked.known.hyperedges[label] for label in TYPE_WEIGHTS}
    data = Hypergraph(dataset, asked.known.num_entities, lists, graphs)
    refuse_leak(data, asked.hidden)
    return data


def methods(asked: Question, update: UpdateName, seed: int) -> Mapping[str, Callable[[], Scores]]:
    """What is compared, by name; the last is ours. Models that are baselines are trained by the exact update."""
    exact = replace(EXACT, seed=seed)
    parameters = exact if update == "exact" else replace(RECURRENT, seed=seed)
    graphs = {key: asked.known.graphs[key] for key in GRAPH_WEIGHTS}
    return {
        "popularity": lambda: by_popularity(asked),
        "popularity given medium and decade": lambda: by_popularity_given(asked),
        "vote of the nearest works": lambda: by_neighbours(asked),
        "model without graphs": lambda: by_model(asked, {}, replace(WITHOUT_GRAPHS, seed=seed)),
        "model with shuffled graphs": lambda: by_model(asked, shuffled(graphs, seed), exact),
        update: lambda: by_model(asked, graphs, parameters),
    }


def evaluate(
    collection: Hypergraph, update: UpdateName, num_seeds: int, part: Part = "test", progress: Progress = no_progress
) -> dict[str, Any]:
    """Measure the model and its baselines over several seeds, each with a tenth of the works and a start of its own.

    Returns
    -------
    dict
        ``mrr``, ``hits@1``, ``hits@10`` (means over seeds), their ``deviations``, the same over works that are not by Turner
        (``without_turner``), ``by_seed``, ``num_pairs``, ``update``, ``part``, ``seeds``, ``seconds`` (mean over seeds, of
        training and scoring) and ``baselines``: the same by name.
    """
    comparison = Comparison()
    with progress("Evaluating", total=num_seeds * 6) as advance:
        for seed in range(num_seeds):
            asked = question(collection, part, seed)
            parts = {"without_turner": asked.not_by_the_most_frequent()}
            for name, method in methods(asked, update, seed).items():
                comparison.add(name, method, asked.true_QC, parts)
                advance(1)
    return {"update": update, "part": part, "seeds": num_seeds, **comparison.summary(update)}


def read_collection(path: Path, progress: Progress) -> Hypergraph:
    """Read the Tate's collection from its archive or folder, artists and all.

    Raises
    ------
    SourceError
        If the path is not the repository of the collection.
    """
    with TateSource(path).read(progress) as records:
        records.check()
        return in_rows(records)[0]
