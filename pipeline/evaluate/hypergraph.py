"""A data set as a hypergraph in rows, without a database between: what a snapshot of it would hold."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.hypergraph_of_ids import Columns, hypergraph_of_ids
from pipeline.domain.progress import Progress
from pipeline.domain.rows import RowIndex
from pipeline.records.records import Records
from pipeline.records.tables import graph_table_key, member_columns
from pipeline.source.catalogue import find
from pipeline.source.files.graph_table import OpenGraph


def read_hypergraph(dataset: str, path: Path | None, progress: Progress, graph: OpenGraph | None = None) -> Hypergraph:
    """Read a data set that can be named on the command line, and check it.

    Parameters
    ----------
    dataset
        What `pipeline.source.catalogue.find` finds.
    path
        Where its files are, for those that need a download.
    progress
        Told of each step.
    graph
        Connects to the graph in the database, for data sets whose tables are there.

    Raises
    ------
    ConfigurationError
        If there is no such data set.
    SourceError
        If it cannot be read, or something is wrong with it.
    """
    with find(dataset, path, graph).read(progress) as records:
        records.check()
        return hypergraph_of(records)


def hypergraph_of(records: Records) -> Hypergraph:
    """Put checked records into rows."""

    def pages(key: str, names: Sequence[str]) -> list[Columns]:
        frame = records.frame(key)
        return [[frame[name].tolist() for name in names]]

    return hypergraph_of_ids(
        records.dataset,
        {label: RowIndex(records.frame(label)["id"].tolist()) for label in records.dataset.labels},
        lambda kind: pages(kind.label, (*member_columns(kind.arity), "value")),
        lambda graph: pages(graph_table_key(*graph.key), ("source", "target", "weight")),
    )
