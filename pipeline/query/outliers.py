"""The hyperedges of a data set that its published run finds oddest."""

from dataclasses import dataclass, replace

import pandas as pd

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.outliers import FarOff, Unlikely
from pipeline.domain.outliers import outliers as of_hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.rows import RowIndex
from pipeline.domain.snapshot import Snapshot


@dataclass(frozen=True)
class Outliers:
    """The oddest hyperedges of a type.

    Attributes
    ----------
    type
        Its label.
    modalities
        Labels of the members' modalities, by position.
    num_hyperedges
        How many were looked at.
    num_new
        How many were not, since members of theirs have no vector yet.
    found
        The oddest, the oddest first.
    """

    type: str
    modalities: tuple[str, ...]
    num_hyperedges: int
    num_new: int
    found: list[Unlikely] | list[FarOff]


def outliers(snapshot: Snapshot, learned: Embeddings, label: str, *, k: int, progress: Progress = no_progress) -> Outliers:
    """The oddest hyperedges of a type.

    Parameters
    ----------
    snapshot
        The data set as the database has it.
    learned
        What the published run learned, of it or of a former state.
    label
        The type, which the run learned of.
    k
        How many at most.
    progress
        Told of each slot.
    """
    rows = {of: RowIndex(learned.ids[of]).rows(ids) for of, ids in snapshot.ids.items()}
    edges = snapshot.hypergraph.hyperedges[label]
    known = edges.only(~edges.holding({of: found_N < 0 for of, found_N in rows.items()}))
    # What the run does not have is in no hyperedge that is left, so that it does not matter whose vector stands for it.
    vectors = {of: learned.factors[of][found_N] for of, found_N in rows.items()}
    names = {of: pd.Series(table["name"].to_numpy(), table["id"].to_numpy()) for of, table in snapshot.entities.items()}
    type_ = learned.types[label]
    biases = tuple(bias_N[rows[of]] for of, bias_N in zip(type_.modalities, type_.biases, strict=True))
    found = of_hypergraph(known, replace(type_, biases=biases), vectors, names, k, progress)
    return Outliers(label, edges.modalities, known.num_hyperedges, edges.num_hyperedges - known.num_hyperedges, found)
