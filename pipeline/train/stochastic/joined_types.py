"""Hyperedge types that join the same modalities, learned together: as one type with one more member, which says which it is.

So each batch has hyperedges of all of them, what a relation means is a vector as an entity's is and moves as quickly, and that a
hyperedge is of this relation is asked as well (Chen et al. 2021: it helps with the entities). Learned one by one, many types of few
hyperedges take many small batches, and differ in little more than popularity. Afterwards they are apart again, exactly: with
the relation's vector in scale and biases, a type's scores are those of the joined one. Shapes: N entities, E hyperedges, K arity,
T types, D embedding_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pipeline.domain.hypergraph import HyperedgeList
from pipeline.domain.training_parameters import LossName
from pipeline.domain.type_parameters import TypeParameters
from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import Problem, TensorTerm
from pipeline.train.stochastic.ensemble import Learned


class Kind(NamedTuple):
    """What decides which types are learned together.

    Attributes
    ----------
    modalities
        Labels of the members' modalities, by position.
    weight
        λ.
    loss
        What is minimised; values are learned type by type.
    """

    modalities: tuple[str, ...]
    weight: float
    loss: LossName


@dataclass(frozen=True)
class JoinedTypes:
    """A problem, and what of it stands for several types.

    Attributes
    ----------
    problem
        What is learned.
    groups
        By label of a joined type, the labels of the types that it stands for, in the order of their vectors.
    """

    problem: Problem
    groups: dict[str, tuple[str, ...]]

    def apart(self, learned: Learned) -> Learned:
        """Give what was learned, for each type by itself."""
        factors, types = learned
        found: dict[str, TypeParameters] = {}
        for label, joined in types.items():
            if label not in self.groups:
                found[label] = joined
                continue
            for number, name in enumerate(self.groups[label]):
                found[name] = _one_of(joined, factors, number)
        which = {types[label].modalities[-1] for label in self.groups}
        return {label: factor_ND for label, factor_ND in factors.items() if label not in which}, found


def learned_together(kinds: Mapping[str, Kind]) -> list[list[str]]:
    """Put the labels of types together that tell what is there of the same modalities, with the same weight; most stand alone."""
    groups: dict[object, list[str]] = {}
    for label, kind in kinds.items():
        groups.setdefault(kind if kind.loss == "likelihood" else label, []).append(label)
    return list(groups.values())


def join_types(problem: Problem) -> JoinedTypes:
    """Join the types that are learned together."""
    of_label = {term.label: term for term in problem.terms}
    kinds = {label: Kind(term.modalities, term.weight, term.loss) for label, term in of_label.items()}
    terms: list[TensorTerm] = []
    joined: dict[str, tuple[str, ...]] = {}
    num_entities = dict(problem.num_entities)
    for labels in learned_together(kinds):
        group = [of_label[label] for label in labels]
        if len(group) == 1:
            terms += group
            continue
        # No label that a user may give has spaces.
        members = f"{labels[0]} and {len(group) - 1} more"
        which = f"type of {members}"
        num_entities[which] = len(group)
        terms.append(_joined(members, which, group))
        joined[terms[-1].label] = tuple(labels)
    return JoinedTypes(replace(problem, terms=tuple(terms), num_entities=num_entities), joined)


def _joined(label: str, which: str, group: Sequence[TensorTerm]) -> TensorTerm:
    first = group[0]
    held_out = _one_list(which, [term.held_out for term in group])
    # Of so many only the first are asked for (`held_out.MOST_ASKED`): those are to be of all types.
    mixed_E = np.random.default_rng(0).permutation(held_out.num_hyperedges)
    return replace(
        first,
        label=label,
        hyperedges=_one_list(which, [term.hyperedges for term in group]),
        held_out=HyperedgeList(held_out.modalities, held_out.members_EK[mixed_E], held_out.values_E[mixed_E]),
        popularities=(*first.popularities, np.ones(len(group), np.float32)),
    )


def _one_list(which: str, parts: Sequence[HyperedgeList]) -> HyperedgeList:
    numbers_E = np.repeat(np.arange(len(parts)), [part.num_hyperedges for part in parts])
    members_EK = np.column_stack([np.concatenate([part.members_EK for part in parts]), numbers_E])
    return HyperedgeList((*parts[0].modalities, which), members_EK, np.concatenate([part.values_E for part in parts]))


def _one_of(joined: TypeParameters, factors: Factors, number: int) -> TypeParameters:
    """Put the relation's vector r, of centre c_r, where the others' scores have it.

    t (c_r + r) (Π_j u_j) − t c_r Π_j c_j is t (c_r + r) (Π_j u_j − Π_j c_j), and t r Π_j c_j, which no member but the one that is
    asked changes.
    """
    relation_D = factors[joined.modalities[-1]][number]
    *others, centre_D = joined.centres_KD
    centres_KD = np.stack(others)
    biases = []
    for position, label in enumerate(joined.modalities[:-1]):
        alone_D = joined.scale_D * relation_D * np.delete(centres_KD, position, axis=0).prod(axis=0)
        biases.append(joined.biases[position] + factors[label] @ np.roll(alone_D, -joined.shifts[position]))
    return TypeParameters(
        joined.modalities[:-1],
        joined.loss,
        joined.mean + float(joined.biases[-1][number]),
        joined.scale_D * (centre_D + relation_D),
        centres_KD,
        tuple(biases),
        joined.shifts[:-1],
    )
