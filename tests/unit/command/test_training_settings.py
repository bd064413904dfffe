"""Settings of training from the data set file and from `--set`, as the report of a run tells them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from tests.unit.train.hypergraphs import coupled, snapshot_of


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A snapshot of a data set with settings of its own."""
    hypergraph = coupled()
    training = {"rounds": 3, "embedding_dim": 4, "absent_weights": {"Trio": 0.5}}
    dataset = replace(hypergraph.dataset, training=training)
    snapshot_of(replace(hypergraph, dataset=dataset)).write(tmp_path / "snapshot")
    return tmp_path / "snapshot"


def train(snapshot: Path, *settings: str) -> Result:
    options = [option for setting in settings for option in ("--set", setting)]
    return CliRunner().invoke(app, ["train", str(snapshot), str(snapshot.with_name("embeddings")), "--json", *options])


def in_force(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    parameters: dict[str, Any] = json.loads(result.stdout)["parameters"]
    return parameters


def test_a_run_takes_the_settings_of_its_data_set(snapshot: Path) -> None:
    expected = TrainingParameters(rounds=3, embedding_dim=4, absent_weights={"Trio": 0.5})
    assert in_force(train(snapshot)) == expected.to_json()


def test_what_is_set_for_one_run_wins(snapshot: Path) -> None:
    result = train(snapshot, "embedding_dim=5", "ridge=1e-3", "absent_weights.Pair = 0.25")
    expected = TrainingParameters(rounds=3, embedding_dim=5, ridge=1e-3, absent_weights={"Trio": 0.5, "Pair": 0.25})
    assert in_force(result) == expected.to_json()
    assert json.loads(result.stdout)["embeddingDim"] == 5


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("embeding_dim=5", "did you mean embedding_dim?"),
        ("rounds=few", "rounds: 'few', expected a whole number"),
        ("rounds=0", "rounds: 0, at least 1 is needed"),
        ("absent_weights.Duo=0.5", "absent_weights names Duo, which is no hyperedge type"),
        ("rounds", "--set rounds gives no value"),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_is_written(snapshot: Path, setting: str, told: str) -> None:
    result = train(snapshot, setting)
    assert isinstance(result.exception, ConfigurationError)
    assert told in str(result.exception)
    assert not snapshot.with_name("embeddings").exists()
