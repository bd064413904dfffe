"""Answers without any model, by counting: what a model has to beat. Shapes: Q entities asked about, C candidates."""

import numpy as np

from pipeline.evaluate.question import Question
from pipeline.evaluate.ranking import Scores


def by_popularity(asked: Question) -> Scores:
    """How many entities are known to meet the candidate."""
    counts_C: Scores = asked.answers_NC.sum(axis=0)
    tiled_QC: Scores = np.ones((len(asked.rows_Q), 1)) * counts_C
    return tiled_QC


def by_popularity_given(asked: Question, labels: tuple[str, ...]) -> Scores:
    """How many entities that share members of some modalities, together, meet the candidate; popularity breaks ties."""
    shared = asked.members(*labels)
    together: Scores = (shared[asked.rows_Q] @ (shared.T @ asked.answers_NC)).toarray()
    return together + _tie_breaks(asked)


def by_neighbours(asked: Question) -> Scores:
    """Whom the neighbours in the modality's graphs meet, weighed by nearness; popularity breaks ties."""
    votes: Scores = np.zeros(asked.true_QC.shape)
    for (label, _), weights in asked.known.graphs.items():
        if label == asked.task.modality:
            votes += (weights[asked.rows_Q] @ asked.answers_NC).toarray()
    return votes + 0.01 * _tie_breaks(asked)


def _tie_breaks(asked: Question) -> Scores:
    counts_QC = by_popularity(asked)
    breaks_QC: Scores = counts_QC / (counts_QC.max() + 1)
    return breaks_QC
