"""MovieLens 100K as sRGCNN and HyperLearn split it: one MATLAB file (HDF5) with the ratings, the split and two neighbour graphs.

    M                    ratings, 1 to 5, movies × users as HDF5 has them (MATLAB's order is the other one)
    Otraining, Otest     1 where a rating is for training, or for the test
    W_users, W_movies    graphs as sparse columns: data, ir, jc

GroupLens forbids passing the ratings on, so the file is read from a path and no copy is kept. Shapes: E ratings, U users, M movies.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.errors import SourceError


@dataclass(frozen=True)
class Ratings:
    """Some ratings.

    Attributes
    ----------
    users_E, movies_E
        Rows of the user and the movie, int64.
    values_E
        The ratings, float32.
    """

    users_E: npt.NDArray[np.int64]
    movies_E: npt.NDArray[np.int64]
    values_E: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Split:
    """The ratings of the file.

    Attributes
    ----------
    num_users, num_movies
        U and M.
    training, test
        The two parts.
    user_graph, movie_graph
        Symmetric weights (U × U, M × M), no diagonal.
    """

    num_users: int
    num_movies: int
    training: Ratings
    test: Ratings
    user_graph: sparse.csr_array
    movie_graph: sparse.csr_array


def read_split(path: Path) -> Split:
    """Read the file.

    Raises
    ------
    SourceError
        If it is not there, is no HDF5 file, or does not hold what is expected.
    """
    try:
        with h5py.File(path) as file:
            ratings_MU, training_MU, test_MU = (_matrix(path, file, key) for key in ("M", "Otraining", "Otest"))
            graphs = [_graph(path, file, key) for key in ("W_users", "W_movies")]
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read as an HDF5 file: {error}", hint="pass the .mat file of the split, MATLAB's format 7.3"
        ) from error
    num_movies, num_users = ratings_MU.shape
    for key, found, expected in (
        ("Otraining", training_MU.shape, ratings_MU.shape),
        ("Otest", test_MU.shape, ratings_MU.shape),
        ("W_users", graphs[0].shape, (num_users, num_users)),
        ("W_movies", graphs[1].shape, (num_movies, num_movies)),
    ):
        if found != expected:
            raise SourceError(f"{path}: {key} is {found}, {expected} is expected")
    if ((training_MU > 0) & (test_MU > 0)).any():
        raise SourceError(f"{path}: Otraining and Otest share ratings")
    return Split(
        num_users,
        num_movies,
        _ratings(path, "Otraining", ratings_MU, training_MU),
        _ratings(path, "Otest", ratings_MU, test_MU),
        *graphs,
    )


def _matrix(path: Path, file: h5py.File, key: str) -> npt.NDArray[np.float64]:
    entry = file.get(key)
    if not isinstance(entry, h5py.Dataset) or entry.ndim != 2:
        raise SourceError(f"{path} has no matrix {key}", hint=f"it has {', '.join(file)}")
    matrix: npt.NDArray[np.float64] = entry[()].astype(np.float64)
    return matrix


def _graph(path: Path, file: h5py.File, key: str) -> sparse.csr_array:
    """Read sparse columns; symmetric, so that they are rows as well."""
    entry = file.get(key)
    if not isinstance(entry, h5py.Group) or not {"data", "ir", "jc"} <= set(entry):
        raise SourceError(f"{path} has no sparse matrix {key} (data, ir, jc)", hint=f"it has {', '.join(file)}")
    data, rows, begins = (entry[name][()] for name in ("data", "ir", "jc"))
    size = len(begins) - 1
    weights = sparse.csr_array((data.astype(np.float32), rows.astype(np.int64), begins.astype(np.int64)), shape=(size, size))
    if not np.isfinite(weights.data).all() or (weights.data < 0).any():
        raise SourceError(f"{path}: {key} has weights that are negative or not finite")
    if abs(weights - weights.T).max() > 0:
        raise SourceError(f"{path}: {key} is not symmetric")
    weights.setdiag(0)
    weights.eliminate_zeros()
    return weights


def _ratings(path: Path, key: str, ratings_MU: npt.NDArray[np.float64], chosen_MU: npt.NDArray[np.float64]) -> Ratings:
    users_E, movies_E = np.nonzero(chosen_MU.T)
    values_E = ratings_MU.T[users_E, movies_E].astype(np.float32)
    if not len(values_E):
        raise SourceError(f"{path}: {key} chooses no rating")
    outside_E = ~((values_E >= 1) & (values_E <= 5))
    if outside_E.any():
        raise SourceError(f"{path}: {key} chooses ratings outside of 1 to 5, such as {values_E[outside_E][0]}")
    return Ratings(users_E.astype(np.int64), movies_E.astype(np.int64), values_E)
