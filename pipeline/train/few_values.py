"""Few measured values: for how many rounds they are learned, found by cross-validation.

A twentieth of a few hundred values is too little to stop by. So five models are trained side by side, a fifth of the values hidden
from each: the round after which they tell best what was hidden says for how many rounds all values are to be learned. It takes
seconds, since they are few.
"""

from collections.abc import Callable, Sequence

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.problem import Problem
from pipeline.train.result.hidden_values import Asking, Told, together
from pipeline.train.rounds import Rounds


def cross_validated(
    parts: Sequence[tuple[Problem, Asking]], parameters: TrainingParameters, ridge: float, begin: Callable[[Problem], Rounds]
) -> Told:
    """What training with a ridge comes to on all values, each hidden once; of no value where there are no parts to hide.

    Parameters
    ----------
    parts
        What is left with each part of the values hidden in turn, with the default's ridge, and what asks for those.
    parameters
        Settings.
    ridge
        In units of the default.
    begin
        Gives the rounds of a part, without other workers.

    Raises
    ------
    TrainingDivergedError
        If a factor or the objective is no longer finite.
    """
    if not parts:
        return Told(ridge, min(parameters.rounds, parameters.patience), {}, {}, {}, {})
    models = [(begin(part.with_ridge(ridge)), asking) for part, asking in parts]
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
