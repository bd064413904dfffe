from pathlib import Path

from pipeline.domain.resume import resume_checkpoints
from pipeline.domain.run_folder import new_run_id, run_folder

NAME = "embeddings.checkpoints"


def test_the_newest_run_s_checkpoints_are_taken_over_but_none_of_a_run_at_work(tmp_path: Path) -> None:
    for _ in range(2):
        with run_folder(tmp_path, "films", new_run_id("films")) as folder:
            (folder / NAME).mkdir()
            (folder / NAME / folder.name).touch()
    with run_folder(tmp_path, "films", new_run_id("films")) as at_work, run_folder(tmp_path, "films", new_run_id("films")) as own:
        (at_work / NAME).mkdir()
        resume_checkpoints(own / NAME)
        assert [path.name for path in (own / NAME).iterdir()] == [folder.name]
        assert not (folder / NAME).exists()
        assert (at_work / NAME).exists()


def test_where_nobody_left_any_there_are_none(tmp_path: Path) -> None:
    with run_folder(tmp_path, "films", new_run_id("films")) as own:
        resume_checkpoints(own / NAME)
        assert not (own / NAME).exists()
