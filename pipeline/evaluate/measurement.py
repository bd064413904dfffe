"""What the model and its baselines reach at some tasks, over several seeds, on any hypergraph in rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.baselines import by_neighbours, by_popularity, by_popularity_given
from pipeline.evaluate.comparison import Comparison
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.model import by_model
from pipeline.evaluate.question import Question, Task, question
from pipeline.evaluate.ranking import Scores
from pipeline.evaluate.shuffled_graphs import shuffled

Parts = Callable[[Question], Mapping[str, npt.NDArray[np.bool_]]]
"""Pairs (Q × C) that are measured apart, by name."""


@dataclass(frozen=True)
class Model:
    """What is measured.

    Attributes
    ----------
    name
        What it is called.
    parameters
        How it is trained.
    with_shuffled_graphs, without_graphs
        How the models are trained that it is compared with.
    """

    name: str
    parameters: TrainingParameters
    with_shuffled_graphs: TrainingParameters
    without_graphs: TrainingParameters


def methods(task: Task, model: Model, seed: int) -> dict[str, Callable[[Question], Scores]]:
    """What is compared, by name; the last is the model."""
    return {
        "popularity": by_popularity,
        **{f"popularity given {called}": partial(by_popularity_given, labels=labels) for called, labels in task.given.items()},
        f"vote of the nearest {task.plural}": by_neighbours,
        "model without graphs": lambda asked: by_model(asked, {}, replace(model.without_graphs, seed=seed)),
        "model with shuffled graphs": lambda asked: by_model(
            asked, shuffled(asked.known.graphs, seed), replace(model.with_shuffled_graphs, seed=seed)
        ),
        model.name: lambda asked: by_model(asked, asked.known.graphs, replace(model.parameters, seed=seed)),
    }


def measure(
    hypergraph: Hypergraph,
    tasks: Mapping[str, Task],
    model: Model,
    num_seeds: int,
    part: Part = "test",
    progress: Progress = no_progress,
    parts: Parts = lambda asked: {},
) -> dict[str, Any]:
    """Measure the model and its baselines, for each seed on a tenth and from a start of its own.

    Parameters
    ----------
    hypergraph
        The whole data; its description has the weights of types and graphs.
    tasks
        What is asked, by name.
    model
        How it is trained.
    num_seeds
        Seeds 0, 1, 2 …
    part
        What is held out.
    progress
        Told of each method.
    parts
        What is measured apart.

    Returns
    -------
    dict
        ``update``, ``part``, ``seeds`` and, by name of the task, ``mrr``, ``hits@1``, ``hits@10`` (means over seeds), their
        ``deviations``, the same of each part that is measured apart, ``by_seed``, ``num_pairs``, ``seconds`` (mean over seeds, of
        training and scoring) and ``baselines``: the same by name.
    """
    found = {name: Comparison() for name in tasks}
    total = num_seeds * sum(len(methods(task, model, 0)) for task in tasks.values())
    with progress("Evaluating", total=total) as advance:
        for name, task in tasks.items():
            for seed in range(num_seeds):
                asked = question(hypergraph, task, part, seed)
                for method_name, method in methods(task, model, seed).items():
                    found[name].add(method_name, partial(method, asked), asked.true_QC, parts(asked))
                    advance(1)
    summaries = {name: comparison.summary(model.name) for name, comparison in found.items()}
    return {"update": model.parameters.update, "part": part, "seeds": num_seeds, **summaries}
