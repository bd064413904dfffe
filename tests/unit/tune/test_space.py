"""What a trial is asked."""

from collections.abc import Sequence
from typing import Any

from pipeline.tune.space import Space
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.stochastic.test_joined_types import relations


class Last:
    """Takes the last of all choices, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.asked.append(name)
        return choices[0] if name == "update" else choices[-1]


def test_types_of_the_same_modalities_have_one_weight() -> None:
    trial = Last()
    chosen = Space(relations(), ()).propose(trial)
    assert not [name for name in trial.asked if name.startswith("type_weights")]
    assert "type_weights" not in chosen
    assert "centre" in chosen  # they are learned as triples


def test_others_have_weights_of_their_own() -> None:
    trial = Last()
    chosen = Space(coupled(presence=True), ()).propose(trial)
    assert [name for name in trial.asked if name.startswith("type_weights")] == [
        f"type_weights.{label}" for label in ("Trio", "Twins", "Pair", "Quad")
    ]
    assert chosen["type_weights"] == {"Trio": 3.0, "Twins": 1.5, "Pair": 6.0, "Quad": 3.0}
