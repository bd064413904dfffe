"""What values that training did not see say of it: which ridge, how many rounds, and how much vectors tell beside offsets.

Vectors that learn noise by heart tell values worse than mean and offsets alone do, and how soon they come to that differs from
table to table. So ever lighter ridges are tried while each is better than the one before. The simpler model stands unless another
is ahead by more than chance. Shapes: E values that were hidden.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipeline.train.problem.layout import Factors, Layout
from pipeline.train.problem.offsets import left_by
from pipeline.train.problem.problem import Problem
from pipeline.train.result.least_squares_types import least_squares_types
from pipeline.train.sharing.exchange import Exchange

Values = npt.NDArray[np.float64]

RIDGES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
"""What is tried, in units of the default. Noise is told best by the heaviest, what has next to none by the lightest."""

_CHANCE, _VECTORS_CHANCE = 1.0, 2.0
"""Standard errors of the difference by which a lighter ridge, and vectors at all, must be ahead."""


@dataclass(frozen=True)
class Told:
    """What training with a ridge came to, on values that were hidden from it.

    Attributes
    ----------
    ridge
        In units of the default.
    rounds
        After how many it was best.
    weights
        λ by hyperedge type.
    values, by_offsets, by_all
        By hyperedge type, the values, and what they are by mean and offsets alone, and with vectors (E).
    """

    ridge: float
    rounds: int
    weights: Mapping[str, float]
    values: Mapping[str, Values]
    by_offsets: Mapping[str, Values]
    by_all: Mapping[str, Values]

    @property
    def errors_E(self) -> Values:  # noqa: N802 - the shape
        """Squared errors of all types, with their weights."""
        errors = [self.weights[label] * (self.by_all[label] - values_E) ** 2 for label, values_E in self.values.items()]
        return np.concatenate([np.empty(0), *errors])

    @property
    def error(self) -> float:
        """Their sum."""
        return float(self.errors_E.sum())

    def shares(self) -> dict[str, float]:
        """How much of what vectors say is to be believed, by hyperedge type."""
        return {label: share(values_E, self.by_offsets[label], self.by_all[label]) for label, values_E in self.values.items()}

    def of_the_first(self, exchange: Exchange) -> "Told":
        """The same as the first worker has it: others may round differently, and all must go on alike."""
        parts = [np.array([self.rounds], np.float64), *self.by_offsets.values(), *self.by_all.values()]
        own = np.concatenate(parts)
        first = exchange.total(own if exchange.rank == 0 else np.zeros_like(own))
        _, *found = np.split(first, np.cumsum([len(part) for part in parts])[:-1])
        by_offsets, by_all = (dict(zip(self.values, each, strict=False)) for each in (found, found[len(self.values) :]))
        return replace(self, rounds=int(first[0]), by_offsets=by_offsets, by_all=by_all)


class Asking:
    """Asks what matrices say of the values that a problem holds out.

    Parameters
    ----------
    problem, layout
        What the matrices belong to. Only types of which nothing but the values counts are asked for.
    """

    def __init__(self, problem: Problem, layout: Layout) -> None:
        self._problem, self._layout = problem, layout
        terms = [term for term in problem.terms if term.absent_weight == 0 and term.held_out.num_hyperedges]
        self._members = {term.label: term.held_out.members_EK for term in terms}
        self._weights = {term.label: term.weight for term in terms}
        self._values = {term.label: term.held_out.values_E.astype(np.float64) + term.mean for term in terms}
        self._by_offsets = {term.label: self._values[term.label] - left_by(problem.alone(term), term.held_out) for term in terms}

    def told(self, matrices: Factors, ridge: float, rounds: int) -> Told:
        """What [A | b] (N × (D + offsets) per modality label) say, after so many rounds with a ridge."""
        types = least_squares_types(self._problem, self._layout, matrices)
        vectors = {label: matrix_ND[:, : self._layout.embedding_dim] for label, matrix_ND in matrices.items()}
        by_all = {label: types[label].values(vectors, members_EK) for label, members_EK in self._members.items()}
        return Told(ridge, rounds, self._weights, self._values, self._by_offsets, by_all)


def together(parts: Sequence[Told]) -> Told:
    """What was told of several parts, as of one."""

    def joined(name: str) -> dict[str, Values]:
        return {label: np.concatenate([getattr(part, name)[label] for part in parts]) for label in parts[0].values}

    return replace(parts[0], values=joined("values"), by_offsets=joined("by_offsets"), by_all=joined("by_all"))


def lighter_while_better(try_one: Callable[[float], Told], ridges: Sequence[float]) -> list[Told]:
    """Try ridges, each lighter than the one before, until one is not better than it; no vector may survive the first.

    Parameters
    ----------
    try_one
        Trains with a ridge, in units of the default.
    ridges
        The heaviest first.
    """
    tried: list[Told] = []
    for ridge in ridges:
        tried.append(try_one(ridge))
        is_worse = len(tried) > 1 and tried[-1].error >= tried[-2].error
        if is_worse and (len(tried) > 2 or any(tried[-2].shares().values())):
            break
    return tried


def heaviest_as_good(tried: Sequence[Told]) -> Told:
    """The heaviest ridge than which none that was tried is better by more than chance."""
    best = min(tried, key=lambda told: told.error)
    return next(told for told in tried if told is best or not _are_ahead(best.errors_E, told.errors_E, _CHANCE))


def share(values_E: Values, by_offsets_E: Values, by_all_E: Values) -> float:
    """How much of what vectors say beside offsets is to be believed, from 0 to 1; nothing, unless that is ahead of offsets alone.

    It is what least squares give: offsets alone, and share times what vectors change of it, are nearest to the values.
    """
    more_E = by_all_E - by_offsets_E
    size = float(more_E @ more_E)
    found = min(1.0, max(0.0, float(more_E @ (values_E - by_offsets_E)) / size)) if size else 0.0
    errors_E, alone_E = (by_offsets_E + found * more_E - values_E) ** 2, (by_offsets_E - values_E) ** 2
    return found if _are_ahead(errors_E, alone_E, _VECTORS_CHANCE) else 0.0


def _are_ahead(errors_E: Values, others_E: Values, chance: float) -> bool:
    """Whether errors are smaller than others by more than so many standard errors of the difference."""
    saved_E = others_E - errors_E
    return len(saved_E) > 1 and float(saved_E.mean()) > chance * float(saved_E.std(ddof=1)) / len(saved_E) ** 0.5
