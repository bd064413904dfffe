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
class Plan:
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


def plan(problem: Problem, cg_iterations: int) -> Plan:
    """Choose the types' homes and add up the modalities' costs.

    Parameters
    ----------
    problem
        The objective.
    cg_iterations
        Most steps of conjugate gradients that an update takes.
    """
    costs = dict.fromkeys(problem.labels, 1)
    for term in problem.terms:
        for label in term.modalities:
            costs[label] += term.hyperedges.num_hyperedges * (cg_iterations + 2)
    for label, laplacian in problem.laplacians.items():
        costs[label] += laplacian.nnz * (cg_iterations + 2) // 4
    homes = {}
    line_costs = {term.label: term.hyperedges.num_hyperedges * len(term.modalities) ** 2 for term in problem.terms}
    for term in sorted(problem.terms, key=lambda term: -line_costs[term.label]):
        homes[term.label] = min(range(len(term.modalities)), key=lambda position: costs[term.modalities[position]])
        costs[term.modalities[homes[term.label]]] += line_costs[term.label]
    return Plan(homes, costs)


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
