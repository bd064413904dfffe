"""Features of a modality's entities, as a table has them, into blocks that `pipeline.source.neighbours.nearest` compares.

A feature is a number, a set of categories, a text or a dense vector per entity; in come plain columns, one cell per entity, and
out comes one `Block` per feature. Each feature is scaled so that the squared distance of two entities taken at random is about 2:
then weights say how much a feature counts against the others.

How each is compared: numbers by difference, once standardised; categories and the words of texts by the cosine of their TF-IDF
rows; vectors by their *metric*, "euclidean" (one factor for all of them) or "cosine" (each brought to length 1). An entity that
lacks a feature is near nobody by it. A block of vectors takes 4 · N · F bytes; what is read on the way is bounded.

What all entities share (means, spreads, how rare a term is) is rounded: a catalogue of which a little changed keeps it to the
last bit, and so the distances of all that did not change. Otherwise one new entity would change the weight of every relation.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from pipeline.source.neighbours.nearest import Block, nearest_graph

Metric = Literal["euclidean", "cosine"]
"""How dense vectors are compared."""

Vectors = npt.NDArray[Any] | Sequence[Sequence[float] | None]
"""Dense vectors, one per entity: an array (N × F), perhaps memory-mapped, or a list in which None is an entity without one."""

_WORD = re.compile(r"[^\W_]{2,}")

_COMMON_WORD = 0.2
"""A word in more than this part of the texts tells nothing."""

_FEW_TEXTS = 10
"""A word in no more texts than this is never common, however few texts there are."""

_CHUNK_VALUES = 4_000_000
"""Values of vectors read at once."""


def number_feature(values: npt.ArrayLike, weight: float = 1.0) -> Block:
    """One number per entity, standardised; None or not a finite number where missing."""
    numbers = np.asarray(values, dtype=np.float64)
    missing = ~np.isfinite(numbers)
    scale = _steady(np.std(numbers[~missing])) if (~missing).any() else 0.0
    centred = numbers / scale - _half(numbers[~missing].mean() / scale) if scale > 0 else np.zeros(len(numbers))
    return Block(np.where(missing, 0.0, centred).astype(np.float32)[:, None], missing, 1.0, weight)


def categories_feature(cells: Sequence[Sequence[str] | None], weight: float = 1.0) -> Block:
    """Any number of categories per entity; a category that few share tells more than one that many share."""
    return terms_feature(incidence(cells), weight)


def text_feature(texts: Sequence[str | None], weight: float = 1.0) -> Block:
    """A text per entity, compared by its words, in whatever script and case; very common words are left out."""
    return terms_feature(incidence(words(text) for text in texts), weight, max_part=_COMMON_WORD)


def words(text: str | None) -> list[str]:
    """Words of a text as they are compared.

    >>> words("L'Été, un jour d'été")
    ['été', 'un', 'jour', 'été']
    """
    return _WORD.findall((text or "").casefold())


def incidence(cells: Iterable[Sequence[str] | None]) -> sparse.csr_array:
    """How often each term is with each entity (N × F); terms in the order in which they come, empty ones left out."""
    columns: dict[str, int] = {}
    indices: list[int] = []
    data: list[int] = []
    ends = [0]
    for cell in cells:
        terms = [columns.setdefault(term, len(columns)) for term in cell or () if term]
        # Counting is slow, and most cells repeat nothing.
        counts = Counter(terms) if len(set(terms)) < len(terms) else None
        indices += terms if counts is None else counts
        data += [1] * len(terms) if counts is None else counts.values()
        ends.append(len(indices))
    shape = (len(ends) - 1, max(len(columns), 1))
    return sparse.csr_array((np.array(data, dtype=np.float32), np.array(indices, dtype=np.int64), np.array(ends)), shape=shape)


def terms_feature(counts: sparse.csr_array, weight: float, *, min_entities: int = 2, max_part: float = 1.0) -> Block:
    """Sets of terms (words, categories) by the cosine of their TF-IDF rows; an entity without a term has a missing row.

    Parameters
    ----------
    counts
        How often each term is with each entity (N × F).
    weight
        Factor of the squared distance, which is 2 − 2 · cosine.
    min_entities, max_part
        Terms of fewer entities, or of more than this part of them, tell nothing and are left out.
    """
    num_entities = counts.shape[0]
    frequency_F = np.bincount(counts.indices, minlength=counts.shape[1])
    kept_F = (frequency_F >= min_entities) & (frequency_F <= max(max_part * num_entities, _FEW_TEXTS))
    idf_F = _half(2 * np.log((1 + _steady(num_entities)) / (1 + frequency_F[kept_F]))) / 2 + 1
    rows = sparse.csr_array(counts[:, np.flatnonzero(kept_F)].astype(np.float32) @ sparse.diags_array(idf_F.astype(np.float32)))
    norm_N = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    missing = norm_N == 0
    rows = sparse.csr_array(sparse.diags_array((1 / np.where(missing, 1, norm_N)).astype(np.float32)) @ rows)
    return Block(rows, missing, 1.0, weight)


def vector_feature(vectors: Vectors, weight: float = 1.0, metric: Metric = "euclidean") -> Block:
    """One dense vector per entity.

    Parameters
    ----------
    vectors
        N × F. None in a list is an entity without a vector; under "cosine" so is a vector of zeros, which has no direction.
    weight
        Factor of the squared distance.
    metric
        "euclidean": vectors are divided by one number, the root of their mean squared distance from their mean. "cosine": each
        is divided by its length, so that the squared distance is 2 − 2 · cosine.

    Raises
    ------
    ValueError
        If some are not usable; `vector_problems` says which.
    """
    num_entities = len(vectors)
    missing_N = (
        np.array([vector is None for vector in vectors]) if not isinstance(vectors, np.ndarray) else np.zeros(num_entities, bool)
    )
    problems = vector_problems(vectors)
    if len(problems):
        first = problems.iloc[0]
        raise ValueError(
            f"{len(problems):,} vectors are not usable; in row {first['row']} expected {first['expected']}, found {first['found']}"
        )
    rows_NF = np.zeros((num_entities, _length(vectors)), dtype=np.float32)
    for start, chunk in _chunks(vectors):
        for row, vector in enumerate(chunk, start):
            if vector is not None:
                rows_NF[row] = vector
    if metric == "cosine":
        norm_N = np.sqrt(np.einsum("nf,nf->n", rows_NF, rows_NF, dtype=np.float64))
        missing_N |= norm_N == 0
        rows_NF /= np.where(missing_N, 1, norm_N).astype(np.float32)[:, None]
        return Block(rows_NF, missing_N, 1.0, weight)
    if not missing_N.all():
        mean_F = rows_NF[~missing_N].mean(axis=0, dtype=np.float64)
        spread_F = rows_NF[~missing_N].std(axis=0, dtype=np.float64)
        scale = _steady(np.sqrt(np.square(spread_F).sum()))
        # Small numbers keep their digits; a centre that moved by a trifle would move every row's last ones.
        rows_NF[~missing_N] -= (_half(mean_F / scale) * scale).astype(np.float32) if scale > 0 else mean_F.astype(np.float32)
        rows_NF *= np.float32(1 / scale) if scale > 0 else 0
    return Block(rows_NF, missing_N, 1.0, weight)


def vector_problems(vectors: Vectors) -> pd.DataFrame:
    """Which vectors cannot be used: of another length than most, or with entries that are no finite numbers.

    Returns
    -------
    DataFrame
        Columns ``row`` (from 0), ``expected`` and ``found``; empty where all is well.
    """
    expected = _length(vectors)
    problems: list[tuple[int, str, str]] = []
    for start, chunk in _chunks(vectors):
        if isinstance(chunk, np.ndarray) and chunk.dtype.kind in "fiub":
            bad_C = ~np.isfinite(chunk).all(axis=1)
            found = [(start + int(row), _unusable(chunk[row], expected)) for row in np.flatnonzero(bad_C)]
        else:
            found = [(row, _unusable(vector, expected)) for row, vector in enumerate(chunk, start) if vector is not None]
        problems += [(row, *texts) for row, texts in found if texts]
    return pd.DataFrame(problems, columns=["row", "expected", "found"]).astype({"row": "int64"})


def relations(ids: Sequence[str], blocks: Sequence[Block], num_neighbours: int) -> pd.DataFrame:
    """Each entity and its nearest others by features.

    Parameters
    ----------
    ids
        Ids of the entities, in the order of the features' rows.
    blocks
        The features.
    num_neighbours
        How many nearest others each entity chooses.

    Returns
    -------
    DataFrame
        Columns ``source``, ``target`` (ids) and ``weight`` in (0, 1], each pair once.
    """
    return pairs(ids, nearest_graph(blocks, num_neighbours))


def pairs(ids: Sequence[str], graph: sparse.csr_array) -> pd.DataFrame:
    """A symmetric graph (N × N) as relations between ids: ``source``, ``target`` and ``weight``, each pair once."""
    upper = sparse.triu(graph, k=1).tocoo()
    names = np.asarray(ids, dtype=object)
    return pd.DataFrame({"source": names[upper.row], "target": names[upper.col], "weight": upper.data.astype(np.float64)})


def _steady(number: float) -> float:
    """The nearest power of the fourth root of 2: at most a tenth away."""
    return float(2 ** (np.round(4 * np.log2(number)) / 4)) if number > 0 else 0.0


def _half(numbers: npt.ArrayLike) -> Any:  # noqa: ANN401 - a number or an array, as what comes in
    """The nearest halves."""
    return np.round(2 * np.asarray(numbers)) / 2


def _length(vectors: Vectors) -> int:
    """How many numbers most vectors have."""
    if isinstance(vectors, np.ndarray) and vectors.ndim == 2:
        return int(vectors.shape[1])
    lengths = Counter(len(vector) for vector in vectors if vector is not None)
    return max(lengths, key=lambda length: (lengths[length], length), default=0)


def _chunks(vectors: Vectors) -> Iterator[tuple[int, Any]]:
    step = max(1, _CHUNK_VALUES // max(1, _length(vectors)))
    for start in range(0, len(vectors), step):
        yield start, vectors[start : start + step]


def _unusable(vector: Sequence[Any], expected: int) -> tuple[str, str] | tuple[()]:
    """What is expected and what is found, nothing where the vector is usable."""
    if len(vector) != expected:
        return f"{expected} numbers", f"{len(vector)} numbers"
    try:
        numbers = np.asarray(vector, dtype=np.float64)
    except (TypeError, ValueError):
        position = next(position for position, entry in enumerate(vector) if not isinstance(entry, int | float))
        return "numbers", f"{vector[position]!r} at place {position + 1}"
    position = int(np.isfinite(numbers).argmin()) if len(numbers) else 0
    return (
        ()
        if not len(numbers) or np.isfinite(numbers[position])
        else ("finite numbers", f"{numbers[position]} at place {position + 1}")
    )
