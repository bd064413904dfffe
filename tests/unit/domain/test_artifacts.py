import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.artifact import read_artifact, write_artifact
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.rows import RowIndex
from pipeline.domain.type_parameters import TypeParameters
from pipeline.errors import ArtifactError


def embeddings() -> Embeddings:
    learned = TypeParameters(
        ("Film", "Maker"),
        "likelihood",
        0.1,
        np.array([1, 2], np.float32),
        np.ones((2, 2), np.float32),
        (np.arange(3, dtype=np.float32), np.zeros(1, np.float32)),
        (0, 0),
    )
    factors = {"Film": np.arange(6, dtype=np.float32).reshape(3, 2), "Maker": np.ones((1, 2), dtype=np.float32)}
    return Embeddings("run-1", "tiny", 2, {"Film": ["a", "b", "é"], "Maker": ["m"]}, factors, {"Making": learned}, {"seconds": 1.5})


def test_embeddings_come_back_as_they_went(tmp_path: Path) -> None:
    wrote = embeddings()
    wrote.write(tmp_path / "embeddings")
    read = Embeddings.read(tmp_path / "embeddings")
    assert (read.run, read.dataset, read.embedding_dim, read.ids, read.report) == (
        wrote.run,
        wrote.dataset,
        wrote.embedding_dim,
        wrote.ids,
        wrote.report,
    )
    for label, factor in wrote.factors.items():
        np.testing.assert_array_equal(read.factors[label], factor)
        assert read.factors[label].dtype == np.float32
    assert read.types.keys() == {"Making"}
    (wrote_type,), (read_type,) = wrote.types.values(), read.types.values()
    for name, value in vars(wrote_type).items():
        found = getattr(read_type, name)
        assert type(found) is type(value)
        np.testing.assert_equal(found, value)


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    embeddings().write(tmp_path / "e")
    (tmp_path / "e" / "Maker.ids.json").write_text('["x"]', encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"Maker\.ids\.json is not what its manifest says"):
        Embeddings.read(tmp_path / "e")


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    embeddings().write(tmp_path / "e")
    (tmp_path / "e" / "Film.npy").unlink()
    with pytest.raises(ArtifactError, match=r"Film\.npy is missing"):
        Embeddings.read(tmp_path / "e")


@pytest.mark.parametrize(("text", "message"), [("{", "is damaged"), ('{"format": "other"}', "holds 'other'")])
def test_a_manifest_that_is_not_ours_is_noticed(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ArtifactError, match=message), read_artifact(tmp_path, "hyperlearn-embeddings-2"):
        pass


def test_a_directory_without_a_manifest_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json is missing"), read_artifact(tmp_path, "hyperlearn-embeddings-2"):
        pass


def test_a_failing_writer_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "half").write_text("half", encoding="utf-8")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_artifact(tmp_path / "a", "form", {}, fill)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_never_overwritten(tmp_path: Path) -> None:
    embeddings().write(tmp_path / "e")
    before = json.loads((tmp_path / "e" / "manifest.json").read_text(encoding="utf-8"))
    with pytest.raises(ArtifactError, match="exists already"):
        embeddings().write(tmp_path / "e")
    assert json.loads((tmp_path / "e" / "manifest.json").read_text(encoding="utf-8")) == before


def test_rows_follow_the_sorted_ids() -> None:
    index = RowIndex(["b", "a", "ä", "10", "9"])
    assert index.ids == ["10", "9", "a", "b", "ä"]
    assert index.rows(["ä", "10", "unknown"]).tolist() == [4, 0, -1]


def test_rows_want_unique_ids() -> None:
    with pytest.raises(ValueError, match="not unique"):
        RowIndex(["a", "a"])
