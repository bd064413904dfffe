"""The settings among which `tune` chooses. A setting that the data set's own description gives is not asked for."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from pipeline.domain.hypergraph import Hypergraph
from pipeline.train.stochastic.joined_types import Kind, learned_together

ROUNDS = {"stochastic": 27, "exact": 12}
"""Most rounds of a trial."""


class _Asking(Protocol):
    """What proposes: a trial of Optuna's."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:  # noqa: ANN401 - as Optuna has it
        """Choose."""
        ...


class Space:
    """What can be chosen for a hypergraph.

    Parameters
    ----------
    hypergraph
        What is learned from.
    given
        Names of the settings that are not to be chosen.
    """

    def __init__(self, hypergraph: Hypergraph, given: Collection[str]) -> None:
        self._given = frozenset(given)
        used = {kind: edges for kind, edges in hypergraph.hyperedges.items() if edges.num_hyperedges}
        described = {kind.label: kind for kind in hypergraph.dataset.hyperedge_types if kind.weight > 0}
        self._types = {label: described[label].weight for label in used if label in described}
        is_measured = [bool(np.ptp(used[label].values_E) > 0) for label in self._types]
        self._has_presence, self._has_values = not all(is_measured), any(is_measured)
        kinds = {
            label: Kind(used[label].modalities, weight, "squared" if values else "likelihood")
            for (label, weight), values in zip(self._types.items(), is_measured, strict=True)
        }
        self._groups = learned_together(kinds)
        self._is_long = any(len(used[group[0]].modalities) + (len(group) > 1) > 2 for group in self._groups)
        self._graphs = {
            "-".join(graph.key): graph.weight
            for graph in hypergraph.dataset.graphs
            if graph.weight > 0 and hypergraph.graphs[graph.key].nnz
        }

    @property
    def has_only_values(self) -> bool:
        """Whether nothing but measured values is learned from: training then finds rounds and ridge by itself."""
        return not self._has_presence

    def first(self) -> list[dict[str, Any]]:
        """Choices that are tried before others are proposed: the defaults, and what differs from them in one respect."""
        defaults: dict[str, Any] = {"update": "stochastic" if self._has_presence else "exact"}
        found = [defaults]
        if self._graphs:
            found.append({**defaults, **{f"graph_weights.{name}": 0.0 for name in self._graphs}})
        if self._has_presence:
            found.append({"update": "exact"})
            if self._is_long:
                found.append({**defaults, "centre": 0.0})
        return found

    def propose(self, trial: _Asking) -> dict[str, Any]:
        """Let a trial choose; the choice as `Dataset.training_parameters` takes it."""
        update = trial.suggest_categorical("update", ["stochastic", "exact"] if self._has_presence else ["exact"])
        chosen: dict[str, Any] = {"update": update}
        chosen |= self._stochastic(trial) if update == "stochastic" else self._exact(trial)
        if self._graphs:
            chosen["graph_weights"] = {
                name: trial.suggest_categorical(f"graph_weights.{name}", [weight, 0.0]) for name, weight in self._graphs.items()
            }
        if len(self._groups) > 1:
            # What is learned together has one weight, or it would not be.
            factors = {group[0]: trial.suggest_categorical(f"type_weights.{group[0]}", [1.0, 0.3, 3.0]) for group in self._groups}
            chosen["type_weights"] = {label: self._types[label] * factors[group[0]] for group in self._groups for label in group}
        return {name: value for name, value in chosen.items() if name not in self._given}

    def complete(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """Fill a choice up with the first option, the default, of everything else that a trial would be asked."""
        defaults = _Defaults(choice)
        self.propose(defaults)
        return defaults.params

    def _stochastic(self, trial: _Asking) -> dict[str, Any]:
        # What auto stands for is not tried by itself as well.
        are_pairs = not (self._is_long or self._has_values)
        chosen: dict[str, Any] = {
            "embedding_dim": trial.suggest_categorical("embedding_dim", ["auto", 64, 32]),
            "step_size": trial.suggest_categorical("step_size", ["auto", 0.1 if are_pairs else 0.05, 0.2]),
            "cubic_norm": trial.suggest_categorical(
                "cubic_norm", ["auto", 0.003, 0.1, 1.0] if are_pairs else ["auto", 0.0003, 0.03, 0.1]
            ),
            "initial_accumulator": trial.suggest_categorical("initial_accumulator", [0.1, 0.01, 1.0]),
        }
        if self._is_long:
            chosen["centre"] = trial.suggest_categorical("centre", [0.7, 0.0])
        if self._graphs:
            chosen["own_dropout"] = trial.suggest_categorical("own_dropout", [0.2, 0.0, 0.5])
        return chosen

    def _exact(self, trial: _Asking) -> dict[str, Any]:
        dims: list[Any] = [32, 16, 64, 128]
        ridges: list[Any] = [0.02, 0.0005, 0.5, 2.0, 5.0, 10.0]
        if self.has_only_values:
            dims, ridges = ["auto", 16, 32, 128], ["auto", 0.02, 0.5, 2.0, 5.0, 10.0]
        chosen: dict[str, Any] = {
            "embedding_dim": trial.suggest_categorical("exact.embedding_dim", dims),
            "ridge": trial.suggest_categorical("ridge", ridges),
        }
        if self._graphs:
            chosen["graph_weight"] = trial.suggest_categorical("graph_weight", [1.0, 0.1, 0.01])
        if self._has_presence:
            chosen["absent_scale"] = trial.suggest_categorical("absent_scale", [1.0, 3.0])
        if self._has_values:
            chosen["ridge_exponent"] = trial.suggest_categorical("ridge_exponent", [0.0, 0.5])
            if self._graphs:
                chosen["offset_smoothness"] = trial.suggest_categorical("offset_smoothness", [0.0, 1.0])
        return chosen


class _Defaults:
    """Takes the first option of whatever is not said."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said
        self.params: dict[str, Any] = {}

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:  # noqa: ANN401 - as Optuna has it
        """Note and give what is taken."""
        self.params[name] = self._said.get(name, choices[0])
        return self.params[name]


def final(chosen: Mapping[str, Any], rounds: int, cubic_norm: float | None) -> dict[str, Any]:
    """The choice as later runs take it: that many rounds, over all hyperedges, with the norm that was best."""
    norm = {"cubic_norm": cubic_norm} if chosen.get("cubic_norm") == "auto" else {}
    return {**chosen, **norm, "rounds": max(1, rounds), "validation": 0.0}
