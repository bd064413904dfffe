"""How well hidden hyperedges of any data set are completed, beside what a model has to beat, over several seeds.

What is measured is trained as `hyperlearn train` does it. Types whose values differ are measurements, of which the value is asked;
of all others, each slot. Shapes: E hyperedges, K arity.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from pipeline.domain.device import Device
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.evaluate.hidden import Hidden, hide_together, too_few
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.metrics import root_mean_squared_error
from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.selection import Selection
from pipeline.evaluate.shuffled_graphs import shuffled
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_baselines import baseline_rankings
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.evaluate.value_baselines import Values, value_baselines
from pipeline.train.fit import Fit, fit
from pipeline.train.problem.problem import loss_of, type_weights_of
from pipeline.train.stochastic.joined_types import Kind, learned_together

OWN = "model"
OTHER_MODELS = ("model without graphs", "model with shuffled graphs")
"""They tell what the graphs are good for, and are nothing that the model has to beat."""


@dataclass
class Question:
    """A slot, or the value, of a type's hidden hyperedges, and what each method reached so far.

    Attributes
    ----------
    label
        The hyperedge type.
    position, modality
        The slot; None where the value is asked.
    figures
        By method, one mapping of measures per seed.
    num_asked
        Hyperedges that were asked for, over all seeds.
    num_candidates
        Entities that were ranked; None where the value is asked.
    is_sampled
        Whether those were not all.
    """

    label: str
    position: int | None = None
    modality: str | None = None
    figures: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    num_asked: int = 0
    num_candidates: int | None = None
    is_sampled: bool = False

    def add(self, method: str, figures: dict[str, float]) -> None:
        """Note what a method reached with a seed."""
        self.figures.setdefault(method, []).append(figures)

    def summary(self) -> dict[str, Any]:
        """Means over the seeds: ours, and by name of the others; and whether ours is better than every baseline."""
        means = {
            method: {name: float(np.mean([each[name] for each in seeds])) for name in seeds[0]}
            for method, seeds in self.figures.items()
        }
        own = means.pop(OWN)
        return {
            "type": self.label,
            "slot": self.position,
            "modality": self.modality,
            "asked": self.num_asked,
            "candidates": self.num_candidates,
            "sampled": self.is_sampled,
            **own,
            "baselines": means,
            "ahead": all(lead(own, figures) > 0 for figures in rivals(means).values()),
        }


def rivals(baselines: Mapping[str, Mapping[str, float]]) -> dict[str, Mapping[str, float]]:
    """The figures, by name, of what the model has to beat."""
    return {name: figures for name, figures in baselines.items() if name not in OTHER_MODELS}


def lead(own: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How far one method is ahead of another: by the mean reciprocal rank, or by the error that it saves."""
    return own["mrr"] - other["mrr"] if "mrr" in own else other["rmse"] - own["rmse"]


def overall(questions: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """What is reached over all that is asked for in slots, as published figures have it; None where that is one question.

    Returns
    -------
    dict or None
        ``asked``, members in all; the means over them of ``mrr``, ``hits@1`` and ``hits@10``; and of ``best_baseline``, the MRR of
        the baseline that is best at each question.
    """
    slots = [question for question in questions if "mrr" in question]
    if len(slots) < 2:
        return None
    asked = [slot["asked"] for slot in slots]
    found = {name: float(np.average([slot[name] for slot in slots], weights=asked)) for name in ("mrr", "hits@1", "hits@10")}
    best = [max(figures["mrr"] for figures in rivals(slot["baselines"]).values()) for slot in slots]
    return {"asked": sum(asked), **found, "best_baseline": float(np.average(best, weights=asked))}


def evaluate(
    hypergraph: Hypergraph,
    parameters: TrainingParameters,
    selection: Selection,
    num_seeds: int,
    part: Part = "test",
    by: str | None = None,
    split: Hidden | None = None,
    device: Device = Device.AUTO,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Measure the model and its baselines.

    Parameters
    ----------
    hypergraph
        The whole data; of a user's own split, what is known.
    parameters
        How the model is trained.
    selection
        What is asked.
    num_seeds
        Seeds 0, 1, 2 …, of what is drawn and of the training.
    part
        What is asked for.
    by
        The modality of which a tenth of the entities lose all their hyperedges of the type; None hides a tenth of the hyperedges.
    split
        The user's own split; nothing is drawn then.
    device
        What trains.
    progress
        Told of each step.

    Returns
    -------
    dict
        ``dataset``, ``part``, ``by``, ``seeds``, ``parameters``, ``seconds``, ``left_out`` (why, for each type of which a tenth
        cannot be hidden), ``questions``: what `Question.summary` gives, and ``overall``: what `overall` does.

    Raises
    ------
    ConfigurationError
        If there is no type of which a tenth can be hidden.
    """
    clock = time.perf_counter()
    left_out = [reason for label in selection if split is None and (reason := too_few(hypergraph, label, by))]
    if len(left_out) == len(selection):
        raise ConfigurationError(left_out[0])
    asked = {label: positions for label, positions in selection.items() if split or not too_few(hypergraph, label, by)}
    questions = _questions(hypergraph, asked)
    rounds = list(_hidden(hypergraph, _groups(hypergraph, list(asked), parameters), num_seeds, part, by, split))
    with progress("Evaluating", total=len(rounds)) as advance:
        for seed, hide_round in rounds:
            _measure(hide_round(), questions, replace(parameters, seed=seed), device, progress)
            advance(1)
    found = [question.summary() for question in questions]
    return {
        "dataset": hypergraph.dataset.name,
        "part": part,
        "by": by,
        "seeds": num_seeds,
        "parameters": parameters.to_json(),
        "seconds": time.perf_counter() - clock,
        "left_out": left_out,
        "questions": found,
        "overall": overall(found),
    }


def _questions(hypergraph: Hypergraph, selection: Selection) -> list[Question]:
    found = []
    for label, positions in selection.items():
        modalities = hypergraph.hyperedges[label].modalities
        found += [Question(label, position, modalities[position]) for position in positions] or [Question(label)]
    return found


def _groups(hypergraph: Hypergraph, labels: Sequence[str], parameters: TrainingParameters) -> list[list[str]]:
    """The types that are asked for, those that are learned together as one: there may be hundreds of these."""
    weights = type_weights_of(hypergraph.dataset, parameters)
    edges = {label: hypergraph.hyperedges[label] for label in labels}
    kinds = {
        label: Kind(each.modalities, weights[label], loss_of(label, each.is_measured, parameters)) for label, each in edges.items()
    }
    return learned_together(kinds)


def _hidden(
    hypergraph: Hypergraph, groups: Sequence[Sequence[str]], num_seeds: int, part: Part, by: str | None, split: Hidden | None
) -> Iterator[tuple[int, Callable[[], Hidden]]]:
    """What is hidden in each round: one group of types after the other, so that what it reaches does not hang on the others."""
    for seed in range(num_seeds):
        if split is not None:
            yield seed, lambda: split
        else:
            for group in groups:
                yield seed, partial(hide_together, hypergraph, group, by, part, seed)


def _measure(
    hidden: Hidden, questions: Sequence[Question], parameters: TrainingParameters, device: Device, progress: Progress
) -> None:
    models = _models(hidden, parameters, device, progress)
    for question in questions:
        if question.label not in hidden.asked:
            continue
        question.num_asked += hidden.asked[question.label].num_hyperedges
        if question.position is None:
            _measure_values(hidden, question, models)
        else:
            with progress(f"Ranking {question.modality} of {question.label}"):
                _measure_slot(hidden, question, question.position, models, parameters.seed)


def _models(hidden: Hidden, parameters: TrainingParameters, device: Device, progress: Progress) -> dict[str, Fit]:
    known = hidden.known
    compared = (known.with_graphs({}), known.with_graphs(shuffled(known.graphs, parameters.seed)))
    has_graphs = any(weights.nnz for weights in known.graphs.values())
    trained_on = dict(zip(OTHER_MODELS, compared, strict=True)) if has_graphs else {}
    stop_by = _stop_by(hidden, parameters)
    return {
        name: fit(used, parameters, held_out=stop_by, device=device, progress=progress)
        for name, used in {**trained_on, OWN: known}.items()
    }


def _stop_by(hidden: Hidden, parameters: TrainingParameters) -> dict[str, HyperedgeList] | None:
    """Of the user's own validation part, as much as training would else keep of what is known; None has it do so."""
    if not hidden.validation:
        return None
    random, found = np.random.default_rng([parameters.seed, 3]), {}
    for label, edges in hidden.known.hyperedges.items():
        part = hidden.validation.get(label, edges.only(np.zeros(edges.num_hyperedges, np.bool_)))
        chosen_E = np.zeros(part.num_hyperedges, np.bool_)
        chosen_E[random.permutation(part.num_hyperedges)[: int(parameters.validation * edges.num_hyperedges)]] = True
        found[label] = part.only(chosen_E)
    return found


def _measure_slot(hidden: Hidden, question: Question, position: int, models: Mapping[str, Fit], seed: int) -> None:
    slot = slot_of(hidden, question.label, position, seed)
    question.num_candidates, question.is_sampled = len(slot.candidates_C), slot.is_sampled
    for name, ranking in baseline_rankings(slot).items():
        question.add(name, _ranked(ranking))
    for name, model in models.items():
        ranks = dense_ranks(slot, partial(model.slot_scores, slot.label, position=position))
        question.add(name, _ranked(Ranking.of_ranks(ranks)))


def _ranked(ranking: Ranking) -> dict[str, float]:
    return {"mrr": ranking.mean_reciprocal_rank, "hits@1": ranking.hits_at_1, "hits@10": ranking.hits_at_10}


def _measure_values(hidden: Hidden, question: Question, models: Mapping[str, Fit]) -> None:
    known, asked = hidden.known.hyperedges[question.label], hidden.asked[question.label]
    predictions: dict[str, Values] = value_baselines(hidden, question.label)
    predictions |= {name: model.predict(question.label, asked) for name, model in models.items()}
    for name, predicted_E in predictions.items():
        # No method says what is outside of the scale.
        within_E = np.clip(predicted_E, known.values_E.min(), known.values_E.max())
        question.add(name, {"rmse": root_mean_squared_error(within_E, asked.values_E)})
