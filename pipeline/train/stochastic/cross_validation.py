"""How many rounds few hyperedges are learned for: as many as serve those of other parts best (cross-validation).

A twentieth of a few hundred hyperedges is too little to stop by, and many rounds learn so few by heart. So their number is found on
all of them, each hidden once, and then all are learned from. It takes seconds, since they are few. Shapes: E hyperedges.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.problem.problem import Problem
from pipeline.train.stochastic.epochs import Epochs

_PARTS = 5


def with_chosen_rounds(
    problem: Problem, parameters: TrainingParameters, begin: Callable[[Problem, TrainingParameters], Epochs]
) -> TrainingParameters:
    """Choose the number of rounds where hyperedges are too few for a validation part.

    Parameters
    ----------
    problem
        The whole.
    parameters
        Settings; they stand where there is a validation part, somebody else's or none asked for.
    begin
        Gives the rounds of a part of it.

    Returns
    -------
    TrainingParameters
        The settings with that number of rounds.
    """
    if not (problem.keeps_own and parameters.validation) or problem.num_held_out:
        return parameters
    parts = [begin(part, parameters) for part in _parts(problem, parameters.seed)]
    if not parts:
        return replace(parameters, rounds=min(parameters.rounds, parameters.patience))
    losses: list[float] = []
    while len(losses) < parameters.rounds and len(losses) - int(np.argmin(losses or [0.0])) <= parameters.patience // 2:
        losses.append(float(np.mean([part.watched(part.round(len(losses) + 1).validation) for part in parts])))
    return replace(parameters, rounds=1 + int(np.argmin(losses)))


def _parts(problem: Problem, seed: int) -> Iterator[Problem]:
    """The problem with each part of the hyperedges hidden in turn; a type of too few for that is learned from throughout."""
    random = np.random.default_rng([seed, 4])
    hidden = {
        term.label: np.array_split(random.permutation(term.hyperedges.num_hyperedges), _PARTS)
        for term in problem.terms
        if term.hyperedges.num_hyperedges >= _PARTS
    }
    for number in range(_PARTS if hidden else 0):
        terms = []
        for term in problem.terms:
            is_hidden_E = np.zeros(term.hyperedges.num_hyperedges, np.bool_)
            if term.label in hidden:
                is_hidden_E[hidden[term.label][number]] = True
            terms.append(replace(term, hyperedges=term.hyperedges.only(~is_hidden_E), held_out=term.hyperedges.only(is_hidden_E)))
        yield replace(problem, terms=tuple(terms), keeps_own=False)
