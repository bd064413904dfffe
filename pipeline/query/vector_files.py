"""Vectors as a file, which is there as a whole or not at all.

.parquet    id, name, and the vector as a list of fixed length
.csv        id, name, v0, v1 …
.npy        the matrix; FILE.ids.csv beside it has id and name of each row
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.whole_file import check_is_free, write_whole
from pipeline.errors import ConfigurationError
from pipeline.query.vectors import Vectors


def check_file(file: Path, *, overwrite: bool) -> None:
    """Refuse a file that `write_vectors` would refuse, before anything is read.

    Raises
    ------
    ConfigurationError
        If its ending is no format's.
    ArtifactError
        If it is there, or the one of ids beside it, and may not be overwritten.
    """
    if file.suffix not in _FORMATS:
        raise ConfigurationError(f"{file} has the ending {file.suffix!r}", hint=f"use {', '.join(_FORMATS)}")
    for each in (file, *([_ids_file(file)] if file.suffix == ".npy" else [])):
        check_is_free(each, overwrite=overwrite)


def write_vectors(vectors: Vectors, file: Path, *, overwrite: bool = False) -> None:
    """Write vectors to a file, in the format that its ending names.

    Raises
    ------
    ConfigurationError
        If the ending is no format's.
    ArtifactError
        If the file is there and may not be overwritten, or cannot be written.
    """
    check_file(file, overwrite=overwrite)
    if file.suffix == ".npy":
        write_whole(_ids_file(file), vectors.frame[["name"]].to_csv, overwrite=overwrite)
    write_whole(file, lambda to: _FORMATS[file.suffix](vectors, to), overwrite=overwrite)


def _ids_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.ids.csv")


def _write_parquet(vectors: Vectors, file: Path) -> None:
    length = vectors.matrix_NR.shape[1]
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.matrix_NR.reshape(-1)), length)
    metadata = {"run": vectors.run}
    pq.write_table(pa.table({"id": vectors.ids, "name": vectors.names, "vector": lists}, metadata=metadata), file)


def _write_npy(vectors: Vectors, file: Path) -> None:
    np.save(file, vectors.matrix_NR, allow_pickle=False)


def _write_csv(vectors: Vectors, file: Path) -> None:
    vectors.frame.to_csv(file)


_FORMATS: Mapping[str, Callable[[Vectors, Path], None]] = {".parquet": _write_parquet, ".npy": _write_npy, ".csv": _write_csv}
