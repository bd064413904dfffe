"""Which films, and which decades, are near: relations inside a modality of the films' hypergraph.

Nothing here knows a film's genre or director: they are hidden and asked of the model, and a graph that knew them would tell.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from pipeline.source.movies.name_lists import SEPARATOR
from pipeline.source.neighbours.features import incidence, number_feature, relations, terms_feature
from pipeline.source.neighbours.nearest import Block

NUM_NEIGHBOURS = 7

_NUMBER_WEIGHTS = {
    "year": 1.0,
    "runtime": 0.5,
    "boxOffice": 0.5,
    "rating": 0.3,
    "meter": 0.3,
    "metacritic": 0.3,
    "reviews": 0.3,
}
_TERM_WEIGHTS = {"language": 3.0, "production": 3.0, "certificate": 1.0}
_TITLE_WEIGHT = 6.0
_LINK_WEIGHTS = {"Actor": 6.0, "Writer": 6.0, "Country": 2.0}
"""Weights of the features, chosen by how well neighbours tell the genres of a validation part; twice or half changes little."""


def movie_relations(films: pd.DataFrame, links: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Films that are near by their features.

    Parameters
    ----------
    films
        One film a row, with ``id``, ``name`` and the numeric and text columns.
    links
        For Actor, Writer and Country: a frame with the columns ``movie`` and ``name``.

    Returns
    -------
    DataFrame
        Columns ``source``, ``target`` and ``weight``, each pair once.
    """
    return relations(films["id"].tolist(), movie_blocks(films, links), NUM_NEIGHBOURS)


def movie_blocks(films: pd.DataFrame, links: Mapping[str, pd.DataFrame]) -> list[Block]:
    """The features by which films are compared."""
    numbers = {name: films[name].to_numpy(dtype=np.float64) for name in _NUMBER_WEIGHTS}
    numbers["runtime"] = np.clip(numbers["runtime"], 40, 240)
    numbers["boxOffice"] = np.log(numbers["boxOffice"])
    numbers["reviews"] = np.log1p(numbers["reviews"])
    places = {id_: row for row, id_ in enumerate(films["id"])}
    return [
        *(number_feature(values, _NUMBER_WEIGHTS[name]) for name, values in numbers.items()),
        *(terms_feature(_terms(films[name].fillna("").str.split(SEPARATOR)), weight) for name, weight in _TERM_WEIGHTS.items()),
        terms_feature(_terms(films["name"].map(_title_words)), _TITLE_WEIGHT, max_part=0.05),
        *(terms_feature(_linked(links[label], places), weight) for label, weight in _LINK_WEIGHTS.items()),
    ]


def decade_relations(decades: "pd.Series[Any]") -> pd.DataFrame:
    """Each decade and the next one."""
    names = sorted(decades.unique())
    return pd.DataFrame({"source": names[:-1], "target": names[1:], "weight": 1.0})


def _title_words(title: str) -> list[str]:
    return re.findall(r"[^\W\d_]{3,}", title.casefold())


def _terms(cells: Iterable[list[str]]) -> sparse.csr_array:
    """Which terms are with which entity (N × F), ones."""
    return incidence(list(dict.fromkeys(cell)) for cell in cells)


def _linked(links: pd.DataFrame, places: Mapping[str, int]) -> sparse.csr_array:
    """Which names are with which film (N × F), ones."""
    codes, names = pd.factorize(links["name"].to_numpy(dtype=object))
    rows = links["movie"].map(places).to_numpy(dtype=np.int64)
    return sparse.csr_array((np.ones(len(rows), dtype=np.float32), (rows, codes)), shape=(len(places), max(len(names), 1)))
