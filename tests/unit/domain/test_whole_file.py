from pathlib import Path

import pytest

from pipeline.domain.whole_file import write_whole
from pipeline.errors import ArtifactError


def test_of_two_at_once_the_first_one_s_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "page.html"

    def write(to: Path) -> None:
        file.write_text("the first")
        to.write_text("the second")

    with pytest.raises(ArtifactError, match="cannot be written: File exists"):
        write_whole(file, write, overwrite=False)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("page.html", "the first")]
    write_whole(file, write, overwrite=True)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("page.html", "the second")]


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("former")

    def fail(to: Path) -> None:
        to.write_text("half")
        raise ValueError

    with pytest.raises(ValueError):
        write_whole(file, fail, overwrite=True)
    with pytest.raises(ArtifactError, match="exists already"):
        write_whole(file, lambda to: to.write_text("new"), overwrite=False)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("page.html", "former")]
