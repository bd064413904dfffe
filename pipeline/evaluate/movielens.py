"""Ratings of MovieLens 100K that were kept from training, predicted by each update and by what they have to beat.

All settings were chosen on a validation part of the training ratings (``part="validation"``: a tenth of them, drawn by the seed);
the test ratings are for the chosen settings only. Predictions are cut off at the ends of the scale, 1 and 5. Shapes: E ratings.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.evaluate.corating import corating_graph
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.metrics import mean_and_deviation, root_mean_squared_error
from pipeline.evaluate.shuffled_graphs import shuffled as relabelled
from pipeline.source.movielens.split import Ratings, Split
from pipeline.train.fit import fit
from pipeline.train.posterior import Sampling, posterior_mean

Predictions = npt.NDArray[np.float64]

RATING = HyperedgeType("Rating", ("User", "Movie"))
GIVEN: tuple[GraphKey, ...] = (("User", "SIMILAR"), ("Movie", "SIMILAR"))
"""The graphs of the file."""
TOGETHER: tuple[GraphKey, ...] = (("User", "RATES_ALIKE"), ("Movie", "RATED_TOGETHER"))
"""Graphs made of the training ratings: who rates the same movies, which movies are rated by the same users."""
LIKED: tuple[GraphKey, ...] = (("User", "LIKES_ALIKE"), ("Movie", "LIKED_TOGETHER"))
"""The same of the ratings above their user's mean."""
NUM_NEIGHBOURS = 10
WEIGHTS = {**dict.fromkeys(GIVEN, 1.0), **dict.fromkeys((*TOGETHER, *LIKED), 2.0)}
"""μ of each graph, against each other."""

PLAIN = TrainingParameters(
    update="exact",
    patience=10,
    embedding_dim=10,
    rounds=60,
    tolerance=1e-5,
    ridge=8.0,
    graph_weight=0.0,
    graph_scaling="absolute",
    validation=0.0,
)
SMOOTHED = replace(PLAIN, embedding_dim=20, ridge=5.0, ridge_exponent=0.5, graph_weight=16.0)
RECURRENT = replace(
    SMOOTHED, update="recurrent", start="svd", embedding_dim=10, ridge_exponent=0.0, rounds=200, patience=200, network_steps=2
)
SAMPLED = replace(
    SMOOTHED,
    start="svd",
    embedding_dim=30,
    ridge=0.2,
    ridge_exponent=0.0,
    graph_weight=3.0,
    offset_ridge=1.0,
    offset_smoothness=1.0,
    cg_iterations=20,
)
SAMPLING = Sampling(noise=0.6, sweeps=300, burn_in=20)


@dataclass(frozen=True)
class Question:
    """What is known and what is asked for.

    Attributes
    ----------
    known
        The ratings to learn from, with all graphs.
    asked
        The ratings to predict.
    """

    known: Hypergraph
    asked: HyperedgeList

    def hypergraph(self, graphs: tuple[GraphKey, ...], *, shuffled: int | None = None) -> Hypergraph:
        """What training gets, with some of the graphs; their entities relabelled at random by a seed, if one is given."""
        chosen = {key: self.known.graphs[key] for key in graphs}
        return self.known.with_graphs(chosen if shuffled is None else relabelled(chosen, shuffled))


def question(split: Split, part: Part, seed: int) -> Question:
    """Ask for the test ratings, or, for choosing settings, for a tenth of the training ratings."""
    known, asked = _edges(split.training), _edges(split.test)
    if part == "validation":
        asked_E = np.zeros(known.num_hyperedges, dtype=bool)
        asked_E[np.random.default_rng(seed).permutation(known.num_hyperedges)[: known.num_hyperedges // 10]] = True
        known, asked = known.only(~asked_E), known.only(asked_E)
    users_E, movies_E = known.members_EK.T
    sums_N, counts_N = (np.bincount(users_E, weights, minlength=split.num_users) for weights in (known.values_E, None))
    liked_E = known.values_E > (sums_N / np.maximum(counts_N, 1))[users_E]
    graphs = dict(zip(GIVEN, (split.user_graph, split.movie_graph), strict=True))
    for keys, kept_E in ((TOGETHER, np.ones_like(liked_E)), (LIKED, liked_E)):
        shape, ends = (split.num_users, split.num_movies), (users_E[kept_E], movies_E[kept_E])
        graphs[keys[0]] = corating_graph(*ends, shape, NUM_NEIGHBOURS)
        graphs[keys[1]] = corating_graph(*ends[::-1], shape[::-1], NUM_NEIGHBOURS)
    num_entities = {"User": split.num_users, "Movie": split.num_movies}
    described = tuple(IntraModalGraph(*key, WEIGHTS[key]) for key in graphs)
    dataset = Dataset("movielens", tuple(map(Modality, num_entities)), (RATING,), described)
    return Question(Hypergraph(dataset, num_entities, {RATING.label: known}, graphs), asked)


def _edges(ratings: Ratings) -> HyperedgeList:
    return HyperedgeList(RATING.members, np.column_stack([ratings.users_E, ratings.movies_E]), ratings.values_E)


def by_global_mean(asked: Question) -> Predictions:
    """The mean of all known ratings."""
    return np.full(asked.asked.num_hyperedges, asked.known.hyperedges[RATING.label].values_E.mean(dtype=np.float64))


def by_offsets(asked: Question) -> Predictions:
    """That, and an offset of the user and of the movie: the model with a ridge that no factor survives."""
    return by_factorisation(asked, asked.hypergraph(()), replace(PLAIN, embedding_dim=1, ridge=1e6))


def by_factorisation(asked: Question, hypergraph: Hypergraph, parameters: TrainingParameters) -> Predictions:
    """One solution: offsets, factors, and graphs where the hypergraph has any."""
    return fit(hypergraph, parameters).predict(RATING.label, asked.asked)


def by_draws(asked: Question, hypergraph: Hypergraph, parameters: TrainingParameters) -> Predictions:
    """The mean over draws of all solutions that explain the ratings."""
    return posterior_mean(hypergraph, parameters, SAMPLING, RATING.label, asked.asked)


def baselines(seed: int) -> dict[str, Callable[[Question], Predictions]]:
    """What the method has to beat, by name."""
    return {
        "global mean": by_global_mean,
        "offsets only": by_offsets,
        "factorisation without graphs": lambda q: by_factorisation(q, q.hypergraph(()), replace(PLAIN, seed=seed)),
        "factorisation with graphs": lambda q: by_factorisation(q, q.hypergraph(GIVEN), replace(SMOOTHED, seed=seed)),
        "factorisation with shuffled graphs": lambda q: by_factorisation(
            q, q.hypergraph(GIVEN, shuffled=seed), replace(SMOOTHED, seed=seed)
        ),
    }


def method(update: UpdateName, seed: int) -> Callable[[Question], Predictions]:
    """Ours, by update: the recurrent one with the file's graphs; the exact one averaged over draws, with all graphs."""
    if update == "recurrent":
        return lambda q: by_factorisation(q, q.hypergraph(GIVEN), replace(RECURRENT, seed=seed))
    return lambda q: by_draws(q, q.hypergraph((*GIVEN, *TOGETHER, *LIKED)), replace(SAMPLED, seed=seed))


def evaluate(
    split: Split, update: UpdateName, num_seeds: int, part: Part = "test", progress: Progress = no_progress
) -> dict[str, Any]:
    """Measure a method and its baselines over several seeds.

    Returns
    -------
    dict
        ``<part>_rmse`` (mean over seeds), ``deviation``, ``by_seed``, ``update``, ``seconds`` (mean over seeds, of training and
        predicting), ``baselines`` (mean error by name) and ``baseline_deviations``.
    """
    errors: dict[str, list[float]] = {}
    seconds = []
    with progress("Evaluating", total=num_seeds * (len(baselines(0)) + 1)) as advance:
        for seed in range(num_seeds):
            asked = question(split, part, seed)
            for name, predict in {**baselines(seed), update: method(update, seed)}.items():
                clock = time.perf_counter()
                predicted_E = np.clip(predict(asked), 1, 5)
                if name == update:
                    seconds.append(time.perf_counter() - clock)
                errors.setdefault(name, []).append(root_mean_squared_error(predicted_E, asked.asked.values_E))
                advance(1)
    own = errors.pop(update)
    mean, deviation = mean_and_deviation(own)
    return {
        f"{part}_rmse": mean,
        "deviation": deviation,
        "by_seed": own,
        "update": update,
        "seeds": num_seeds,
        "seconds": float(np.mean(seconds)),
        "baselines": {name: mean_and_deviation(found)[0] for name, found in errors.items()},
        "baseline_deviations": {name: mean_and_deviation(found)[1] for name, found in errors.items()},
    }
