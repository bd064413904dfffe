"""Settings that are left to the data: how many rounds few hyperedges are learned for, and how strong the norm of pairs is.

A twentieth of a few hundred hyperedges is too little to stop by, and many rounds learn so few by heart. So their number is found on
all of them, each hidden once (cross-validation), and then all are learned from. It takes seconds, since they are few. Shapes: E
hyperedges.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.folds import folds
from pipeline.train.problem.problem import Problem, cubic_norms_of
from pipeline.train.stochastic.epochs import Epochs


def settings_to_try(
    problem: Problem, parameters: TrainingParameters, begin: Callable[[Problem, TrainingParameters], Epochs]
) -> list[TrainingParameters]:
    """Give the settings of which a validation part is to say which serve best; where there is none to be had, one, chosen here.

    Parameters
    ----------
    problem
        The whole.
    parameters
        Settings.
    begin
        Gives the rounds of a part of it.

    Returns
    -------
    list of TrainingParameters
        The settings, each with another cubic norm where that is left to the data.
    """
    norms = cubic_norms_of(problem.terms, parameters)
    settings = [replace(parameters, cubic_norm=norm) for norm in norms]
    if problem.num_held_out:
        return settings
    if not (problem.keeps_own and parameters.validation):
        return settings[:1]
    parts = list(folds(problem, parameters.seed))
    if not parts:
        return [replace(settings[0], rounds=min(parameters.rounds, parameters.patience))]
    found = [_losses([begin(part, each) for part in parts], parameters) for each in settings]
    best = int(np.argmin([min(losses) for losses in found]))
    return [replace(settings[best], rounds=1 + int(np.argmin(found[best])))]


def _losses(parts: Sequence[Epochs], parameters: TrainingParameters) -> list[float]:
    """What each round comes to on what is hidden of each part, the mean of the parts, until it has not fallen for long enough."""
    losses: list[float] = []
    while len(losses) < parameters.rounds and len(losses) - int(np.argmin(losses or [0.0])) <= parameters.patience // 2:
        losses.append(float(np.mean([part.watched(part.round(len(losses) + 1).validation) for part in parts])))
    return losses
