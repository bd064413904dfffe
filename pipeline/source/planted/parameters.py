"""What a planted hypergraph is to be like, from a TOML file or by default."""

from math import prod
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.errors import ConfigurationError
from pipeline.source.toml.part import Part, contradiction
from pipeline.source.toml.toml_file import parsed, read_toml


class PlantedType(Part):
    """A hyperedge type: the labels of its members' modalities, and how many hyperedges or which part of all combinations."""

    # TOML has lists, and what is frozen a tuple
    members: tuple[str, ...] = Field(min_length=2, strict=False)
    number: int | None = Field(default=None, gt=0)
    density: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.number is None) == (self.density is None):
            raise contradiction("give either number or density")
        return self


class PlantedParameters(Part):
    """What to generate.

    Attributes
    ----------
    name
        Name of the data set.
    modalities
        Number of entities by label.
    hyperedges
        Hyperedge types by label.
    embedding_dim
        Number of components D.
    values
        Whether hyperedges are there or not, or have numbers.
    noise
        Which part of the hyperedges is drawn alike, or the noise of the values as a part of their standard deviation.
    nearest
        How many nearest others each entity is related to; 0 makes no graphs.
    seed
        Of everything random.
    """

    name: str = "planted"
    modalities: dict[str, Annotated[int, Field(ge=2)]] = Field(default={"User": 300, "Item": 200, "Tag": 50}, min_length=1)
    hyperedges: dict[str, PlantedType] = Field(
        default={
            "Tagging": PlantedType(members=("User", "Item", "Tag"), number=6_000),
            "Purchase": PlantedType(members=("User", "Item"), number=3_000),
        },
        min_length=1,
    )
    embedding_dim: int = Field(default=6, gt=0)
    values: Literal["presence", "numbers"] = "presence"
    noise: float = Field(default=0.1, ge=0)
    nearest: int = Field(default=5, ge=0)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check_types(self) -> Self:
        if self.values == "presence" and self.noise > 1:
            raise contradiction("noise is a part of the hyperedges where values are presence, so at most 1")
        for label, kind in self.hyperedges.items():
            unknown = [member for member in kind.members if member not in self.modalities]
            if unknown:
                raise contradiction(f"hyperedges.{label} names {unknown[0]}, modalities are {', '.join(self.modalities)}")
            if self.num_hyperedges(label) > self.num_combinations(label):
                raise contradiction(
                    f"hyperedges.{label} asks for {kind.number:,} of {self.num_combinations(label):,} combinations of members"
                )
        return self

    def num_combinations(self, label: str) -> int:
        """Number of combinations of members of a hyperedge type."""
        return prod(self.modalities[member] for member in self.hyperedges[label].members)

    def num_hyperedges(self, label: str) -> int:
        """Number of hyperedges of a type."""
        kind = self.hyperedges[label]
        return kind.number or max(1, round((kind.density or 0) * self.num_combinations(label)))

    @property
    def dataset(self) -> Dataset:
        """Description of what is generated."""
        return Dataset(
            self.name,
            tuple(Modality(label) for label in self.modalities),
            tuple(HyperedgeType(label, kind.members) for label, kind in self.hyperedges.items()),
            tuple(IntraModalGraph(label) for label in self.modalities) if self.nearest else (),
        )


def read_parameters(path: Path) -> PlantedParameters:
    """Read a TOML file.

    Raises
    ------
    ConfigurationError
        If it cannot be read or is not right, with all that is wrong.
    """
    hint = f"fields are {', '.join(PlantedParameters.model_fields)}"
    parameters = parsed(PlantedParameters, read_toml(path, "a file of parameters"), str(path), hint)
    try:
        _ = parameters.dataset
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}", hint=error.hint) from error
    return parameters
