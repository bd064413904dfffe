"""The data set file: which tables, columns and features make up a hypergraph.

In comes the TOML text, out comes a `Description`: typed, complete, without a contradiction. It holds no data and opens no table.
What is wrong with the text is told all at once by `pipeline.source.described.description_file`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.domain.dataset import PropertyType, TimeType
from pipeline.source.described.schedule_table import ScheduleTable
from pipeline.source.described.training_table import TrainingTable
from pipeline.source.files.derivation import Derivation
from pipeline.source.files.table_file import Table, TableFile, check_name_in_graph
from pipeline.source.toml.part import Name, Part, Shorthand, contradiction

Separator = Annotated[
    str, Field(min_length=1, description='What stands between the values of one cell, such as "; ". Lists need none.')
]
FeatureWeight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
TrainingWeight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


Derive = Annotated[
    Derivation,
    Field(
        description="What to make of each of its texts: lower, the same in small letters; integer, the whole "
        "number, 7 of 7.0 and 007; year, that of a year, a date or a "
        "moment; decade, the first year of its decade."
    ),
]


class SourceColumn(Part):
    """A column, and what is made of its texts."""

    column: Name
    """The column."""
    derive: Derive | None = None


NamedColumn = Annotated[SourceColumn, Shorthand("column")]


class Property(Part):
    """A property of the entities."""

    type: PropertyType
    """What it holds: text, whole numbers, numbers, true/false/yes/no/1/0, dates as 2026-11-23, or moments as 2026-11-23T18:44 (in
    UTC where it says nothing else). The plural ones are lists."""
    column: Name | None = None
    """Its column; by default the one of the property's own name."""
    separator: Separator | None = None
    derive: Derive | None = None

    @model_validator(mode="after")
    def _check_separator(self) -> Self:
        if self.separator is not None and not self.type.endswith("s"):
            raise contradiction(f'a separator is for lists; the type is {self.type}, a list of them is "{self.type}s"')
        if self.derive in {"integer", "year", "decade"} and self.type in {"boolean", "date", "datetime"}:
            raise contradiction(f'what derive = "{self.derive}" makes is an integer, and no {self.type}')
        return self


class NumberFeature(Part):
    """A number, compared by difference after it is standardised."""

    kind: Literal["number"]
    """A number, compared by difference after it is standardised."""
    column: Name
    """Its column."""
    derive: Derive | None = None


class CategoriesFeature(Part):
    """One or several categories, compared by those shared: a rare one counts more."""

    kind: Literal["categories"]
    """One or several categories, compared by those shared: a rare one counts more."""
    column: Name
    """Their column."""
    separator: Separator | None = None
    derive: Derive | None = None


class TextFeature(Part):
    """Free text, compared by its words (TF-IDF)."""

    kind: Literal["text"]
    """Free text, compared by its words (TF-IDF)."""
    column: Name
    """Its column."""


class VectorFeature(Part):
    """Dense vectors that are already there, such as embeddings of images."""

    kind: Literal["vector"]
    """Dense vectors that are already there, such as embeddings of images."""
    file: Name | None = None
    """A .npy file, relative to the data set file, with a row of numbers per row of the table."""
    column: Name | None = None
    """A column of lists; in CSV, of JSON lists such as [0.1, 0.2]."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.file is None) == (self.column is None):
            raise contradiction("a vector comes either from a file or from a column")
        return self


Feature = Annotated[NumberFeature | CategoriesFeature | TextFeature | VectorFeature, Field(discriminator="kind")]


class ModalityTable(Part):
    """One kind of entity. Without a table, its entities are those that hyperedges and relations name."""

    table: Table | None = None
    """One row per entity."""
    key: NamedColumn | None = None
    """Column of the id, unique in the table; members of hyperedges refer to it."""
    name: NamedColumn | None = None
    """Column of the name that people know; by default the key."""
    properties: dict[str, Annotated[Property, Shorthand("type")]] = Field(default_factory=dict)
    """What else to keep of the entities, by name (letters, digits and _; camelCase is usual in Neo4j): a type, or a type with a
    column."""
    distinguish_by: list[str] = Field(default_factory=list)
    """Properties that tell apart entities of one name, most telling first."""
    features: dict[str, Feature] = Field(default_factory=dict)
    """What nearest neighbours are computed from."""

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        if self.table is None:
            wanting = [name for name in ("key", "name", "properties", "distinguish_by", "features") if getattr(self, name)]
            if wanting:
                raise contradiction(f"{wanting[0]} needs a table to be read from; add table = …")
        elif self.key is None:
            raise contradiction("a table needs a key: the column of the id")
        if self.table is not None and self.table.kind == "graph":
            for name, feature in self.features.items():
                if isinstance(feature, VectorFeature) and feature.file is not None:
                    raise contradiction(f"the vectors of {name} are in a file, by rows, and rows of the graph have no order")
        if self.table is not None and self.table.nodes is not None:
            self._check_nodes()
        return self

    def _check_nodes(self) -> None:
        for name, each in self.properties.items():
            if each.column not in (None, name) or each.separator is not None or each.derive is not None:
                raise contradiction(f"{name} is a property of nodes that stay as they are: it has no column, separator or derive")
        if any(column is not None and column.derive is not None for column in (self.key, self.name)):
            raise contradiction("derive is not for nodes: their key and name are what they are")
        for column in self.columns:
            check_name_in_graph(column)

    @property
    def columns(self) -> list[str]:
        """The columns of the table that are used, each once."""
        told = [each.column for each in (self.key, self.name) if each is not None]
        described = [*told, *(each.column or name for name, each in self.properties.items())]
        return list(dict.fromkeys(each for each in [*described, *(f.column for f in self.features.values())] if each))


def _refuse_nodes(table: TableFile | None) -> None:
    if table is not None and table.nodes is not None:
        raise contradiction("nodes are for modalities; ask for rows by cypher")


class Relation(Part):
    """An intra-modal graph: from a table of pairs, or of the nearest neighbours by features."""

    modality: Name
    """Label of the modality whose entities are related."""
    type: Name = "SIMILAR"
    """Relation type in Neo4j, UPPER_SNAKE."""
    weight: TrainingWeight = 1.0
    """How much this graph counts in training (μ); 0 keeps it out."""
    table: Table | None = None
    """One row per related pair; direction does not count."""
    source: NamedColumn | None = None
    """Column of one end of the pair."""
    target: NamedColumn | None = None
    """Column of the other end of the pair."""
    strength: Name | None = None
    """Column of a number above 0 that says how strongly the two are related; 1 for all by default."""
    nearest: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Relate each entity to so many nearest others by its features."""
    metric: Literal["euclidean", "cosine"] | None = None
    """How vectors are compared; euclidean by default. Numbers, categories and text have their own way."""
    features: dict[str, FeatureWeight] | None = None
    """Which features count, and how much; by default all of them, each 1."""

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.table is None) == (self.nearest is None):
            raise contradiction("relations come either from a table or from nearest = NUMBER")
        _refuse_nodes(self.table)
        if self.table is not None:
            missing = [name for name in ("source", "target") if getattr(self, name) is None]
            if missing:
                raise contradiction(f"a table of pairs needs {' and '.join(missing)}: the column of one end")
        strange = ("metric", "features") if self.table is not None else ("source", "target", "strength")
        wrong = [name for name in strange if getattr(self, name) is not None]
        if wrong:
            raise contradiction(f"{wrong[0]} is for {'nearest neighbours' if self.table is not None else 'a table of pairs'}")
        return self


class Member(Part):
    """One position of a hyperedge type."""

    modality: Name
    """Label of the modality whose entity stands here."""
    column: Name | None = None
    """Column of its id. Cells with several ids give a hyperedge for each combination with the other members."""
    separator: Separator | None = None
    derive: Derive | None = None
    constant: Name | None = None
    """In place of a column: the id of the one entity that stands here in every hyperedge of the type."""
    only_known: bool = False
    """Leave out, and count, hyperedges whose member here is no key of the modality's table; otherwise they are problems."""

    @model_validator(mode="after")
    def _check_column(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise contradiction('a member needs either its column or constant = "ID"')
        wrong = [name for name in ("separator", "derive") if getattr(self, name) is not None]
        if self.constant is not None and wrong:
            raise contradiction(f"{wrong[0]} is for a column, and constant stands as it is")
        return self


class Time(Part):
    """When a hyperedge was."""

    column: Name
    """Its column; empty cells are allowed."""
    type: TimeType
    """A whole number, a date as 2026-11-23, or a moment as 2026-11-23T18:44 (in UTC)."""


class Hyperedges(Part):
    """One type of hyperedge: which columns of a table belong together."""

    table: Table
    """One row per hyperedge, or per group of hyperedges where cells have several members."""
    members: Annotated[list[Member], Field(min_length=2)]
    """Which column is which modality, by position. One modality may stand twice; two members from the same column are pairs."""
    empty: list[Name] = Field(default_factory=list)
    """Columns that have to be empty: a row that has something there is of another type, such as one of more members."""
    weight: TrainingWeight = 1.0
    """How much this type counts in training (λ); 0 keeps it out."""
    value: Name | None = None
    """Column of a number, such as a rating; 1 for all by default."""
    time: Time | None = None
    """When it was; kept with the hyperedge, not learned from."""

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        _refuse_nodes(self.table)
        both = next((name for name in self.empty if name in {member.column for member in self.members}), None)
        if both is not None:
            raise contradiction(f"{both} has to be empty, and is a member; leave it out of one of them")
        return self


class Description(Part):
    """A hypergraph in tables: its modalities, the relations inside them, and the hyperedges that join them."""

    name: Name
    """Name of the data set, by which commands call it: lower-case letters, digits, - and _."""
    prefix: Annotated[str, Field(pattern="^[A-Z][A-Za-z0-9]*$")] | None = None
    """What stands before every label outside of this file, in PascalCase: with "Books" the modality Genre is BooksGenre in Neo4j
    and in commands. For data sets of one database, in which each label belongs to one."""
    modalities: Annotated[dict[str, ModalityTable], Field(min_length=1)]
    """Kinds of entities by label, in PascalCase."""
    relations: list[Relation] = Field(default_factory=list)
    """Graphs inside modalities."""
    hyperedges: Annotated[dict[str, Hyperedges], Field(min_length=1)]
    """Types of hyperedges by label, in PascalCase."""
    training: TrainingTable = TrainingTable()
    """How to train: settings that are not to be the defaults."""
    schedule: ScheduleTable | None = None
    """When to refresh, by `hyperlearn serve` or a worker."""

    def prefixed(self) -> "Description":
        """The same with the prefix before every label, and no prefix any more."""
        prefix = self.prefix or ""
        hyperedges = {
            f"{prefix}{label}": each.model_copy(
                update={"members": [m.model_copy(update={"modality": f"{prefix}{m.modality}"}) for m in each.members]}
            )
            for label, each in self.hyperedges.items()
        }
        by_label = {
            name: {f"{prefix}{label}": entry for label, entry in value.items()}
            for name, value in self.training.model_dump(exclude_unset=True).items()
            if isinstance(value, dict)
        }
        return self.model_copy(
            update={
                "prefix": None,
                "modalities": {f"{prefix}{label}": each for label, each in self.modalities.items()},
                "relations": [each.model_copy(update={"modality": f"{prefix}{each.modality}"}) for each in self.relations],
                "hyperedges": hyperedges,
                "training": self.training.model_copy(update=by_label),
            }
        )
