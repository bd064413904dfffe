"""Tables in, vectors out, in one process and without a database: for a notebook, a script, a first look.

The words are those of the commands, and so are the answers. Shapes: N entities, R length of a vector.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from pipeline.domain.device import Device
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.outliers import outliers
from pipeline.domain.outliers_frame import outliers_frame
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.question import question
from pipeline.domain.rows import RowIndex
from pipeline.domain.shrinkage import scores
from pipeline.domain.type_parameters import TypeParameters
from pipeline.domain.vectors_frame import vectors_frame
from pipeline.errors import AmbiguousNameError, QueryError, UnknownNameError
from pipeline.evaluate.hypergraph import hypergraph_of
from pipeline.records.source_protocol import Source
from pipeline.train.fit import Fit, fit


def learn(
    source: Source, settings: Mapping[str, Any] | None = None, *, device: Device = Device.AUTO, progress: Progress = no_progress
) -> "Learned":
    """Learn one vector per entity of a data set.

    Parameters
    ----------
    source
        The data set: `pipeline.source.described.frames.source` for pandas frames, `pipeline.source.catalogue.find` for a data set
        file or a built-in data set.
    settings
        Settings of training, value by name, over those of the data set (docs/parameters.md).
    device
        What trains.
    progress
        Shows that it goes on.

    Raises
    ------
    ConfigurationError
        If a setting cannot be.
    SourceError
        If the tables cannot be read, or something is wrong with them; tells all that is.
    TrainingDivergedError
        If training fails.
    """
    with source.read(progress) as records:
        records.check()
        parameters = records.dataset.training_parameters(settings)
        hypergraph = hypergraph_of(records)
        names = {label: _names_by_row(records.frame(label)) for label in records.dataset.labels}
    return Learned(hypergraph, names, fit(hypergraph, parameters, device=device, progress=progress))


@dataclass(frozen=True)
class Learned:
    """What was learned of a data set.

    Attributes
    ----------
    hypergraph
        The data set in rows.
    names
        Names by id, per modality label; entities have their rows in this order.
    fit
        Vectors, and what hyperedge types add to them, by rows.
    """

    hypergraph: Hypergraph
    names: Mapping[str, "pd.Series[str]"]
    fit: Fit

    def vectors(self, label: str) -> pd.DataFrame:
        """The vectors of a modality: a row per entity, ``id`` the index, then ``name``, then ``v0``, ``v1`` … (float32)."""
        names = self._names(label)
        return vectors_frame(names.index.tolist(), names.tolist(), self.fit.factors[label])

    def similar(self, label: str, id_or_name: str, k: int = 10, *, to: str | None = None) -> pd.DataFrame:
        """The entities nearest to one, best first: ``id`` the index, ``name``, and ``score`` (`pipeline.domain.shrinkage`).

        Parameters
        ----------
        label
            Its modality.
        id_or_name
            Exact name, or id.
        k
            How many.
        to
            Modality of the others; its own by default.
        """
        target = to or label
        self._names(target)
        row = self._row(label, id_or_name)
        return self._nearest(target, self._units(label)[row], [row] if target == label else [], k)

    def analogy(self, label: str, one: str, its: str, other: str, k: int = 10, *, to: str | None = None) -> pd.DataFrame:
        """What is to the other as ``its`` is to the one, best first: ``id`` the index, ``name``, ``score``, as of `similar`.

        Parameters
        ----------
        label
            The modality of the one and the other.
        one, its, other
            Exact names, or ids.
        k
            How many.
        to
            Modality of ``its``, and so of the answers; ``label`` by default.
        """
        target = to or label
        row, row_its, row_other = self._row(label, one), self._row(target, its), self._row(label, other)
        units_NR = self._units(label)
        sought_R = self._units(target)[row_its] - units_NR[row] + units_NR[row_other]
        return self._nearest(target, sought_R, [row_its, *([row, row_other] if target == label else [])], k)

    def complete(self, hyperedge_type: str, given: Mapping[str, str], ask: str, k: int = 10) -> pd.DataFrame:
        """Who could best complete a hyperedge: ``id`` the index, ``name``, ``score``, and ``known`` if such a hyperedge is there.

        Parameters
        ----------
        hyperedge_type
            Its label.
        given
            Exact name, or id, of members, by the modality's label, or by the number of the position where it stands more than once.
            Who is not given is taken as the average of those that stand there.
        ask
            Which member is asked for, likewise.
        k
            How many.

        Returns
        -------
        DataFrame
            Scores are probabilities among all entities of the modality, or values, where those were learned.
        """
        learned = self._learned(hyperedge_type)
        kind = next(kind for kind in self.hypergraph.dataset.hyperedge_types if kind.label == hyperedge_type)
        asked = question(kind, list(given.items()), ask)
        rows = {position: self._row(kind.members[position], who) for position, who in asked.given.items()}
        others, besides = {}, 0.0
        for position, label in enumerate(kind.members):
            if position != asked.position:
                vectors_NR, row = self.fit.factors[label], rows.get(position)
                if row is None:
                    vector_R, bias = learned.average(vectors_NR, position)
                else:
                    vector_R, bias = vectors_NR[row], float(learned.biases[position][row])
                others[position] = vector_R[None].astype(np.float32)
                besides += bias
        scores_N = learned.scores_given(others, self.fit.factors[asked.asked], asked.position)[0].astype(np.float64)
        if learned.loss == "likelihood":
            scores_N = softmax(scores_N)
        else:
            scores_N += besides + learned.without_context(others, asked.position)[0]
        members_EK = self.hypergraph.hyperedges[hyperedge_type].members_EK
        holds_E = np.all([members_EK[:, position] == row for position, row in rows.items()], axis=0)
        names = self._names(asked.asked)
        known_N = np.isin(np.arange(len(names)), members_EK[holds_E, asked.position])
        frame = pd.DataFrame({"name": names, "score": scores_N, "known": known_N})
        return frame.sort_values("score", ascending=False, kind="stable").head(k)

    def outliers(self, hyperedge_type: str, k: int = 10) -> pd.DataFrame:
        """The hyperedges of a type that the model finds oddest, the oddest first: where to look for errors in the data.

        Parameters
        ----------
        hyperedge_type
            Its label.
        k
            How many.

        Returns
        -------
        DataFrame
            The members' names by modality, then ``odd``, ``seen``, ``expected`` and ``times``: which modality's member is unlikely,
            given the others, in how many hyperedges it stands there, who is likeliest instead, and how many times as likely the
            first of them is. Where values were learned, ``value``, ``predicted`` and ``spreads``: by how many standard deviations
            they differ.
        """
        learned = self._learned(hyperedge_type)
        found = outliers(self.hypergraph.hyperedges[hyperedge_type], learned, self.fit.factors, self.names, k)
        return outliers_frame(learned.modalities, found)

    def _learned(self, hyperedge_type: str) -> TypeParameters:
        if hyperedge_type not in self.fit.types:
            known = ", ".join(kind.label for kind in self.hypergraph.dataset.hyperedge_types)
            raise QueryError(f"nothing was learned of a hyperedge type {hyperedge_type}", hint=f"there are {known}")
        return self.fit.types[hyperedge_type]

    def _units(self, label: str) -> npt.NDArray[np.float32]:
        factor_NR = self.fit.factors[label]
        units_NR: npt.NDArray[np.float32] = factor_NR / np.linalg.norm(factor_NR, axis=1, keepdims=True)
        return units_NR

    def _nearest(self, label: str, sought_R: npt.NDArray[np.float32], left_out: list[int], k: int) -> pd.DataFrame:
        cosines_N = self._units(label) @ sought_R / np.linalg.norm(sought_R)
        frame = pd.DataFrame({"name": self._names(label), "score": scores(cosines_N, self.hypergraph.degrees(label))})
        return frame.drop(index=frame.index[left_out]).sort_values("score", ascending=False, kind="stable").head(k)

    def _names(self, label: str) -> "pd.Series[str]":
        if label not in self.names:
            raise QueryError(f"there is no modality {label}", hint=f"there are {', '.join(self.names)}")
        return self.names[label]

    def _row(self, label: str, id_or_name: str) -> int:
        names = self._names(label)
        rows = np.flatnonzero(names.to_numpy() == id_or_name)
        if len(rows) > 1:
            ids = ", ".join(names.index[row] for row in rows[:5])
            raise AmbiguousNameError(f"{len(rows)} entities of {label} are named {id_or_name!r}: {ids}", hint="give an id")
        if not len(rows):
            rows = np.flatnonzero(names.index == id_or_name)
        if not len(rows):
            raise UnknownNameError(f"no {label} has the name or the id {id_or_name!r}", hint=f".vectors({label!r}) has them all")
        return int(rows[0])


def _names_by_row(entities: pd.DataFrame) -> "pd.Series[str]":
    names: pd.Series[str] = entities.set_index("id")["name"]
    return names.reindex(RowIndex(entities["id"].tolist()).ids)
