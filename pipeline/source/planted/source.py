"""Hypergraphs with known factors: for tests, for benchmarks, and to try the program without data.

Every modality gets a factor matrix A_θ (N_θ × D) with entries ≥ 0, drawn once and shared by all hyperedge types that it is in. The
CP model Σ_r Π_k A_k[i_k, r] of a combination of members decides its hyperedge:

* values "presence": hyperedges are drawn without repetition, a combination with a probability proportional to its model (as in
  Chi and Kolda, On Tensors, Sparsity, and Nonnegative Factorizations, SIMAX 2012, section 6.1); all have the value 1. A part
  `noise` of them is drawn from all combinations alike.
* values "numbers": combinations are drawn alike, their value is the model plus normal noise of `noise` times its standard
  deviation.

An intra-modal graph joins entities that are near in factor space. The same parameters give the same hypergraph.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.domain.dataset import Dataset, GraphKey
from pipeline.domain.progress import Progress
from pipeline.errors import ConfigurationError
from pipeline.records.records import Records
from pipeline.records.tables import member_columns
from pipeline.source.files.fingerprint import fingerprint
from pipeline.source.neighbours.features import relations, vector_feature
from pipeline.source.planted.parameters import PlantedParameters, read_parameters

Factors = dict[str, npt.NDArray[np.float64]]
Members = npt.NDArray[np.int64]

_FACTOR_SHAPE = 0.5
"""Of the gamma distribution of factor entries: below 1 an entity belongs to few components, so that there is something to learn."""

_MOST_ROUNDS = 200
"""Of drawing and dropping what is drawn already."""


@dataclass(frozen=True)
class Planted:
    """A generated hypergraph and what it was generated from.

    Attributes
    ----------
    dataset
        The description.
    factors
        Factor matrix (N × D) by modality; row n is the entity whose id is n.
    members
        Rows of the members (E × K) by hyperedge type.
    values
        Values (E) by hyperedge type.
    relations
        Frames with source, target and weight by graph.
    """

    dataset: Dataset
    factors: Factors
    members: dict[str, Members]
    values: dict[str, npt.NDArray[np.float64]]
    relations: dict[GraphKey, pd.DataFrame]

    def records(self) -> Records:
        """The hypergraph staged."""
        ids = {label: _ids(len(factor_ND)) for label, factor_ND in self.factors.items()}
        hyperedges = {}
        for kind in self.dataset.hyperedge_types:
            columns = zip(member_columns(kind.arity), kind.members, self.members[kind.label].T, strict=True)
            frame = {column: ids[label][rows] for column, label, rows in columns}
            hyperedges[kind.label] = pd.DataFrame({**frame, "value": self.values[kind.label]})
        entities = {label: pd.DataFrame({"id": own, "name": f"{label} " + own}) for label, own in ids.items()}
        return Records.of(self.dataset, entities, self.relations, hyperedges)


@dataclass(frozen=True)
class PlantedSource:
    """A generated hypergraph as a source.

    Attributes
    ----------
    path
        A TOML file with fields of `PlantedParameters`; None takes their defaults.
    """

    path: Path | None = None

    @property
    def parameters(self) -> PlantedParameters:
        """What to generate.

        Raises
        ------
        ConfigurationError
            If the file cannot be read, or is not right.
        """
        return PlantedParameters() if self.path is None else read_parameters(self.path)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.parameters.name

    def fingerprint(self) -> str:
        """Digest of the parameters and of the code that generates."""
        return fingerprint(self.parameters.model_dump_json(), np.__version__)

    def read(self, progress: Progress) -> Records:
        """Generate."""
        with progress("Generating a hypergraph"):
            return plant(self.parameters).records()


def plant(parameters: PlantedParameters) -> Planted:
    """Generate a hypergraph.

    Raises
    ------
    ConfigurationError
        If so many hyperedges are not to be had: the factors give nearly all weight to fewer combinations.
    """
    random = np.random.default_rng(parameters.seed)
    factors = {}
    for label, size in parameters.modalities.items():
        factor_ND = random.gamma(_FACTOR_SHAPE, size=(size, parameters.embedding_dim))
        factors[label] = factor_ND / np.sqrt(np.mean(factor_ND**2))
    members = {}
    values = {}
    for label, kind in parameters.hyperedges.items():
        matrices = [factors[member] for member in kind.members]
        present = parameters.values == "presence"
        drawing = _Drawing(matrices, parameters.noise if present else 1.0, random)
        members[label] = drawing.combinations(label, parameters.num_hyperedges(label))
        model_E = cp_model(matrices, members[label])
        noise_E = random.normal(size=len(model_E)) * parameters.noise * model_E.std()
        values[label] = np.ones(len(model_E)) if present else model_E + noise_E
    graphs = {
        (label, "SIMILAR"): relations(_ids(len(factor_ND)).tolist(), [vector_feature(factor_ND)], parameters.nearest)
        for label, factor_ND in factors.items()
        if parameters.nearest
    }
    return Planted(parameters.dataset, factors, members, values, graphs)


def cp_model(matrices: list[npt.NDArray[np.float64]], members_EK: Members) -> npt.NDArray[np.float64]:
    """Σ_r Π_k A_k[i_k, r] of each combination of members (E)."""
    product_ED = np.ones((len(members_EK), matrices[0].shape[1]))
    for factor_ND, rows_E in zip(matrices, members_EK.T, strict=True):
        product_ED *= factor_ND[rows_E]
    model_E: npt.NDArray[np.float64] = product_ED.sum(axis=1)
    return model_E


@dataclass(frozen=True)
class _Drawing:
    """Draws combinations of members, by the model or, a part of them, alike."""

    matrices: list[npt.NDArray[np.float64]]
    part_alike: float
    random: np.random.Generator

    def combinations(self, label: str, number: int) -> Members:
        """So many different ones (E × K)."""
        if prod(self._sizes) <= 4 * number:
            return self._from_all(number)
        drawn = pd.DataFrame(np.empty((0, len(self.matrices)), dtype=np.int64))
        for _ in range(_MOST_ROUNDS):
            missing = number - len(drawn)
            if not missing:
                return drawn.to_numpy()
            more = pd.DataFrame(self._draw(missing + missing // 8 + 16))
            drawn = pd.concat([drawn, more], ignore_index=True).drop_duplicates().iloc[:number]
        raise ConfigurationError(
            f"hyperedges.{label}: the factors give nearly all weight to fewer than {number:,} combinations of members",
            hint="ask for fewer hyperedges, for more noise or for a larger embedding_dim",
        )

    @property
    def _sizes(self) -> list[int]:
        return [len(factor_ND) for factor_ND in self.matrices]

    def _draw(self, number: int) -> Members:
        """Perhaps the same several times: a component by its weight, then every member by its entry in it."""
        members_EK = np.column_stack([self.random.integers(size, size=number) for size in self._sizes])
        weights_D = np.prod([factor_ND.sum(axis=0) for factor_ND in self.matrices], axis=0)
        component_E = self.random.choice(len(weights_D), size=number, p=weights_D / weights_D.sum())
        component_E[self.random.random(number) < self.part_alike] = -1
        for r in range(len(weights_D)):
            chosen = np.flatnonzero(component_E == r)
            for k, factor_ND in enumerate(self.matrices):
                up_to_N = np.cumsum(factor_ND[:, r])
                draws = self.random.random(len(chosen)) * up_to_N[-1]
                members_EK[chosen, k] = np.minimum(np.searchsorted(up_to_N, draws, side="right"), len(up_to_N) - 1)
        return members_EK

    def _from_all(self, number: int) -> Members:
        """The same without repetition, where most combinations are asked for: the largest keys log(weight) + Gumbel noise."""
        every_EK = np.indices(self._sizes).reshape(len(self._sizes), -1).T
        model_E = cp_model(self.matrices, every_EK)
        weight_E = (1 - self.part_alike) * model_E / model_E.sum() + self.part_alike / len(model_E)
        keys_E = np.log(np.maximum(weight_E, np.finfo(np.float64).tiny)) + self.random.gumbel(size=len(weight_E))
        chosen: Members = every_EK[np.sort(np.argsort(-keys_E)[:number])]
        return chosen


def _ids(number: int) -> npt.NDArray[np.object_]:
    return np.array([str(row) for row in range(number)], dtype=object)
