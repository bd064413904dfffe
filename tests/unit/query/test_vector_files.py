from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.errors import ArtifactError, ConfigurationError
from pipeline.query.vector_files import check_file, write_vectors
from pipeline.query.vectors import Vectors

MATRIX = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
VECTORS = Vectors("run-1", ["a", "b,c", "0"], ["ü", 'say "x"', "zero"], MATRIX, np.zeros((3, 0), np.float32))


def test_parquet_has_lists_of_fixed_length(tmp_path: Path) -> None:
    write_vectors(VECTORS, tmp_path / "v.parquet")
    table = pq.read_table(tmp_path / "v.parquet")
    assert table.schema.metadata[b"run"] == b"run-1"
    assert (table["id"].to_pylist(), table["name"].to_pylist()) == (VECTORS.ids, VECTORS.names)
    assert table.schema.field("vector").type.list_size == 4
    np.testing.assert_array_equal(np.array(table["vector"].to_pylist(), np.float32), MATRIX)


def test_csv_has_every_bit(tmp_path: Path) -> None:
    write_vectors(VECTORS, tmp_path / "v.csv")
    read = pd.read_csv(tmp_path / "v.csv", index_col="id", dtype={"id": str} | {f"v{column}": np.float32 for column in range(4)})
    pd.testing.assert_frame_equal(read, VECTORS.frame, check_index_type=False)


def test_npy_has_the_rows_beside_it(tmp_path: Path) -> None:
    write_vectors(VECTORS, tmp_path / "v.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy", allow_pickle=False), MATRIX)
    rows = pd.read_csv(tmp_path / "v.npy.ids.csv", dtype=str)
    assert (rows["id"].tolist(), rows["name"].tolist()) == (VECTORS.ids, VECTORS.names)


@pytest.mark.parametrize("there", ["v.npy", "v.npy.ids.csv"])
def test_a_file_that_is_there_is_left_unless_it_may_go(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    for refuse in (lambda: check_file(tmp_path / "v.npy", overwrite=False), lambda: write_vectors(VECTORS, tmp_path / "v.npy")):
        with pytest.raises(ArtifactError, match=f"{there} exists already"):
            refuse()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(there, "mine")]
    write_vectors(VECTORS, tmp_path / "v.npy", overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["v.npy", "v.npy.ids.csv"]
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), MATRIX)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has the ending '\.xlsx'"):
        write_vectors(VECTORS, tmp_path / "v.xlsx")
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_vectors(VECTORS, tmp_path / "nowhere" / "v.csv")
    assert list(tmp_path.iterdir()) == []
