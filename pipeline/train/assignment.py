"""Who works on what: pure data, the same on every worker.

Every hyperedge type has a home: the modality, among its members', that adds up the type's losses along with its own update.
Homes are chosen as if there were a worker per modality, so that they, and with them the order of every sum, do not depend on
the number of workers. A worker has whole modalities. Both are dealt out by cost, dearest first, each to the hand that has least
so far. Costs count the work per hyperedge in a round, in units of one step of conjugate gradients (about 50 ns a hyperedge on
one core at 32 dimensions).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.train.problem.problem import Problem


@dataclass(frozen=True)
class TypeSize:
    """How large a hyperedge type is: the labels of its members' modalities by position, and its number of hyperedges."""

    modalities: tuple[str, ...]
    num_hyperedges: int


@dataclass(frozen=True)
class Sizes:
    """What there is to work on, as counts.

    Attributes
    ----------
    num_entities
        N per modality label, in the order of the modalities.
    types
        The hyperedge types that are learned from, by label.
    graph_entries
        Stored weights of the graphs, both ways, per modality that has any.
    """

    num_entities: Mapping[str, int]
    types: Mapping[str, TypeSize]
    graph_entries: Mapping[str, int]

    @classmethod
    def of(cls, problem: Problem) -> "Sizes":
        """Those of a problem: without what is kept for validation, and of graphs what their Laplacian stores."""
        return cls(
            problem.num_entities,
            {term.label: TypeSize(term.modalities, term.hyperedges.num_hyperedges) for term in problem.terms},
            {label: laplacian.nnz for label, laplacian in problem.laplacians.items()},
        )


@dataclass(frozen=True)
class Assignment:
    """What each modality's worker has to do.

    Attributes
    ----------
    homes
        Per hyperedge type label, the position of its home.
    costs
        Per modality label, the cost of a round.
    """

    homes: Mapping[str, int]
    costs: Mapping[str, int]


def assign(sizes: Sizes, cg_iterations: int) -> Assignment:
    """Choose the types' homes and add up the modalities' costs.

    Parameters
    ----------
    sizes
        What there is to work on.
    cg_iterations
        Most steps of conjugate gradients that an update takes.
    """
    costs = dict.fromkeys(sizes.num_entities, 1)
    for size in sizes.types.values():
        for label in size.modalities:
            costs[label] += size.num_hyperedges * (cg_iterations + 2)
    for label, entries in sizes.graph_entries.items():
        costs[label] += entries * (cg_iterations + 2) // 4
    homes = {}
    line_costs = {label: size.num_hyperedges * len(size.modalities) ** 2 for label, size in sizes.types.items()}
    for kind in sorted(line_costs, key=lambda kind: -line_costs[kind]):
        modalities = sizes.types[kind].modalities
        homes[kind] = min(range(len(modalities)), key=lambda position: costs[modalities[position]])
        costs[modalities[homes[kind]]] += line_costs[kind]
    return Assignment(homes, costs)


def deal(costs: Mapping[str, int], num_hands: int) -> list[list[str]]:
    """Deal items out to so many hands, dearest first, each to the hand that has least (Graham 1969).

    Ties go to the earlier item and the earlier hand. The fullest hand holds at most 4/3 of what it must.
    """
    hands: list[list[str]] = [[] for _ in range(num_hands)]
    loads = [0] * num_hands
    for label in sorted(costs, key=lambda label: -costs[label]):
        hand = loads.index(min(loads))
        hands[hand].append(label)
        loads[hand] += costs[label]
    return hands
