"""What a graph that is in the database already probably describes: which labels are modalities, and what joins them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.domain.dataset import PropertyType
from pipeline.domain.surveyed_graph import SurveyedGraph, SurveyedLabel, SurveyedProperty, SurveyedRelation
from pipeline.source.sketch.names import label, may_be_property, words
from pipeline.source.sketch.references import is_id, is_name

_FILLED = 0.8
_MOST_COMBINATIONS = 4.0
_MOST_MEMBERS = 5
_MOST_PROPERTIES = 20

_TYPES: dict[str, PropertyType] = {
    "STRING": "string",
    "INTEGER": "integer",
    "FLOAT": "float",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "ZONED DATETIME": "datetime",
    "LOCAL DATETIME": "datetime",
    "LIST<STRING>": "strings",
    "LIST<INTEGER>": "integers",
}

GIVEN = frozenset({"id", "name", "ingest", "embeddingA", "embeddingB", "biasesA", "biasesB"})
"""Properties that adopted nodes get."""


@dataclass
class GraphModality:
    """A label whose nodes are entities.

    Attributes
    ----------
    label
        What the modality is called.
    nodes
        The nodes.
    key, name
        Their properties that are so.
    other_keys
        Properties that could be the key as well.
    obstacles
        Why the nodes are not adopted but copied; nothing where they are.
    properties
        Type by name.
    vectors
        Properties that hold lists of numbers.
    """

    label: str
    nodes: SurveyedLabel
    key: str
    name: str
    other_keys: list[str]
    obstacles: list[str]
    properties: dict[str, PropertyType]
    vectors: list[str]


@dataclass(frozen=True)
class GraphEnd:
    """A relation as it is seen from one of its ends.

    Attributes
    ----------
    relation
        The relation.
    own, other
        Labels of the nodes at this end and at the other.
    num_own
        How many nodes of this end have one.
    """

    relation: SurveyedRelation
    own: str
    other: str
    num_own: int

    @property
    def fan_out(self) -> float:
        """How many of them such a node has on the average."""
        return self.relation.num_relations / self.num_own

    @property
    def goes_out(self) -> bool:
        """Whether this end is where it begins."""
        return self.own == self.relation.source


@dataclass(frozen=True)
class GraphHyperedges:
    """A type of hyperedge: a node, and those that relations join it with."""

    label: str
    own: str
    ends: Sequence[GraphEnd]


@dataclass
class GraphDraft:
    """All that was found.

    Attributes
    ----------
    modalities
        By label of the nodes.
    hyperedges, relations
        Across labels, and inside one.
    told
        What was left out and why, a line each.
    """

    modalities: dict[str, GraphModality] = field(default_factory=dict)
    hyperedges: list[GraphHyperedges] = field(default_factory=list)
    relations: list[SurveyedRelation] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def graph_draft(graph: SurveyedGraph) -> GraphDraft:
    """Guess what a graph describes."""
    draft = GraphDraft()
    by_owner: dict[str, list[str]] = {}
    for name, owner in graph.ours.items():
        by_owner.setdefault(owner, []).append(name)
    for owner, names in by_owner.items():
        draft.told.append(f"{', '.join(names)} left out: data set {owner} of hyperlearn")
    for name in graph.unspeakable:
        draft.told.append(f"{name} left out: it has a back-quote, a backslash or what cannot be seen")
    for nodes in sorted(graph.labels, key=lambda each: (-each.num_nodes, each.name)):
        _add_modality(draft, nodes)
    kept = [each for each in graph.relations if each.source in draft.modalities and each.target in draft.modalities]
    across = [each for each in kept if each.source != each.target]
    draft.relations = [each for each in kept if each.source == each.target]
    _add_hyperedges(draft, across)
    if not draft.hyperedges:
        # Who knows whom, and nothing else: that is what there is to learn from.
        for each in draft.relations:
            own = draft.modalities[each.source].label
            name = label(f"{own} {each.type}", _taken(draft))
            draft.hyperedges.append(
                GraphHyperedges(name, each.source, [GraphEnd(each, each.source, each.target, each.num_sources)])
            )
        draft.relations = []
    joined = {end.other for kind in draft.hyperedges for end in kind.ends} | {kind.own for kind in draft.hyperedges}
    joined |= {each.source for each in draft.relations}
    for name in [name for name in draft.modalities if name not in joined]:
        draft.told.append(f"{name} left out: no relation joins its nodes with any others that are here")
        del draft.modalities[name]
    return draft


def _add_modality(draft: GraphDraft, nodes: SurveyedLabel) -> None:
    """Take a label for a modality, or say why not."""
    if any(name in nodes.beside for name in ("Entity", "Hyperedge")):
        draft.told.append(f"{nodes.name} left out: nodes of it are hyperlearn's already")
        return
    for other in draft.modalities:
        if shared := nodes.beside.get(other):
            draft.told.append(f"{nodes.name} left out: {shared:,} of its {nodes.num_nodes:,} nodes are {other} as well")
            return
    keys = [each for each in nodes.properties if each.is_key]
    if not keys:
        has = ", ".join(f"{each.name} in {each.num_nodes:,}" for each in nodes.properties) or "no properties"
        draft.told.append(
            f"{nodes.name} left out: no property is a key, there in all {nodes.num_nodes:,} nodes, in each another ({has})"
        )
        return
    key = max(keys, key=_likeness_to_key).name
    name = _name(nodes, key)
    properties = {
        each.name: kind
        for each in nodes.properties
        if each.name not in {key, name} and (kind := _type(each)) is not None and may_be_property(each.name)
    }
    vectors = [each.name for each in nodes.properties if each.types <= {"LIST<FLOAT>", "VECTOR"} and each.types]
    draft.modalities[nodes.name] = GraphModality(
        label(nodes.name, _taken(draft)),
        nodes,
        key,
        name,
        [each.name for each in keys if each.name != key],
        _obstacles(nodes, key, name),
        dict(list(properties.items())[:_MOST_PROPERTIES]),
        vectors,
    )


def _likeness_to_key(each: SurveyedProperty) -> tuple[bool, bool, bool, int]:
    # A text called id has to be the key where nodes are adopted.
    return each.name == "id" and each.types == {"STRING"}, is_id(each.name), is_name(each.name), -len(each.name)


def _name(nodes: SurveyedLabel, key: str) -> str:
    """The property of names: `name`, which adopted nodes must have for it or not at all, or what is called like it."""
    called = [each for each in nodes.properties if each.types == {"STRING"} and is_name(each.name)]
    return (
        min(called, key=lambda each: (each.name != "name", each.name != "title", len(words(each.name)), each.name)).name
        if called
        else key
    )


def _obstacles(nodes: SurveyedLabel, key: str, name: str) -> list[str]:
    own = {key, name} & {"id", "name"}
    found = [f"{each.name} is a property of theirs" for each in nodes.properties if each.name in GIVEN - own]
    key_property = nodes.property(key)
    if key == "id" and key_property is not None and key_property.types != {"STRING"}:
        found.append("their id is no text")
    return found


def _type(each: SurveyedProperty) -> PropertyType | None:
    # An empty list holds nothing of any type.
    types = each.types - {"LIST<NOTHING>"} if len(each.types) > 1 else each.types
    if types == {"INTEGER", "FLOAT"}:
        return "float"
    return _TYPES.get(next(iter(types))) if len(types) == 1 else None


def _taken(draft: GraphDraft) -> list[str]:
    return [*(each.label for each in draft.modalities.values()), *(each.label for each in draft.hyperedges)]


def _add_hyperedges(draft: GraphDraft, relations: Sequence[SurveyedRelation]) -> None:
    """Nodes that relations join with two other kinds or more make hyperedges of all of them; what is left makes pairs."""
    ends = [GraphEnd(each, each.source, each.target, each.num_sources) for each in relations]
    ends += [GraphEnd(each, each.target, each.source, each.num_targets) for each in relations]
    others = Counter(own for own, _ in {(end.own, end.other) for end in ends})
    used: set[SurveyedRelation] = set()
    for own in sorted(draft.modalities, key=lambda name: (-others[name], -draft.modalities[name].nodes.num_nodes)):
        count = draft.modalities[own].nodes.num_nodes
        free = [end for end in ends if end.own == own and end.relation not in used and end.num_own >= _FILLED * count]
        joint = _few_combinations(sorted(free, key=lambda end: (end.fan_out, end.other, end.relation.type)))
        if len({end.other for end in joint}) >= 2:
            _join(draft, own, joint)
            used |= {end.relation for end in joint}
    for end in ends:
        if end.relation not in used and others[end.own] >= others[end.other]:
            _join(draft, end.own, [end])
            used.add(end.relation)
    for end in ends:
        if end.relation not in used:
            _join(draft, end.own, [end])
            used.add(end.relation)


def _few_combinations(ends: Iterable[GraphEnd]) -> list[GraphEnd]:
    """The first relations of which a node gives only a few combinations."""
    kept: list[GraphEnd] = []
    product = 1.0
    for end in ends:
        product *= end.fan_out
        if product > _MOST_COMBINATIONS or len(kept) == _MOST_MEMBERS - 1:
            break
        kept.append(end)
    return kept


def _join(draft: GraphDraft, own: str, ends: Sequence[GraphEnd]) -> None:
    parts = [draft.modalities[own].label, *(draft.modalities[end.other].label for end in ends)]
    taken = _taken(draft)
    name = label(" ".join(parts), taken)
    if len(ends) == 1 and name != "".join(parts):
        name = label(f"{parts[0]} {ends[0].relation.type} {parts[1]}", taken)
    draft.hyperedges.append(GraphHyperedges(name, own, list(ends)))
