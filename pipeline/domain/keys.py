"""Keys of what stages hand over: a digest of everything that decides it. Where the key is the same, so is the work.

Each goes into the next::

    state of the graph, description ──▶ snapshot ──▶ embeddings ──▶ run
                                        export       parameters     write-back

A stage's number is raised when the same input gives another output, so that nothing made before is taken for what the stage would
make now; a release of hyperlearn makes all keys new.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from pipeline.domain.dataset import Dataset
from pipeline.domain.training_parameters import TrainingParameters

EXPORT = 1
TRAINING = 8
WRITE_BACK = 1


def snapshot_key(state: str, dataset: Dataset) -> str:
    """The key of a snapshot: of the graph's state, which each ingest that writes something changes, and the description."""
    return _key("export", EXPORT, state, dataset.to_json())


def embeddings_key(snapshot: str, parameters: TrainingParameters) -> str:
    """The key of embeddings: of their snapshot's key, and all settings of training, whoever gave them.

    The number of workers is none of them: it says how to compute, not what.
    """
    return _key("training", TRAINING, snapshot, parameters.to_json())


def study_key(dataset: str, counts: Mapping[str, int], given: str, seed: int) -> str:
    """The key of what was tried to choose settings: of the data set, how much there is of it, what was given, and the seed."""
    return _key("tuning", TRAINING, dataset, counts, given, seed)


def run_key(embeddings: str) -> str:
    """The key of a run in the database, by that of its embeddings."""
    return _key("write-back", WRITE_BACK, embeddings)


def _key(stage: str, number: int, *content: Any) -> str:  # noqa: ANN401 - any JSON
    text = json.dumps([version("hyperlearn"), stage, number, *content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
