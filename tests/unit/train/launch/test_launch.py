from pathlib import Path

from pipeline.domain.device import Device
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.launch.launch import checkpoint_key, plan_training
from tests.unit.train.hypergraphs import coupled, least_squares, snapshot_of


def test_a_checkpoint_is_taken_where_the_result_is_the_same(tmp_path: Path) -> None:
    """Of least squares by any number of workers, of the likelihood by the same number."""
    snapshot_of(coupled(3, 200, presence=True)).write(tmp_path / "snapshot")

    def keys(parameters: TrainingParameters) -> list[str]:
        planned = [plan_training(tmp_path / "snapshot", parameters, workers=count, device=Device.CPU) for count in (1, 2, 3)]
        return [checkpoint_key(tmp_path / "snapshot", parameters, each) for each in planned]

    assert len(set(keys(least_squares()))) == 1
    assert len(set(keys(TrainingParameters()))) == 3
    alone = plan_training(tmp_path / "snapshot", TrainingParameters(), device=Device.CPU)
    assert checkpoint_key(tmp_path / "snapshot", TrainingParameters(), alone) == keys(TrainingParameters())[0]
