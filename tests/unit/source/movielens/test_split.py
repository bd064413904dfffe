from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import sparse

from pipeline.errors import SourceError
from pipeline.source.movielens.split import read_split

REAL = Path(__file__).parents[4].parent / "shared" / "data" / "movielens-100k-split_1.mat"


def write(file: h5py.File) -> None:
    """Three users, four movies: five ratings for training, two for the test, a graph each."""
    ratings = np.array([[5, 0, 1], [4, 3, 0], [0, 2, 2], [1, 0, 0]], dtype=np.float64)
    test = np.zeros_like(ratings)
    test[0, 2] = test[2, 1] = 1
    file["M"], file["Otest"], file["Otraining"] = ratings, test, (ratings > 0) - test
    for key, size in (("W_users", 3), ("W_movies", 4)):
        graph = sparse.csc_array(np.eye(size, k=1) + np.eye(size, k=-1) + np.eye(size))
        for name, values in (("data", graph.data), ("ir", graph.indices), ("jc", graph.indptr)):
            file[f"{key}/{name}"] = values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "split.mat", "w") as file:
        write(file)
    return tmp_path / "split.mat"


def test_users_and_movies_are_not_mixed_up(path: Path) -> None:
    split = read_split(path)
    assert (split.num_users, split.num_movies) == (3, 4)
    found = zip(split.test.users_E.tolist(), split.test.movies_E.tolist(), split.test.values_E.tolist(), strict=True)
    assert sorted(found) == [(1, 2, 2.0), (2, 0, 1.0)]
    assert sorted(split.training.values_E.tolist()) == [1, 2, 3, 4, 5]


def test_graphs_are_symmetric_without_a_diagonal(path: Path) -> None:
    split = read_split(path)
    np.testing.assert_array_equal(split.user_graph.toarray(), np.eye(3, k=1) + np.eye(3, k=-1))
    assert split.movie_graph.shape == (4, 4)
    assert not split.movie_graph.diagonal().any()


def replace_matrix(key: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[h5py.File], None]:
    def act(file: h5py.File) -> None:
        values = change(file[key][()])
        del file[key]
        file[key] = values

    return act


def remove(key: str) -> Callable[[h5py.File], None]:
    def act(file: h5py.File) -> None:
        del file[key]

    return act


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove("M"), "has no matrix M"),
        (remove("W_users"), r"has no sparse matrix W_users \(data, ir, jc\)"),
        (remove("W_movies/ir"), "has no sparse matrix W_movies"),
        (replace_matrix("Otraining", lambda m: m[:2]), "Otraining is .2, 3., .4, 3. is expected"),
        (replace_matrix("Otest", np.ones_like), "Otraining and Otest share ratings"),
        (replace_matrix("Otest", np.zeros_like), "Otest chooses no rating"),
        (replace_matrix("M", lambda m: m * 2), "outside of 1 to 5, such as 10.0"),
        (replace_matrix("W_users/data", lambda w: -w), "negative or not finite"),
        (replace_matrix("W_users/data", lambda w: np.arange(1.0, len(w) + 1)), "W_users is not symmetric"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(path: Path, change: Callable[[h5py.File], None], message: str) -> None:
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(SourceError, match=message):
        read_split(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_text("196\t242\t3\n", encoding="utf-8")
    for name in ("u.data", "nothing.mat"):
        with pytest.raises(SourceError, match="cannot be read as an HDF5 file"):
            read_split(tmp_path / name)


@pytest.mark.skipif(not REAL.exists(), reason="MovieLens may not be passed on; its file is not here")
def test_the_real_file_has_the_split_of_the_papers() -> None:
    split = read_split(REAL)
    assert (split.num_users, split.num_movies) == (943, 1682)
    assert (len(split.training.values_E), len(split.test.values_E)) == (80_000, 20_000)
    assert split.user_graph.nnz == 12_594
    assert split.movie_graph.nnz == 28_928
