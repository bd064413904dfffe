"""A choice of settings, and the file that keeps it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.private_folder import private_folder
from pipeline.errors import ConfigurationError

_GROWN = 1.5
"""A choice is out of date when something is so many times as many as it was, or as few."""


@dataclass(frozen=True)
class Choice:
    """Settings that were chosen for a data set.

    Attributes
    ----------
    dataset
        Its name.
    settings
        Value by name, as `Dataset.training_parameters` takes them.
    score
        What they reach on the validation part: the mean over types and slots of the reciprocal rank; of values, what is
        explained of their variance.
    questions
        By type and slot ``mrr`` (or ``rmse``), and ``baseline`` with its name and figure: the best of counting.
    trials
        How many were finished or given up.
    seconds
        How long it took.
    counts
        Of entities, hyperedges and relations when it was made.
    """

    dataset: str
    settings: Mapping[str, Any]
    score: float
    questions: Sequence[Mapping[str, Any]]
    trials: int
    seconds: float
    counts: Mapping[str, int]

    def fits(self, hypergraph: Hypergraph) -> bool:
        """Whether the data are still about those that it was made on."""
        now = counts_of(hypergraph)
        return now.keys() == self.counts.keys() and all(
            count <= _GROWN * self.counts[name] and self.counts[name] <= _GROWN * count for name, count in now.items()
        )

    def write(self, folder: Path) -> None:
        """Keep it, in place of a former one."""
        file = choice_file(folder, self.dataset)
        private_folder(file.parent)
        beside = file.with_name(f".{file.name}-{os.getpid()}")
        beside.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        beside.replace(file)


def choice_in_force(folder: Path, dataset: str, stored: Mapping[str, Any] | None) -> Choice | None:
    """The choice that is kept for a data set here, or else the one that the database keeps; None where there is neither.

    Parameters
    ----------
    folder
        Where this host keeps choices.
    dataset
        Name of the data set.
    stored
        The database's choice as plain JSON, or None.

    Raises
    ------
    ConfigurationError
        If the one that counts is damaged.
    """
    kept = read_choice(folder, dataset)
    return _of_json(stored, f"the database's data set {dataset}") if kept is None and stored is not None else kept


def chosen_settings(folder: Path, dataset: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are kept for a data set, if any, and over them those given for a run."""
    choice = read_choice(folder, dataset)
    return {**(choice.settings if choice else {}), **given}


def choice_file(folder: Path, dataset: str) -> Path:
    """Where the choice for a data set is kept."""
    return folder / f"{dataset}.json"


def journal_file(folder: Path, dataset: str) -> Path:
    """Where the trials for a data set are kept."""
    return folder / f"{dataset}.trials"


def read_choice(folder: Path, dataset: str) -> Choice | None:
    """Read the choice that is kept for a data set; None where there is none.

    Raises
    ------
    ConfigurationError
        If the file is damaged.
    """
    file = choice_file(folder, dataset)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    return _of_json(content, str(file))


def _of_json(data: bytes | Mapping[str, Any], where: str) -> Choice:
    try:
        return Choice(**(json.loads(data) if isinstance(data, bytes) else data))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{where} holds no choice of settings: {error}", hint="remove it, or tune again") from error


def counts_of(hypergraph: Hypergraph) -> dict[str, int]:
    """How many entities, hyperedges and relations there are, by label."""
    return {
        **hypergraph.num_entities,
        **{label: edges.num_hyperedges for label, edges in hypergraph.hyperedges.items()},
        **{"-".join(key): weights.nnz for key, weights in hypergraph.graphs.items()},
    }
