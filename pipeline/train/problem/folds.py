"""Cross-validation's parts: the problem, with each part of the hyperedges hidden in turn. Shapes: E hyperedges."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pipeline.train.problem.problem import Problem

NUM_PARTS = 5


def folds(problem: Problem, seed: int) -> Iterator[Problem]:
    """Give the problem with each fifth of every type's hyperedges held out in turn; none where every type has too few for that.

    A type of fewer than five hyperedges is learned from throughout.
    """
    random = np.random.default_rng([seed, 4])
    hidden = {
        term.label: np.array_split(random.permutation(term.hyperedges.num_hyperedges), NUM_PARTS)
        for term in problem.terms
        if term.hyperedges.num_hyperedges >= NUM_PARTS
    }
    for number in range(NUM_PARTS if hidden else 0):
        terms = []
        for term in problem.terms:
            is_hidden_E = np.zeros(term.hyperedges.num_hyperedges, np.bool_)
            if term.label in hidden:
                is_hidden_E[hidden[term.label][number]] = True
            terms.append(replace(term, hyperedges=term.hyperedges.only(~is_hidden_E), held_out=term.hyperedges.only(is_hidden_E)))
        yield replace(problem, terms=tuple(terms), keeps_own=False)
