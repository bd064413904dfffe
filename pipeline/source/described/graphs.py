"""Intra-modal graphs of nearest neighbours, from the features that a description names.

Features are read from the modality's raw table, a row per entity in the order of the table, and are the one thing of a data set
that is held in memory as a whole: N entities × F features.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.records.store import Store, literal
from pipeline.records.tables import graph_table_key
from pipeline.source.described.cell_values import text, texts
from pipeline.source.described.description import (
    CategoriesFeature,
    Feature,
    ModalityTable,
    NumberFeature,
    Relation,
    TextFeature,
    VectorFeature,
)
from pipeline.source.described.suspicions import TextColumn
from pipeline.source.described.tables import DescribedTables
from pipeline.source.files.raw_table import Column, RawTable
from pipeline.source.files.raw_tables import what_is_there
from pipeline.source.neighbours.features import (
    Metric,
    categories_feature,
    number_feature,
    relations,
    text_feature,
    vector_feature,
    vector_problems,
)
from pipeline.source.neighbours.nearest import Block

_BATCH = 10_000

_Cells = npt.NDArray[Any] | list[Any]
"""What a feature holds, an entry per entity: a matrix where it is one, else a list with None where there is nothing."""


@dataclass(frozen=True)
class _Entities:
    """Whose features are compared: an entity per key, that of the first row that has it."""

    label: str
    raw: RawTable
    ids: list[str]
    rows_N: npt.NDArray[np.int64]


def fill_nearest(tables: DescribedTables, relation: Relation, modality: ModalityTable, folder: Path) -> None:
    """Stage the graph that joins every entity to its nearest others.

    Entities with a vector that cannot be used are among the problems, and not in the graph. A feature that an entity lacks makes
    it neither near nor far.

    Parameters
    ----------
    tables
        Where the raw tables are, and where the graph goes.
    relation
        The graph.
    modality
        The modality, with its features.
    folder
        What the paths of vectors are relative to.
    """
    raw = tables.raw_tables.of(modality.table) if modality.table else None
    if raw is None or modality.key is None or relation.nearest is None:
        return
    weights = relation.features if relation.features is not None else dict.fromkeys(modality.features, 1.0)
    features = {name: modality.features[name] for name in weights}
    headers = [feature.column for feature in features.values() if feature.column is not None]
    columns = tables.columns(raw, relation.modality, [modality.key.column, *headers])
    if columns is None:
        return
    key = replace(columns[modality.key.column], derive=modality.key.derive)
    entities = _entities(tables.records.store, relation.modality, raw, key)
    cells: dict[str, _Cells] = {}
    usable_N = np.ones(len(entities.ids), dtype=bool)
    for name, feature in features.items():
        found = _read(tables, entities, feature, columns, folder, usable_N)
        if found is None:
            return
        cells[name] = found
    if usable_N.sum() < 2:
        return
    metric: Metric = relation.metric or "euclidean"
    blocks = [_block(features[name], _kept(cells.pop(name), usable_N), weight, metric) for name, weight in weights.items()]
    ids = [id_ for id_, usable in zip(entities.ids, usable_N.tolist(), strict=True) if usable]
    tables.records.append(graph_table_key(relation.modality, relation.type), relations(ids, blocks, relation.nearest))


def _entities(store: Store, label: str, raw: RawTable, key: Column) -> _Entities:
    named = f"SELECT row, {text(key)} AS id FROM {raw.name}"
    first = "QUALIFY row_number() OVER (PARTITION BY id ORDER BY row) = 1"
    store.run(f"CREATE OR REPLACE TABLE compared AS FROM ({named}) WHERE id IS NOT NULL {first}")
    found = store.rows("SELECT id, row FROM compared ORDER BY row")
    return _Entities(label, raw, [id_ for id_, _ in found], np.array([row for _, row in found], dtype=np.int64))


def _read(
    tables: DescribedTables,
    entities: _Entities,
    feature: Feature,
    columns: dict[str, Column],
    folder: Path,
    usable_N: npt.NDArray[np.bool_],
) -> _Cells | None:
    """What a feature holds; None if it is refused as a whole. Entities whose vector is not usable are marked so."""
    raw, store = entities.raw, tables.records.store
    rows = f"FROM {raw.name} WHERE row IN (SELECT row FROM compared) ORDER BY row"
    match feature:
        case NumberFeature():
            column = tables.derived(raw, entities.label, columns[feature.column], feature.derive)
            number = tables.value(raw, entities.label, column, "float")
            return np.array([value for (value,) in store.rows(f"SELECT {number} {rows}")], dtype=np.float64)
        case CategoriesFeature():
            column = tables.derived(raw, entities.label, columns[feature.column], feature.derive, feature.separator)
            tables.texts.append(TextColumn(raw, column, may_be_list=feature.separator is None))
            cell = texts(column, feature.separator)
            return [values for (values,) in store.rows(f"SELECT {cell} {rows}")]
        case TextFeature():
            return [value for (value,) in store.rows(f"SELECT {text(columns[feature.column])} {rows}")]
        case VectorFeature():
            if feature.file is not None:
                vectors, called = _file_vectors(tables, entities, feature.file, folder), feature.file
            else:
                column = columns[feature.column or ""]
                vectors, called = _column_vectors(tables, entities, column, rows), column.header
    if vectors is None:
        return None
    problems = vector_problems(vectors)
    if len(problems):
        usable_N[problems["row"].to_numpy()] = False
        shown = problems.assign(row=entities.rows_N[problems["row"].to_numpy()])
        with store.view(shown) as view:
            where = f"{literal(entities.label)}, {literal(raw.place)}, row, {literal(called)}"
            tables.records.problem(f"SELECT {where}, expected, found FROM {view}")
    return vectors


def _file_vectors(tables: DescribedTables, entities: _Entities, file: str, folder: Path) -> _Cells | None:
    """The vectors of an .npy file, which stays on disk; it has a row per row of the table."""

    def refuse(expected: str, found: str) -> None:
        values = ", ".join(map(literal, (entities.label, file)))
        tables.records.problem(f"SELECT {values}, NULL, NULL, {literal(expected)}, {literal(found)}")

    path = folder / file
    absent = what_is_there(path)
    if absent is not None:
        refuse("a file", absent)
        return None
    try:
        # An .npy file may hold pickled objects, which are programs: never unpickled.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        refuse("a matrix of numbers in .npy", str(error))
        return None
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "fiu":
        what = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "an archive of several arrays"
        refuse("a matrix of numbers in .npy", what)
        return None
    if len(array) != entities.raw.num_rows:
        refuse(f"{entities.raw.num_rows:,} rows, as {entities.raw.place} has", f"{len(array):,}")
        return None
    every = len(entities.rows_N) == len(array)
    matrix: npt.NDArray[Any] = array if every else array[entities.rows_N - 1]
    return matrix


def _column_vectors(tables: DescribedTables, entities: _Entities, column: Column, rows: str) -> list[Any]:
    """The vectors of a column of lists, or of texts that are JSON lists."""
    if column.kind == "text":
        vector = f"try_cast({text(column)} AS DOUBLE[])"
        bad = f"{text(column)} IS NOT NULL AND {vector} IS NULL"
        tables.problem(entities.raw, entities.label, column, "a list of numbers as [0.1, 0.2]", bad, text(column))
    else:
        vector = f"list_transform({column.name}, lambda x: try_cast(x AS DOUBLE))"
    vectors: list[Any] = []
    for batch in tables.records.store.batches(f"SELECT {vector} AS vector {rows}", _BATCH):
        vectors += _arrays(batch.column(0))
    return vectors


def _arrays(lists: pa.ListArray) -> Iterator[npt.NDArray[np.float32] | None]:
    """The lists of an Arrow array, without making a Python number of every element; None where there is nothing in it."""
    with np.errstate(over="ignore"):
        numbers = lists.values.to_numpy(zero_copy_only=False).astype(np.float32)
    offsets = lists.offsets.to_numpy()
    for position, there in enumerate(lists.is_valid().to_pylist()):
        begin, end = offsets[position], offsets[position + 1]
        yield numbers[begin:end] if there and end > begin else None


def _kept(cells: _Cells, usable_N: npt.NDArray[np.bool_]) -> _Cells:
    if usable_N.all():
        return cells
    if isinstance(cells, np.ndarray):
        return cells[usable_N]
    return [cell for cell, usable in zip(cells, usable_N.tolist(), strict=True) if usable]


def _block(feature: Feature, cells: Any, weight: float, metric: Metric) -> Block:  # noqa: ANN401 - cells as that kind has them
    match feature:
        case NumberFeature():
            return number_feature(cells, weight)
        case CategoriesFeature():
            return categories_feature(cells, weight)
        case TextFeature():
            return text_feature(cells, weight)
        case VectorFeature():
            return vector_feature(cells, weight, metric)
