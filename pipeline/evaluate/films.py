"""Hidden genres and hidden directors of a tenth of the films, ranked by the model and by what it has to beat.

Of a random tenth of the films that have the asked-for slot, every hyperedge of every type that tells it is left out of
training; their other hyperedges stay. The model's score of a candidate is the sum over hyperedge types of λ times the CP
model's prediction for (film, candidate, others): others that are known are averaged, others that are not are marginalised by
their modality's mean vector. The ranks are filtered and realistic (`pipeline.evaluate.ranking`). The settings are the data
set's and training's defaults; they were chosen with ``part="validation"``: another tenth, the test part hidden as well. Shapes:
Q hidden films, C candidates, D embedding_dim.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from pipeline.domain.dataset import HyperedgeType
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.rows import RowIndex
from pipeline.evaluate.comparison import Comparison
from pipeline.evaluate.hidden import Part, hide_a_tenth
from pipeline.evaluate.in_rows import Graphs, shuffled, symmetric
from pipeline.evaluate.ranking import Scores
from pipeline.records.tables import graph_table_key, member_columns
from pipeline.source.movies.source import DATASET, MoviesSource
from pipeline.train.fit import fit
from pipeline.train.problem.parameters import TrainingParameters

SLOTS = ("Genre", "Director")
NUM_METHODS = 6


COLUMNS = {
    "Director": "directors",
    "Actor": "actors",
    "Writer": "writers",
    "Genre": "genres",
    "Country": "countries",
    "Decade": "decade",
}


@dataclass(frozen=True)
class Table:
    """The films, one a row, with lists of their members by modality."""

    films: pd.DataFrame

    def links(self, label: str) -> pd.DataFrame:
        """Films and members of a modality: columns ``movie`` and ``name``."""
        pairs = self.films[["id", COLUMNS[label]]].explode(COLUMNS[label]).set_axis(["movie", "name"], axis=1)
        return pairs.dropna().reset_index(drop=True)

    def without(self, label: str, movies: Iterable[str]) -> "Table":
        """The same films, some of which have no members of that modality: no hyperedge made of it can tell them."""
        hidden = self.films["id"].isin(list(movies))
        lists = [[] if gone else names for gone, names in zip(hidden, self.films[COLUMNS[label]], strict=True)]
        return Table(self.films.assign(**{COLUMNS[label]: lists}))


def hyperedges(table: Table, kind: HyperedgeType) -> pd.DataFrame:
    """Every combination of a film with its members of the other modalities; films that lack one of them are not there."""
    joined = pd.DataFrame({"movie": table.films["id"]})
    for label in kind.members[1:]:
        joined = joined.merge(table.links(label).rename(columns={"name": label}), on="movie")
    return joined.set_axis(member_columns(kind.arity), axis=1).assign(value=1.0)


class Films:
    """The whole data in rows: links per modality and the graphs, which hiding a genre or director leaves as they are."""

    def __init__(self) -> None:
        source = MoviesSource()
        self.table = Table(source.films().tables["films"])
        self.rows = {label: RowIndex(self._names(label)) for label in DATASET.labels}
        with source.read(no_progress) as records:
            frames = {graph.key: records.frame(graph_table_key(*graph.key)) for graph in DATASET.graphs}
        self.graphs = {key: symmetric(frame, self.rows[key[0]]) for key, frame in frames.items()}

    def _names(self, label: str) -> list[str]:
        return self.table.films["id"].tolist() if label == "Movie" else sorted(self.table.links(label)["name"].unique())

    def incidence(self, table: Table, label: str) -> sparse.csr_array:
        """Which members of a modality each film has (films × members), ones."""
        links = table.links(label)
        rows, columns = self.rows["Movie"].rows(links["movie"].tolist()), self.rows[label].rows(links["name"].tolist())
        return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(self.rows["Movie"]), len(self.rows[label])))

    def hypergraph(self, table: Table, graphs: Graphs) -> Hypergraph:
        """What training gets: the hyperedges of a table, perhaps with slots hidden, and some graphs."""
        lists = {}
        for kind in DATASET.hyperedge_types:
            frame = hyperedges(table, kind)
            members = [self.rows[label].rows(frame[f"member{k}"].tolist()) for k, label in enumerate(kind.members)]
            lists[kind.label] = HyperedgeList(kind.members, np.column_stack(members), np.ones(len(frame), np.float32))
        dataset = replace(DATASET, graphs=tuple(graph for graph in DATASET.graphs if graph.key in graphs))
        return Hypergraph(dataset, {label: len(rows) for label, rows in self.rows.items()}, lists, graphs)


@dataclass(frozen=True)
class Question:
    """One slot of some films, hidden.

    Attributes
    ----------
    slot
        Label of the modality that is asked for.
    known
        The data with the slot of these films (and, in validation, of the test films) hidden.
    rows_Q
        Rows of the films.
    true_QC
        What they really have.
    """

    slot: str
    known: Table
    rows_Q: npt.NDArray[np.int64]
    true_QC: npt.NDArray[np.bool_]


def question(films: Films, slot: str, seed: int, part: Part) -> Question:
    """Hide a slot of a tenth of the films that have it."""
    incidence = films.incidence(films.table, slot)
    having = np.flatnonzero(np.diff(incidence.indptr) > 0)
    rows_Q, hidden = hide_a_tenth(having, part, seed)
    known = films.table.without(slot, [films.rows["Movie"].ids[row] for row in hidden])
    return Question(slot, known, rows_Q, incidence[rows_Q].toarray() > 0)


def by_popularity(films: Films, asked: Question) -> Scores:
    """How many films have the candidate."""
    counts_C: Scores = films.incidence(asked.known, asked.slot).sum(axis=0)
    tiled_QC: Scores = np.ones((len(asked.rows_Q), 1)) * counts_C
    return tiled_QC


def by_popularity_given(films: Films, asked: Question, label: str) -> Scores:
    """How many films that share a member of a modality have the candidate; popularity breaks ties."""
    shared = films.incidence(asked.known, label)
    together: Scores = (shared[asked.rows_Q] @ (shared.T @ films.incidence(asked.known, asked.slot))).toarray()
    overall = by_popularity(films, asked)
    scores: Scores = together + overall / (overall.max() + 1)
    return scores


def by_neighbours(films: Films, asked: Question) -> Scores:
    """What the film's neighbours have, weighed by nearness, without any model; popularity breaks ties."""
    votes: Scores = (films.graphs["Movie", "SIMILAR"][asked.rows_Q] @ films.incidence(asked.known, asked.slot)).toarray()
    overall = by_popularity(films, asked)
    scores: Scores = votes + 0.01 * overall / (overall.max() + 1)
    return scores


def by_model(films: Films, asked: Question, graphs: Graphs, parameters: TrainingParameters) -> Scores:
    """Train without the hidden slots, then score every candidate."""
    factors = fit(films.hypergraph(asked.known, graphs), parameters).factors
    scores = np.zeros(asked.true_QC.shape)
    for kind in DATASET.hyperedge_types:
        if asked.slot in kind.members:
            product_QD = factors["Movie"][asked.rows_Q].astype(np.float64)
            for label in kind.members[1:]:
                if label != asked.slot:
                    product_QD *= _mean_rows(films.incidence(asked.known, label)[asked.rows_Q], factors[label])
            scores += kind.weight * product_QD @ factors[asked.slot].astype(np.float64).T
    return scores


def _mean_rows(members: sparse.csr_array, factor_ND: npt.NDArray[np.float32]) -> Scores:
    """Mean vector of each film's members; that of the modality where it has none."""
    counts_Q = np.diff(members.indptr)[:, None]
    sums_QD = members @ factor_ND.astype(np.float64)
    return np.where(counts_Q > 0, sums_QD / np.maximum(counts_Q, 1), factor_ND.mean(axis=0, dtype=np.float64))


def methods(films: Films, asked: Question, seed: int) -> Mapping[str, Callable[[], Scores]]:
    """What is compared, by name."""
    parameters = TrainingParameters(seed=seed)
    return {
        "popularity": lambda: by_popularity(films, asked),
        "popularity given the country": lambda: by_popularity_given(films, asked, "Country"),
        "vote of the nearest films": lambda: by_neighbours(films, asked),
        "model without graphs": lambda: by_model(films, asked, {}, parameters),
        "model with shuffled graphs": lambda: by_model(films, asked, shuffled(films.graphs, seed), parameters),
        "model": lambda: by_model(films, asked, films.graphs, parameters),
    }


def evaluate(films: Films, num_seeds: int, part: Part = "test", progress: Progress = no_progress) -> dict[str, Any]:
    """Measure the model and its baselines over several seeds, each with a tenth of the films and a start of its own.

    Returns
    -------
    dict
        ``update``, ``part``, ``seeds`` and, by label of the hidden slot (``Genre``, ``Director``), ``mrr``, ``hits@1``, ``hits@10``
        (means over seeds), their ``deviations``, ``by_seed``, ``num_pairs``, ``seconds`` (mean over seeds, of training and scoring)
        and ``baselines``: the same by name.
    """
    found = {slot: Comparison() for slot in SLOTS}
    with progress("Evaluating", total=num_seeds * len(SLOTS) * NUM_METHODS) as advance:
        for slot, comparison in found.items():
            for seed in range(num_seeds):
                asked = question(films, slot, seed, part)
                for name, method in methods(films, asked, seed).items():
                    comparison.add(name, method, asked.true_QC)
                    advance(1)
    return {
        "update": TrainingParameters().update,
        "part": part,
        "seeds": num_seeds,
        **{slot: comparison.summary("model") for slot, comparison in found.items()},
    }
