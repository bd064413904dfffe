"""Folding in from directory to directory: the vectors of entities that a run does not have."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.domain.type_parameters import TypeParameters
from pipeline.errors import ConfigurationError
from pipeline.train.fold_in import fold_in
from pipeline.train.start.former import by_rows_now, rows_then


def folded(snapshot: Path, embeddings: Path) -> Embeddings:
    """Learn vectors of the entities of a snapshot that a run does not have; it stays as it is.

    Parameters
    ----------
    snapshot
        Directory to read.
    embeddings
        Directory of the run.

    Returns
    -------
    Embeddings
        New entities alone, under the run's id; modalities that have none are left out.

    Raises
    ------
    ConfigurationError
        If the run has not learned what it takes.
    ArtifactError
        If a directory is damaged.
    """
    state, run = Snapshot.read(snapshot), Embeddings.read(embeddings)
    ids = state.ids
    if ids.keys() - run.ids.keys() or not run.types:
        raise ConfigurationError(f"run {run.run} has not learned what folding in takes", hint="train instead")
    then = {label: rows_then(run, label, known) for label, known in ids.items()}
    is_new = {label: then_N < 0 for label, then_N in then.items()}
    former = {label: by_rows_now(run.factors[label], then_N) for label, then_N in then.items()}
    types = {
        label: replace(
            learned,
            biases=tuple(by_rows_now(b_N, then[m]) for b_N, m in zip(learned.biases, learned.modalities, strict=True)),
        )
        for label, learned in run.types.items()
    }
    parameters = TrainingParameters.from_json(run.report["parameters"])
    if run.report.get("cubicNorm") is not None:
        parameters = replace(parameters, cubic_norm=run.report["cubicNorm"])
    vectors, types = fold_in(state.hypergraph, former, types, is_new, parameters)
    new = {label: new_N for label, new_N in is_new.items() if new_N.any()}
    return replace(
        run,
        ids={label: [ids[label][row] for row in np.flatnonzero(new_N)] for label, new_N in new.items()},
        factors={label: vectors[label][new_N] for label, new_N in new.items()},
        types={label: _only(learned, is_new) for label, learned in types.items()},
    )


def _only(learned: TypeParameters, kept: Mapping[str, npt.NDArray[np.bool_]]) -> TypeParameters:
    """With the biases of some entities."""
    return replace(learned, biases=tuple(b_N[kept[label]] for b_N, label in zip(learned.biases, learned.modalities, strict=True)))
