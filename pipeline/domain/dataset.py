"""The description of a hypergraph: which modalities, intra-modal graphs and hyperedge types, and how to train on them.

It names things and holds no data. Labels and relation types are checked here, once; the graph layer still quotes them where they
enter a statement.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError

_LABEL = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_RELATION_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
RESERVED_LABELS = frozenset(
    {
        "Dataset",
        "EmbeddingRun",
        "Entity",
        "Hyperedge",
        "IngestedPart",
        "IngestedTable",
        "LearnedPosition",
        "RunVectors",
        "ServedVectors",
        "WriteLease",
    }
)
"""Labels of hyperlearn's own nodes."""

_RESERVED_PROPERTIES = ("biasesA", "biasesB", "embeddingA", "embeddingB", "id", "ingest", "name", "place", "row")
"""Ours on the nodes, or in the tables where rows are staged; in capitals too, since SQL does not tell them apart."""

PropertyType = Literal["string", "integer", "float", "boolean", "date", "datetime", "strings", "integers", "floats"]
"""What a property holds; the plural ones are lists."""

TimeType = Literal["integer", "date", "datetime"]
"""How the time of a hyperedge is told: a count of one's own (a year, seconds since 1970), a day, or a moment."""


GraphKey = tuple[str, str]
"""Modality label and relation type: what names one intra-modal graph."""


@dataclass(frozen=True)
class Adopted:
    """Nodes of the user's own that are the entities of a modality: they get its label, and vectors in place.

    Attributes
    ----------
    label
        A label that they have.
    key
        Their property that is the id: as a text it is copied to ``id``, unless it is that property.
    name
        Their property that is the name: copied to ``name``, unless it is that property.
    """

    label: str
    key: str
    name: str

    @property
    def copies(self) -> tuple[str, ...]:
        """Properties that entities have and these nodes are given."""
        return tuple(own for own, theirs in (("id", self.key), ("name", self.name)) if own != theirs)


@dataclass(frozen=True)
class Modality:
    """One kind of entity.

    Attributes
    ----------
    label
        Its Neo4j label, PascalCase.
    properties
        The properties that its entities have besides ``id`` and ``name``: type by name. Names are letters,
        digits and _, from a letter on; no two differ by capitals alone.
    distinguish_by
        Those of the properties that tell apart entities of one name, most telling first.
    adopted
        Where its entities are nodes that the user made; None where they are ours.
    """

    label: str
    properties: Mapping[str, PropertyType] = field(default_factory=dict)
    distinguish_by: tuple[str, ...] = ()
    adopted: Adopted | None = None

    def __post_init__(self) -> None:
        _check_label(self.label, "modality")
        if self.adopted is not None and self.adopted.label == self.label:
            raise ConfigurationError(
                f"modality {self.label} would have the label that the nodes have already, and adopted nodes get one of ours",
                hint='prefix = "Learned", below the name of the data set, puts a word before every label of ours',
            )
        for name, kind in self.properties.items():
            if kind not in get_args(PropertyType):
                raise ConfigurationError(
                    f"modality {self.label}: property {name} has the type {kind!r}", hint=f"use {', '.join(get_args(PropertyType))}"
                )
            if not _PROPERTY.fullmatch(name) or name.lower() in map(str.lower, _RESERVED_PROPERTIES):
                raise ConfigurationError(
                    f"modality {self.label}: {name!r} cannot be a property",
                    hint=f"use letters, digits and _, from a letter on, and none of {', '.join(_RESERVED_PROPERTIES)}",
                )
            same = next((other for other in self.properties if other != name and other.lower() == name.lower()), None)
            if same is not None:
                raise ConfigurationError(f"modality {self.label}: {name} and {same} are one property", hint="rename one of them")
        unknown = set(self.distinguish_by) - self.properties.keys()
        if unknown:
            raise ConfigurationError(
                f"modality {self.label}: distinguish_by names {sorted(unknown)}, which are no properties of it"
            )


@dataclass(frozen=True)
class IntraModalGraph:
    """Weighted undirected relations inside one modality, each stored once.

    Attributes
    ----------
    modality
        Label of the modality.
    relation_type
        Neo4j relation type, UPPER_SNAKE.
    weight
        Weight μ of this graph's smoothness term in the objective; 0 keeps the graph out of training.
    """

    modality: str
    relation_type: str = "SIMILAR"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not _RELATION_TYPE.fullmatch(self.relation_type) or self.relation_type == "MEMBER":
            raise ConfigurationError(
                f"{self.relation_type!r} cannot be an intra-modal relation type", hint="use UPPER_SNAKE, and not MEMBER"
            )
        _check_weight(self.weight, f"graph {self.modality}-{self.relation_type}")

    @property
    def key(self) -> GraphKey:
        """What names it among the graphs of a data set."""
        return self.modality, self.relation_type


@dataclass(frozen=True)
class HyperedgeType:
    """Hyperedges of one arity that join the same modalities.

    Attributes
    ----------
    label
        Its Neo4j label, PascalCase.
    members
        Labels of the modalities, by position; one modality may stand twice.
    weight
        Weight λ of this type in the objective; 0 keeps the type out of training.
    time
        How the hyperedges tell their time, or None where they have none. It is kept, and not learned from.
    """

    label: str
    members: tuple[str, ...]
    weight: float = 1.0
    time: TimeType | None = None

    def __post_init__(self) -> None:
        _check_label(self.label, "hyperedge type")
        if self.arity < 2:
            raise ConfigurationError(f"hyperedge type {self.label} joins {self.arity} member(s), at least 2 are needed")
        _check_weight(self.weight, f"hyperedge type {self.label}")
        if self.time not in (None, *get_args(TimeType)):
            raise ConfigurationError(
                f"hyperedge type {self.label}: its time is of the type {self.time!r}", hint=f"use {', '.join(get_args(TimeType))}"
            )

    @property
    def arity(self) -> int:
        """Number of members of each hyperedge."""
        return len(self.members)


@dataclass(frozen=True)
class Dataset:
    """A hypergraph's description.

    Attributes
    ----------
    name
        Lower-case name, by which commands call it.
    modalities, graphs, hyperedge_types
        Its parts; labels are unique over modalities and hyperedge types together.
    training
        Settings of a training run that are not the defaults: value by name of a field of `TrainingParameters`, as plain JSON.
    """

    name: str
    modalities: tuple[Modality, ...]
    hyperedge_types: tuple[HyperedgeType, ...]
    graphs: tuple[IntraModalGraph, ...] = field(default=())
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,63}", self.name):
            raise ConfigurationError(f"{self.name!r} cannot name a data set", hint="use lower-case letters, digits, - and _")
        labels = [*self.labels, *(hyperedge_type.label for hyperedge_type in self.hyperedge_types)]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ConfigurationError(f"data set {self.name}: label {twice[0]} is used twice")
        for owner, used in [
            *((f"hyperedge type {t.label}", t.members) for t in self.hyperedge_types),
            *((f"graph {g.relation_type}", (g.modality,)) for g in self.graphs),
        ]:
            for label in used:
                if label not in self.labels:
                    raise ConfigurationError(
                        f"data set {self.name}: {owner} names modality {label}, which is not described",
                        hint=f"described are {', '.join(self.labels)}",
                    )
        self.training_parameters()

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the modalities, in order."""
        return tuple(modality.label for modality in self.modalities)

    def modality(self, label: str) -> Modality:
        """The modality of that label.

        Raises
        ------
        ConfigurationError
            If there is none.
        """
        for modality in self.modalities:
            if modality.label == label:
                return modality
        raise ConfigurationError(f"data set {self.name} has no modality {label}", hint=f"it has {', '.join(self.labels)}")

    def training_parameters(self, settings: Mapping[str, Any] | None = None) -> TrainingParameters:
        """Settings of a training run on this data set: the defaults, over them the data set's own, over them those given.

        Parameters
        ----------
        settings
            Value by name. One that is a table replaces the entries that it names, and leaves the data set's others.

        Raises
        ------
        ConfigurationError
            If a setting is unknown, or a value cannot be one.
        """
        merged = dict(self.training)
        for name, value in (settings or {}).items():
            own = merged.get(name)
            merged[name] = {**own, **value} if isinstance(own, Mapping) and isinstance(value, Mapping) else value
        known = [each.name for each in fields(TrainingParameters)]
        unknown = sorted(merged.keys() - set(known))
        if unknown:
            raise ConfigurationError(f"{unknown[0]} is no training setting", hint=f"there are {', '.join(known)}")
        try:
            return TrainingParameters(**merged)
        except TypeError as error:
            raise ConfigurationError(f"data set {self.name}: a training setting is of the wrong type: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """The description as plain lists, dictionaries, strings and numbers."""
        data = asdict(self)
        # Left out where it says nothing, so that descriptions and digests that were stored before there were settings stay true.
        if not self.training:
            del data["training"]
        for modality in data["modalities"]:
            if modality["adopted"] is None:
                del modality["adopted"]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Dataset":
        """The description that `to_json` gave."""
        return cls(
            name=data["name"],
            modalities=tuple(
                Modality(
                    m["label"],
                    m["properties"],
                    tuple(m["distinguish_by"]),
                    Adopted(**m["adopted"]) if "adopted" in m else None,
                )
                for m in data["modalities"]
            ),
            hyperedge_types=tuple(
                HyperedgeType(t["label"], tuple(t["members"]), t["weight"], t["time"]) for t in data["hyperedge_types"]
            ),
            graphs=tuple(IntraModalGraph(**g) for g in data["graphs"]),
            training=data.get("training", {}),
        )


def _check_label(label: str, what: str) -> None:
    if not _LABEL.fullmatch(label) or label in RESERVED_LABELS:
        raise ConfigurationError(
            f"{label!r} cannot be the label of a {what}",
            hint=f"use PascalCase letters and digits, and none of {', '.join(sorted(RESERVED_LABELS))}",
        )


def _check_weight(weight: float, what: str) -> None:
    if not 0 <= weight < float("inf"):
        raise ConfigurationError(f"{what}: weight {weight} is no finite number from 0 on")
