"""Data sets from Python: the description of a data set file as a dictionary, and its tables as pandas frames."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.source.described.description_file import parse_description
from pipeline.source.described.source import DescribedSource


def source(description: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], folder: Path = Path()) -> DescribedSource:
    """A data set whose tables are in memory.

    Parameters
    ----------
    description
        What a data set file holds, as a dictionary.
    tables
        Frames by the path that the description gives as ``table``; for what is not here, the file is read. Missing values are
        those of pandas; columns of lists or arrays are multi-valued, or vectors.
    folder
        What paths of files are relative to.

    Raises
    ------
    ConfigurationError
        If the description is not right, with all that is wrong with it.

    Examples
    --------
    >>> description = {
    ...     "name": "books",
    ...     "modalities": {"Book": {"table": "books.csv", "key": "isbn"}, "Author": {}},
    ...     "hyperedges": {
    ...         "Writing": {
    ...             "table": "books.csv",
    ...             "members": [{"modality": "Book", "column": "isbn"}, {"modality": "Author", "column": "authors"}],
    ...         }
    ...     },
    ... }
    >>> books = pd.DataFrame({"isbn": ["1", "2"], "authors": [["Eco"], ["Eco", "Calvino"]]})
    >>> source(description, {"books.csv": books}).name
    'books'
    """
    parsed, dataset = parse_description(description, "the description")
    return DescribedSource(parsed, dataset, folder, tables)
