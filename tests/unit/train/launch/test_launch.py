from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.device import Device
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.launch import folded
from pipeline.train.launch.launch import train
from tests.unit.train.hypergraphs import coupled, snapshot_of


def test_a_norm_that_was_found_is_of_the_record_and_folded_in_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot_of(coupled(3, 300, presence=True)).write(tmp_path / "snapshot")
    pairs = dict.fromkeys(("Trio", "Twins", "Quad"), 0.0)
    parameters = TrainingParameters(embedding_dim=4, rounds=2, type_weights=pairs)
    written = train(tmp_path / "snapshot", tmp_path / "embeddings", parameters, run="run", device=Device.CPU)
    assert written.report["parameters"]["cubic_norm"] == "auto"
    assert written.report["cubicNorm"] in {0.03, 0.3}
    used: list[TrainingParameters] = []

    def fold_in(hypergraph: object, former: object, types: object, is_new: object, parameters: TrainingParameters) -> tuple:
        used.append(parameters)
        return former, types

    monkeypatch.setattr(folded, "fold_in", fold_in)
    folded.folded(tmp_path / "snapshot", tmp_path / "embeddings")
    assert used == [replace(parameters, cubic_norm=written.report["cubicNorm"])]
