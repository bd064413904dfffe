"""Successive runs on films of which a few change from night to night, and new films without training.

    uv run python benchmarks/nights.py [--seeds 3]

*Nights.* Another hundredth of the films is missing each night; of a further tenth the genres (or directors) are hidden throughout
and asked for. A run starts at random, with the seed of the last one or another, or towards the former run, as a refresh does. Of
the entities of both: the mean cosine of their vectors, as they are and after the best rotation, and how many of ten nearest
neighbours they share.

*New films.* That tenth comes after training, with all but what is hidden of it: asked for with nothing known of them, folded in,
and after training with them. Prints Markdown tables.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.films import TASKS
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.model import scores_by
from pipeline.evaluate.question import Question, question
from pipeline.evaluate.ranking import ranking
from pipeline.train.fit import Fit, fit
from pipeline.train.fold_in import fold_in
from pipeline.train.problem.layout import Factors

_NEIGHBOURS = 10
_ASKED = 1_000
"""Entities of a modality whose neighbours are compared."""

Marks = Mapping[str, npt.NDArray[np.bool_]]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    hypergraph = read_hypergraph("movies", None, no_progress)
    nights: dict[str, list[list[float]]] = {}
    new: dict[str, dict[str, list[float]]] = {}
    for slot, task in TASKS.items():
        for seed in seeds:
            asked = question(hypergraph, task, "test", seed)
            for name, figures in _nights(asked, seed).items():
                nights.setdefault(f"{slot} | {name}", []).append(figures)
            for name, figure in _new_films(asked, seed).items():
                new.setdefault(slot, {}).setdefault(name, []).append(figure)
    print("| hidden | start | MRR | cosine | rotated | shared neighbours |\n|---|---|--:|--:|--:|--:|")
    for name, found in nights.items():
        print(f"| {name} | " + " | ".join("" if np.isnan(figure) else f"{figure:.3f}" for figure in np.mean(found, axis=0)) + " |")
    print("\n| hidden | " + " | ".join(next(iter(new.values()))) + " |\n|---|" + "--:|" * len(next(iter(new.values()))))
    for slot, found_by_name in new.items():
        print(f"| {slot} | " + " | ".join(f"{np.mean(found):.3f} ± {np.std(found):.3f}" for found in found_by_name.values()) + " |")


def _nights(asked: Question, seed: int) -> dict[str, list[float]]:
    """By name of the start: MRR, mean cosine with the night before, the same after rotation, share of neighbours."""
    parameters = replace(asked.known.dataset.training_parameters(), seed=seed)
    first = fit(_without(asked.known, _some_films(asked, seed)), parameters)
    second = _without(asked.known, _some_films(asked, seed + 100))
    third = _without(asked.known, _some_films(asked, seed + 200))
    found = {"first night": [_mrr(first, asked), np.nan, np.nan, np.nan]}
    for name, other in (("same seed", seed), ("other seed", seed + 50)):
        fitted = fit(second, replace(parameters, seed=other))
        found[f"at random, {name}"] = [_mrr(fitted, asked), *_compared(fitted.factors, first.factors)]
    towards = fit(second, replace(parameters, seed=seed + 50), former=first.factors)
    found["towards the night before"] = [_mrr(towards, asked), *_compared(towards.factors, first.factors)]
    later = fit(third, replace(parameters, seed=seed + 60), former=towards.factors)
    found["towards it, one night later"] = [_mrr(later, asked), *_compared(later.factors, towards.factors)]
    return found


def _new_films(asked: Question, seed: int) -> dict[str, float]:
    """MRR by what is done with the films that are asked about."""
    known, parameters = asked.known, replace(asked.known.dataset.training_parameters(), seed=seed)
    is_new = {label: np.zeros(count, np.bool_) for label, count in known.num_entities.items()}
    is_new["Movie"][asked.rows_Q] = True
    before = fit(_without(known, is_new), parameters)
    folded, _ = fold_in(known, before.factors, before.types, is_new, parameters)
    return {
        "nothing known of them": _mrr(before, asked),
        "folded in": _mrr(replace(before, factors=folded), asked),
        "trained with": _mrr(fit(known, parameters), asked),
    }


def _mrr(fitted: Fit, asked: Question) -> float:
    return ranking(scores_by(fitted, asked), asked.true_QC).mean_reciprocal_rank


def _some_films(asked: Question, seed: int) -> Marks:
    """A hundredth of the films, none of which is asked about."""
    marks = {label: np.zeros(count, np.bool_) for label, count in asked.known.num_entities.items()}
    marks["Movie"] = np.random.default_rng(seed).random(len(marks["Movie"])) < 0.01
    marks["Movie"][asked.rows_Q] = False
    return marks


def _without(hypergraph: Hypergraph, gone: Marks) -> Hypergraph:
    """Leave out all that ties some entities; their rows stay, tied by nothing."""
    lists, graphs = {}, {}
    for label, edges in hypergraph.hyperedges.items():
        lists[label] = edges.only(~edges.holding(gone))
    for key, weights in hypergraph.graphs.items():
        stays = sparse.diags_array((~gone[key[0]]).astype(np.float32))
        graphs[key] = sparse.csr_array(stays @ weights @ stays)
        graphs[key].eliminate_zeros()
    return replace(hypergraph, hyperedges=lists, graphs=graphs)


def _compared(now: Factors, then: Factors) -> list[float]:
    """Mean over modalities: cosine of an entity's vectors, the same after the best rotation, share of neighbours in common."""
    unit = {label: (_unit(now[label]), _unit(then[label])) for label in now}
    rotation, _ = linalg.orthogonal_procrustes(*(np.concatenate([pair[k] for pair in unit.values()]) for k in (0, 1)))
    figures = []
    for a, b in unit.values():
        rows = np.random.default_rng(0).permutation(len(a))[:_ASKED]
        near = [np.argsort(-(matrix[rows] @ matrix.T), axis=1)[:, 1 : _NEIGHBOURS + 1] for matrix in (a, b)]
        shared = np.mean([len(set(p) & set(q)) / len(p) for p, q in zip(*near, strict=True)])
        figures.append([(a * b).sum(axis=1).mean(), ((a @ rotation) * b).sum(axis=1).mean(), shared])
    return [float(figure) for figure in np.mean(figures, axis=0)]


def _unit(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    unit: npt.NDArray[np.float32] = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return unit


if __name__ == "__main__":
    main()
