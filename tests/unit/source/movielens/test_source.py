from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy import sparse

from pipeline.domain.progress import no_progress
from pipeline.errors import SourceError
from pipeline.records.problems import SourceProblems
from pipeline.records.records import Records
from pipeline.source.movielens.source import MovieLensSource

SPLIT = Path(__file__).parents[4].parent / "shared" / "data" / "movielens-100k-split_1.mat"


def tuples(records: Records, key: str) -> set[tuple[Any, ...]]:
    frame = records.frame(key).astype(object)
    return set(frame.where(frame.notna(), None).itertuples(index=False, name=None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "u.data").write_text("1\t10\t5\t881250949\n1\t11\t3\t881250950\r\n2\t10\t1\t0\n")
    (tmp_path / "u.genre").write_text("unknown|0\nDrama|1\nSci-Fi|2\n\n")
    (tmp_path / "u.item").write_text("10|Amélie, The (2001)|01-Jan-2001||http://x|0|1|1\n11|unknown||||1|0|0\n", encoding="latin-1")
    (tmp_path / "u.user").write_text("1|24|M|technician|85711\n2|53|F||94043\n")
    return tmp_path


def test_the_folder_is_read_whole(folder: Path) -> None:
    with MovieLensSource(folder).read(no_progress) as records:
        records.check()
        assert tuples(records, "Rating") == {
            ("1", "10", 5.0, datetime(1997, 12, 4, 15, 55, 49)),
            ("1", "11", 3.0, datetime(1997, 12, 4, 15, 55, 50)),
            ("2", "10", 1.0, datetime(1970, 1, 1)),
        }
        assert tuples(records, "Movie") == {("10", "Amélie, The", 2001, "01-Jan-2001"), ("11", "unknown", None, None)}
        assert tuples(records, "User") == {("1", "1", 24, "M", "technician", "85711"), ("2", "2", 53, "F", None, "94043")}
        assert tuples(records, "Genre") == {("Drama", "Drama"), ("Sci-Fi", "Sci-Fi")}
        assert tuples(records, "MovieGenre") == {("10", "Drama", 1.0), ("10", "Sci-Fi", 1.0)}
        assert tuples(records, "UserOccupation") == {("1", "technician", 1.0)}
        assert tuples(records, "Occupation") == {("technician", "technician")}
        assert records.notes == ["Movie: 1 have no genre, those of genre 'unknown' among them"]


def test_ratings_alone_will_do(folder: Path) -> None:
    for name in ("u.genre", "u.item", "u.user"):
        (folder / name).unlink()
    by_folder, by_file = MovieLensSource(folder), MovieLensSource(folder / "u.data")
    assert by_folder.fingerprint() == by_file.fingerprint()
    with by_file.read(no_progress) as records:
        records.check()
        assert records.dataset.labels == ("User", "Movie")
        assert tuples(records, "Movie") == {("10", "10"), ("11", "11")}
        assert records.num_rows("Rating") == 3


def test_every_problem_is_told_with_its_row(folder: Path) -> None:
    with (folder / "u.data").open("a") as file:
        file.write("3\t10\t4\t1\n\n1\t99\tgood\tnow\n1\t10\n2\t10\t2\t5\n")
    (folder / "u.user").write_text("1|24|M|technician|85711\n2|old|F|other|94043\n")
    with MovieLensSource(folder).read(no_progress) as records, pytest.raises(SourceProblems) as caught:
        records.check()
    told = {(Path(g.place).name, g.column, row, found.split(":")[0]) for g in caught.value.groups for row, found in g.examples}
    assert told >= {
        ("u.data", "user", 4, "3"),
        ("u.data", "rating", 6, "good"),
        ("u.data", "timestamp", 6, "now"),
        ("u.data", "user", 7, "2"),
        ("u.user", "age", 2, "old"),
    }
    assert any(row == 8 and column == "rating" for _, column, row, _ in told), told


def test_what_is_not_movielens_is_refused(tmp_path: Path) -> None:
    for name in ("u.data", "none.mat", "text.mat", "other.mat"):
        (tmp_path / "text.mat").write_text("MATLAB 5.0")
        with h5py.File(tmp_path / "other.mat", "w") as file:
            file["M"] = np.ones((2, 2))
        with pytest.raises(SourceError, match=r"is missing|cannot be read|has no matrix") as caught:
            MovieLensSource(tmp_path / name).read(no_progress)
        assert caught.value.hint


def write_split(path: Path, ratings: np.ndarray, training: np.ndarray, test: np.ndarray) -> None:
    """Matrices as MATLAB writes them: transposed, sparse ones by columns."""
    with h5py.File(path, "w") as file:
        for name, matrix in (("M", ratings), ("Otraining", training), ("Otest", test)):
            file[name] = matrix.T.astype(np.float64)
        for name, size in zip(("W_users", "W_movies"), ratings.shape, strict=True):
            ring = sparse.coo_array((np.full(size, 0.5), (np.arange(size), (np.arange(size) + 1) % size)), shape=(size, size))
            columns = (ring + ring.T).tocsc()
            group = file.create_group(name)
            group.attrs["MATLAB_sparse"] = size
            for part, array in (("data", columns.data), ("ir", columns.indices), ("jc", columns.indptr)):
                group[part] = array


def test_a_split_gives_the_ratings_for_training_and_the_graphs(tmp_path: Path) -> None:
    ratings = np.array([[5, 0, 3, 1], [0, 2, 4, 0], [1, 1, 0, 0]])
    test = np.array([[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    write_split(tmp_path / "split.mat", ratings, (ratings > 0) & (test == 0), test)
    with MovieLensSource(tmp_path / "split.mat").read(no_progress) as records:
        records.check()
        assert tuples(records, "Rating") == {("1", "1", 5.0), ("1", "4", 1.0), ("2", "2", 2.0), ("2", "3", 4.0), ("3", "2", 1.0)}
        assert {frozenset(r[:2]) for r in tuples(records, "User-SIMILAR")} == {frozenset(p) for p in ("12", "23", "13")}
        assert {frozenset(r[:2]) for r in tuples(records, "Movie-SIMILAR")} == {frozenset(p) for p in ("12", "23", "34", "14")}
        assert set(records.frame("User-SIMILAR")["weight"]) == {0.5}
        assert records.notes == ["Rating: 2 that the split holds out are left out"]


@pytest.mark.skipif(not SPLIT.is_file(), reason="the split of MovieLens is not there; see the sRGCNN paper for it")
def test_the_real_split() -> None:
    with MovieLensSource(SPLIT).read(no_progress) as records:
        records.check()
        assert {key: records.num_rows(key) for key in records.tables} == {
            "User": 943,
            "Movie": 1_682,
            "User-SIMILAR": 12_594 // 2,
            "Movie-SIMILAR": 28_928 // 2,
            "Rating": 80_000,
        }
        ratings = records.frame("Rating")
        assert set(ratings["value"]) == {1.0, 2.0, 3.0, 4.0, 5.0}
        with h5py.File(SPLIT) as file:
            held_out = {(str(user + 1), str(movie + 1)) for movie, user in np.argwhere(np.asarray(file["Otest"]))}
            row = ratings.iloc[0]
            assert row["value"] == file["M"][int(row["member1"]) - 1, int(row["member0"]) - 1]
        assert len(held_out) == 20_000
        assert not held_out & set(zip(ratings["member0"], ratings["member1"], strict=True))
