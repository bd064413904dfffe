"""Who works on what: pure data, the same on every worker.

Every hyperedge type has a home: the modality, among its members', that adds up the type's losses along with its own update.
Homes are chosen as if there were a worker per modality, so that they, and with them the order of every sum, do not depend on
the number of workers. Modalities are dealt out by cost, whole as long as there are no more workers than modalities; with more,
the dearest are cut by rows, so that several workers have one between them. (Of the likelihood every worker has all of them, and its
part of the batches: `pipeline.train.stochastic.turns`.) Costs count the work in a round, in units of what a
hyperedge takes in one step of conjugate gradients (25 to 50 ns on one core at 32 dimensions); an entity takes as much as `_ENTITY`
of them, four weights of a graph as much as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.domain.hypergraph import num_memberships
from pipeline.train.problem.problem import Problem

_ENTITY = 10
"""Products with small matrices, and sums, over an entity's row."""


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
    costs = {label: 1 + _ENTITY * count * (cg_iterations + 2) for label, count in sizes.num_entities.items()}
    for size in sizes.types.values():
        for label in size.modalities:
            costs[label] += size.num_hyperedges * (cg_iterations + 2)
    for label, entries in sizes.graph_entries.items():
        costs[label] += entries * (cg_iterations + 2) // 4
    homes = {}
    line_costs = {
        label: size.num_hyperedges * len(size.modalities) ** 2 // 2
        + _ENTITY * sum(sizes.num_entities[member] for member in size.modalities)
        for label, size in sizes.types.items()
    }
    for kind in sorted(line_costs, key=lambda kind: -line_costs[kind]):
        modalities = sizes.types[kind].modalities
        homes[kind] = min(range(len(modalities)), key=lambda position: costs[modalities[position]])
        costs[modalities[homes[kind]]] += line_costs[kind]
    return Assignment(homes, costs)


def deal(costs: Mapping[str, int], num_hands: int) -> list[list[str]]:
    """Deal modalities out to so many workers.

    As many workers as modalities, or fewer, get whole ones. Where there are more, some of the dearest are cut, and nobody who has a
    part of one has anything else; of all ways to say how many workers have those between them, and how many the rest, the one that
    leaves the busiest with least is taken.

    Returns
    -------
    list of list of str
        Labels by worker. One that several have is cut between them, in their order.
    """
    if num_hands <= len(costs):
        return _deal_whole(costs, num_hands)
    dearest = sorted(costs, key=lambda label: -costs[label])
    ways = []
    for num_cut in range(1, len(costs) + 1):
        rest = {label: costs[label] for label in dearest[num_cut:]}
        for num_rest in range(min(1, len(rest)), len(rest) + 1):
            parts = _apportion({label: costs[label] for label in dearest[:num_cut]}, num_hands - num_rest)
            whole = _deal_whole(rest, num_rest)
            loads = [costs[label] / count for label, count in parts.items()]
            loads += [float(sum(costs[label] for label in hand)) for hand in whole]
            ways.append((max(loads), [[label] for label, count in parts.items() for _ in range(count)] + whole))
    return min(ways, key=lambda way: way[0])[1]


def _deal_whole(costs: Mapping[str, int], num_hands: int) -> list[list[str]]:
    """Deal whole ones out, dearest first, each to the hand that has least (Graham 1969).

    Ties go to the earlier item and the earlier hand. The fullest hand holds at most 4/3 of what it must.
    """
    hands: list[list[str]] = [[] for _ in range(num_hands)]
    loads = [0] * num_hands
    for label in sorted(costs, key=lambda label: -costs[label]):
        hand = loads.index(min(loads))
        hands[hand].append(label)
        loads[hand] += costs[label]
    return hands


def _apportion(costs: Mapping[str, int], num_hands: int) -> dict[str, int]:
    """Say into how many parts each is cut: one at least, and each further part to the one whose parts are largest."""
    counts = dict.fromkeys(costs, 1)
    for _ in range(num_hands - len(costs)):
        counts[max(costs, key=lambda label: costs[label] / counts[label])] += 1
    return counts


def parts_of(owned: Sequence[Sequence[str]], label: str) -> list[int]:
    """Ranks of the workers that have a modality, or parts of it, in the order of their parts."""
    return [rank for rank, labels in enumerate(owned) if label in labels]


def in_words(owned: Sequence[Sequence[str]], rank: int) -> str:
    """What a worker has: the labels of its modalities, or which part of one, or of all."""
    labels = owned[rank]
    ranks = parts_of(owned, labels[0]) if labels else []
    if len(ranks) > 1:
        return f"{labels[0] if len(labels) == 1 else 'all'}, part {ranks.index(rank) + 1} of {len(ranks)}"
    return ", ".join(labels)


def cut_rows(problem: Problem, label: str, num_parts: int) -> tuple[int, ...]:
    """Cut a modality's rows into consecutive parts that have about as much to do, by `_ENTITY` and their hyperedges.

    Returns
    -------
    tuple of int
        Where each part begins, and where the last one ends. A part may be empty, where one row has more than its share.
    """
    count = problem.num_entities[label]
    if num_parts == 1:
        return (0, count)
    done_N = np.cumsum(_ENTITY + num_memberships((term.hyperedges for term in problem.terms), label, count))
    shares = np.arange(1, num_parts) * (done_N[-1] if count else 0) / num_parts
    return (0, *np.searchsorted(done_N, shares).tolist(), count)
