"""A data set as Parquet tables, by ids: what was ingested, in columns that any program reads.

entities/<Label>.parquet            id, name, and the properties that the data set describes
hyperedges/<Type>.parquet           an id per member (member0, member1 …), value, and time where the type has one
relations/<Label>.<TYPE>.parquet    source, target, weight; each pair once
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.artifact import write_artifact
from pipeline.domain.dataset import PropertyType
from pipeline.domain.progress import Progress, no_progress
from pipeline.export.consistent import read_consistently
from pipeline.export.export import check_counts, origin_now
from pipeline.export.reading import read_entities, read_hyperedges, read_relations
from pipeline.graph.client import GraphClient, Row, native
from pipeline.graph.stored_datasets import StoredDataset
from pipeline.records.tables import graph_table_key, member_columns

FORMAT = "hyperlearn-tables-1"

_ARROW_TYPES: Mapping[PropertyType, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "strings": pa.list_(pa.string()),
    "integers": pa.list_(pa.int64()),
    "floats": pa.list_(pa.float64()),
}

Tables = dict[str, pa.Table]
"""Tables by the path of their file, without the ending."""


def export_tables(
    client: GraphClient, dataset_name: str, directory: Path, progress: Progress = no_progress
) -> dict[str, dict[str, int]]:
    """Read one state of a data set, and write its tables into a directory, which must not exist, as a whole or not at all.

    Parameters
    ----------
    directory
        Where to write.
    client, dataset_name, progress
        As for `read_snapshot`.

    Returns
    -------
    dict
        Number of rows by folder and name of the file.

    Raises
    ------
    ExportError
        If the database does not hold the data set, or not all of it.
    ArtifactError
        If the directory exists or cannot be written.
    """
    tables = read_consistently(client, dataset_name, lambda stored: _read(client, stored, progress))
    counts: dict[str, dict[str, int]] = {}
    for path, table in tables.items():
        folder_name, _, name = path.partition("/")
        counts.setdefault(folder_name, {})[name] = table.num_rows

    def fill(folder: Path) -> None:
        for path, table in tables.items():
            file = folder / f"{path}.parquet"
            file.parent.mkdir(exist_ok=True)
            pq.write_table(table, file)

    write_artifact(directory, FORMAT, {"origin": origin_now(client), "counts": counts}, fill)
    return counts


def _read(client: GraphClient, stored: StoredDataset, progress: Progress) -> Tables:
    dataset, counts = stored.dataset, stored.counts or {}
    tables: Tables = {}
    found: dict[str, int] = {}

    def keep(key: str, path: str, schema: Mapping[str, pa.DataType], pages: Iterable[Row], order: Sequence[str]) -> None:
        with progress(f"Reading {key}") as advance:
            table = _table(pa.schema(list(schema.items())), pages, advance)
        found[key] = table.num_rows
        tables[path] = table.sort_by([(column, "ascending") for column in order])

    ids: dict[str, list[str]] = {}
    for modality in dataset.modalities:
        label, properties = modality.label, list(modality.properties)
        schema = {"id": pa.string(), "name": pa.string(), **{name: _ARROW_TYPES[modality.properties[name]] for name in properties}}
        keep(label, f"entities/{label}", schema, _spread(read_entities(client, label, properties), properties), ["id"])
        ids[label] = tables[f"entities/{label}"]["id"].to_pylist()
    for kind in dataset.hyperedge_types:
        members, properties = member_columns(kind.arity), ["time"] if kind.time else []
        schema = {**dict.fromkeys(members, pa.string()), "value": pa.float64()}
        schema |= {"time": _ARROW_TYPES[kind.time]} if kind.time else {}
        pages = read_hyperedges(client, kind, ids, counts.get(kind.label, 0), properties)
        keep(kind.label, f"hyperedges/{kind.label}", schema, _spread(pages, properties), members)
    for graph in dataset.graphs:
        key = graph_table_key(*graph.key)
        pages = read_relations(client, graph, ids[graph.modality], counts.get(key, 0))
        schema = {"source": pa.string(), "target": pa.string(), "weight": pa.float64()}
        keep(key, f"relations/{'.'.join(graph.key)}", schema, pages, ["source", "target"])
    check_counts(found, counts)
    return tables


def _spread(pages: Iterable[Row], properties: Sequence[str]) -> Iterator[Row]:
    """Pages with a column per property, instead of a list of properties per row."""
    for page in pages:
        content = page.pop("content")
        for number, name in enumerate(properties):
            page[name] = [native(values[number]) for values in content]
        yield page


def _table(schema: pa.Schema, pages: Iterable[Row], advance: Any) -> pa.Table:  # noqa: ANN401 - a function of a number
    batches = []
    for page in pages:
        batches.append(pa.record_batch([pa.array(page[field.name], field.type) for field in schema], schema=schema))
        advance(batches[-1].num_rows)
    return pa.Table.from_batches(batches, schema=schema).combine_chunks()
