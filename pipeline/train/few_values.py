"""Few measured values: for how many rounds they are learned, found by cross-validation.

A twentieth of a few hundred values is too little to stop by. So five models are trained side by side, a fifth of the values hidden
from each: the round after which they tell best what was hidden says for how many rounds all values are to be learned. It takes
seconds, since they are few.
"""

from collections.abc import Callable

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.folds import folds
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import Problem
from pipeline.train.result.hidden_values import Asking, Told, together
from pipeline.train.rounds import Rounds


def cross_validated(problem: Problem, parameters: TrainingParameters, ridge: float, begin: Callable[[Problem], Rounds]) -> Told:
    """What training with a ridge comes to on all values, each hidden once; of no value where there are too few to hide any.

    Parameters
    ----------
    problem
        The whole, with that ridge.
    parameters
        Settings.
    ridge
        In units of the default.
    begin
        Gives the rounds of a part of it, without other workers.

    Raises
    ------
    TrainingDivergedError
        If a factor or the objective is no longer finite.
    """
    parts = list(folds(problem, parameters.seed))
    if not parts:
        return Told(ridge, min(parameters.rounds, parameters.patience), {}, {}, {}, {})
    layout = Layout(problem, parameters.components("exact"))
    models = [(begin(part), Asking(part, layout)) for part in parts]
    for rounds, _ in models:
        rounds.round(0)
    best, number = None, 0
    while number < parameters.rounds and (best is None or number - best.rounds < parameters.patience):
        number += 1
        for rounds, _ in models:
            rounds.round(number)
        told = together([asking.told(rounds.here(), ridge, number) for rounds, asking in models])
        if best is None or told.error < best.error:
            best = told
    assert best is not None  # noqa: S101 - there is at least one round
    return best
