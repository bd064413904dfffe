"""A hyperedge with a position that is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.domain.dataset import HyperedgeType
from pipeline.errors import QueryError


@dataclass(frozen=True)
class Question:
    """What is asked of a hyperedge type.

    Attributes
    ----------
    type
        The hyperedge type.
    given
        Who stands where, by position: an id, or whatever else names an entity.
    position
        The position that is asked for.
    """

    type: HyperedgeType
    given: Mapping[int, str]
    position: int

    @property
    def asked(self) -> str:
        """Label of the modality that is asked for."""
        return self.type.members[self.position]


def question(kind: HyperedgeType, given: Sequence[tuple[str, str]], ask: str) -> Question:
    """Find the positions that a person names.

    Parameters
    ----------
    kind
        The hyperedge type.
    given
        Where a member stands, and who it is. Where is a modality's label, which takes its first position that is free, or a
        position's number, from 0.
    ask
        Where to look for candidates, likewise.

    Raises
    ------
    QueryError
        If there is no such place, or nobody is given.
    """
    free = list(range(len(kind.members)))
    places = [where for where, _ in given] + [ask]
    taken = {}
    # Numbers first: a label takes what they leave.
    for number, where in sorted(enumerate(places), key=lambda place: not place[1].isdecimal()):
        fitting = [position for position in free if where in (kind.members[position], str(position))]
        if not fitting:
            members = ", ".join(f"{position} {label}" for position, label in enumerate(kind.members))
            is_taken = where in kind.members or (where.isdecimal() and int(where) < len(kind.members))
            wrong = "has no other place" if is_taken else "has no place"
            raise QueryError(f"{kind.label} {wrong} for {where}", hint=f"its members are {members}, one entity in each")
        free.remove(fitting[0])
        taken[number] = fitting[0]
    position = taken.pop(len(given))
    if not given:
        raise QueryError("no member is given", hint=f"name one: {', '.join(f'{kind.members[other]}=NAME' for other in free)}")
    return Question(kind, {taken[number]: who for number, (_, who) in enumerate(given)}, position)
