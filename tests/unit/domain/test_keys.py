from dataclasses import replace

import pytest

from pipeline.domain import keys
from pipeline.domain.dataset import Dataset
from pipeline.domain.keys import embeddings_key, run_key, snapshot_key
from pipeline.domain.training_parameters import TrainingParameters
from tests.tiny import DATASET


def test_what_decides_a_stage_is_in_its_key_and_in_those_after_it() -> None:
    lighter = replace(DATASET, graphs=(replace(DATASET.graphs[0], weight=0.5),))
    snapshots = [snapshot_key("one", DATASET), snapshot_key("other", DATASET), snapshot_key("one", lighter)]
    settings = [TrainingParameters(), TrainingParameters(rounds=3), TrainingParameters(absent_weights={"Remake": 0.0})]
    embeddings = [embeddings_key(snapshot, parameters) for snapshot in snapshots for parameters in settings]
    runs = [run_key(key) for key in embeddings]
    assert len({*snapshots, *embeddings, *runs}) == 3 + 9 + 9


def test_the_same_gives_the_same_key_wherever_it_comes_from() -> None:
    assert snapshot_key("one", Dataset.from_json(DATASET.to_json())) == snapshot_key("one", DATASET)
    parameters = TrainingParameters(type_weights={"Making": 1.0, "Remake": 2.0})
    turned = TrainingParameters(type_weights={"Remake": 2.0, "Making": 1.0})
    assert embeddings_key("one", turned) == embeddings_key("one", parameters)
    assert embeddings_key("one", TrainingParameters.from_json(parameters.to_json())) == embeddings_key("one", parameters)


@pytest.mark.parametrize("stage", ["EXPORT", "TRAINING", "WRITE_BACK"])
def test_a_stage_that_gives_something_else_has_another_key(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> str:
        return run_key(embeddings_key(snapshot_key("one", DATASET), TrainingParameters()))

    before = run()
    monkeypatch.setattr(keys, stage, getattr(keys, stage) + 1)
    assert run() != before


def test_another_release_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot_key("one", DATASET)
    monkeypatch.setattr(keys, "version", lambda name: "99.0")
    assert snapshot_key("one", DATASET) != before
