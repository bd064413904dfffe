"""Answers of the model, trained as `hyperlearn train` does it, on what is known.

Shapes: Q entities asked about, C candidates, N entities, D embedding_dim.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse, special

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.incidence import positions
from pipeline.evaluate.question import Question
from pipeline.evaluate.ranking import Scores
from pipeline.evaluate.shuffled_graphs import Graphs
from pipeline.train.fit import Fit, fit


def by_model(asked: Question, graphs: Graphs, parameters: TrainingParameters) -> Scores:
    """Train on what is known, then score every candidate, as `scores_by` does.

    Parameters
    ----------
    asked
        What is asked.
    graphs
        The graphs to train with.
    parameters
        Settings; the description has the weights of types and graphs.

    Raises
    ------
    ConfigurationError
        If what is known tells an answer.
    """
    asked.refuse_leak()
    return scores_by(fit(asked.known.with_graphs(graphs), parameters), asked)


def scores_by(fitted: Fit, asked: Question) -> Scores:
    """Score every candidate by what was learned.

    Of the likelihood the score is the mean, over hyperedge types, of the candidate's probability (a type that knows nothing
    of the entity then says next to nothing); of squares the sum of λ times the value of (entity, candidate, others). Others that
    are known are averaged; where none is, they are marginalised by their modality's mean vector.
    """
    vectors, task, scores = fitted.factors, asked.task, np.zeros(asked.true_QC.shape)
    for kind, learned in fitted.types.items():
        for own, candidate in positions(learned.modalities, task.modality, task.asked):
            others = {own: vectors[task.modality][asked.rows_Q]}
            for position, label in enumerate(learned.modalities):
                if position not in {own, candidate}:
                    others[position] = _mean_rows(asked.members(label)[asked.rows_Q], vectors[label]).astype(np.float32)
            scores_QC = learned.scores_given(others, vectors[task.asked], candidate)[:, asked.candidates_C].astype(np.float64)
            scores += (
                special.softmax(scores_QC, axis=1) if learned.loss == "likelihood" else fitted.weights[kind]["weight"] * scores_QC
            )
    return scores


def _mean_rows(members: sparse.csr_array, factor_ND: npt.NDArray[np.float32]) -> Scores:
    """Mean vector of each entity's members; that of the modality where it has none."""
    counts_Q = np.diff(members.indptr)[:, None]
    sums_QD = members @ factor_ND.astype(np.float64)
    return np.where(counts_Q > 0, sums_QD / np.maximum(counts_Q, 1), factor_ND.mean(axis=0, dtype=np.float64))
