"""Which artists, and which artworks, of the Tate's collection are near by their features.

Who made a work is asked of the model, so its neighbours must not know. Left out are its title ("Blank, from the sketchbook …"),
the title of its group, inscription, credit line, year of acquisition and number (the Turner Bequest, 1856), and the address of
its page, which names the artist. Left are the year, the classification, the words on its medium and the size. What a work shows is
left to the hyperedges.
"""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.source.neighbours.features import categories_feature, number_feature, relations, text_feature

NUM_NEIGHBOURS = 7


def artwork_relations(artworks: pd.DataFrame) -> pd.DataFrame:
    """Artworks that are near by year, medium, classification and size.

    Parameters
    ----------
    artworks
        Columns ``id``, ``year``, ``medium``, ``classification``, ``width`` and ``height`` (millimetres).
    """
    blocks = [
        number_feature(artworks["year"].to_numpy(dtype=np.float64), 2.0),
        categories_feature(_cells(artworks["classification"]), 1.0),
        text_feature(_texts(artworks["medium"]), 2.0),
        *(number_feature(np.log1p(artworks[side].to_numpy(dtype=np.float64)), 0.5) for side in ("width", "height")),
    ]
    return relations(artworks["id"].tolist(), blocks, NUM_NEIGHBOURS)


def artist_relations(artists: pd.DataFrame) -> pd.DataFrame:
    """Artists that are near by years of birth and death, birthplace, movements and gender.

    Parameters
    ----------
    artists
        Columns ``id``, ``birthYear``, ``deathYear``, ``birthPlace``, ``country``, ``gender`` and ``movements`` (lists).
    """
    blocks = [
        number_feature(artists["birthYear"].to_numpy(dtype=np.float64), 3.0),
        number_feature(artists["deathYear"].to_numpy(dtype=np.float64), 0.5),
        categories_feature(_cells(artists["country"]), 1.0),
        categories_feature(_cells(artists["birthPlace"]), 0.5),
        categories_feature([None if cell is None else list(cell) for cell in artists["movements"]], 3.0),
        categories_feature(_cells(artists["gender"]), 0.3),
    ]
    return relations(artists["id"].tolist(), blocks, NUM_NEIGHBOURS)


def _texts(column: "pd.Series[Any]") -> list[str | None]:
    return [None if pd.isna(text) else str(text) for text in column]


def _cells(column: "pd.Series[Any]") -> list[list[str] | None]:
    return [None if text is None else [text] for text in _texts(column)]
