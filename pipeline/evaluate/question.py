"""Which entity of one modality belongs to an entity of another, asked where all that tells it is hidden.

Entities are split, never hyperedges: of a tenth of the entities of a modality, all hyperedges that join them to any entity of the
modality asked for are left out, of whatever type. Their other hyperedges, and the graphs, stay. Shapes: Q entities asked about, C
candidates, N entities, M members or combinations of members.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.evaluate.hold_out import Part, Rows, hold_out_a_tenth
from pipeline.evaluate.incidence import incidence, positions


@dataclass(frozen=True)
class Task:
    """A kind of question.

    Attributes
    ----------
    modality
        Label of the modality of the entities that are asked about.
    asked
        Label of the modality that is asked for.
    plural
        What the entities asked about are called, many of them.
    given
        Labels of modalities of which a baseline knows the members, together, by what they are called.
    least
        A candidate has met at least so many entities.
    """

    modality: str
    asked: str
    plural: str
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: int = 0


@dataclass(frozen=True)
class Question:
    """Entities whose members of a modality are asked for.

    Attributes
    ----------
    task
        The kind of question.
    whole
        All that there is, the answers included.
    known
        The same without any hyperedge that tells an answer.
    rows_Q
        Rows of the entities that are asked about, ascending.
    hidden
        Rows of all entities of which the answer is hidden: those, and in validation the test part's as well.
    candidates_C
        Rows of the entities that may be named.
    true_QC
        What is true.
    """

    task: Task
    whole: Hypergraph
    known: Hypergraph
    rows_Q: Rows
    hidden: Rows
    candidates_C: Rows
    true_QC: npt.NDArray[np.bool_]

    @property
    def answers_NC(self) -> sparse.csr_array:  # noqa: N802 - the shape
        """Which candidates each entity is known to meet, ones."""
        return incidence(self.known, self.task.modality, self.task.asked)[:, self.candidates_C]

    def members(self, *labels: str) -> sparse.csr_array:
        """Which members of other modalities each entity meets, ones (N × M): all but the answers is known of everyone.

        Of several modalities, the members that are in one hyperedge count together.
        """
        return incidence(self.known if self.task.asked in labels else self.whole, self.task.modality, *labels)

    def refuse_leak(self) -> None:
        """Make sure that no hyperedge joins an entity of which the answer is hidden and one of the modality asked for.

        Raises
        ------
        ConfigurationError
            If one does.
        """
        for label, edges in self.known.hyperedges.items():
            num_told = _tells(edges, self.task, self.hidden).sum()
            if num_told:
                raise ConfigurationError(
                    f"{num_told} hyperedges of {label} tell the {self.task.asked} of {self.task.plural} that are asked about"
                )


def question(hypergraph: Hypergraph, task: Task, part: Part, seed: int) -> Question:
    """Hide the answers of a tenth of the entities that meet a candidate.

    Raises
    ------
    ConfigurationError
        If there are too few entities to ask anything.
    """
    met = incidence(hypergraph, task.modality, task.asked)
    candidates_C = np.flatnonzero(met.sum(axis=0) >= task.least)
    answerable = np.flatnonzero(met[:, candidates_C].sum(axis=1))
    rows_Q, hidden = hold_out_a_tenth(answerable, part, seed)
    if not len(rows_Q):
        raise ConfigurationError(
            f"{len(answerable)} {task.plural} have a {task.asked} that {max(task.least, 1)} or more have, at least 10 are needed",
            hint="evaluate the whole data set",
        )
    told = {label: _tells(edges, task, hidden) for label, edges in hypergraph.hyperedges.items()}
    lists = {label: edges.only(~told[label]) if told[label].any() else edges for label, edges in hypergraph.hyperedges.items()}
    true_QC = met[rows_Q][:, candidates_C].toarray() > 0
    return Question(task, hypergraph, replace(hypergraph, hyperedges=lists), rows_Q, hidden, candidates_C, true_QC)


def _tells(edges: HyperedgeList, task: Task, hidden: Rows) -> npt.NDArray[np.bool_]:
    tells_E = np.zeros(edges.num_hyperedges, dtype=bool)
    for position, _ in positions(edges.modalities, task.modality, task.asked):
        tells_E |= np.isin(edges.members_EK[:, position], hidden)
    return tells_E
