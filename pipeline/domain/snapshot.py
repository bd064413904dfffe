"""A snapshot directory: one state of the hypergraph in Neo4j, in rows, which export writes and training reads.

manifest.json                       the data set's description, counts, which types have values that differ, digest of the content,
                                    where and when it was read
entities/<Label>.parquet            id and name; the place in the file is the row
graphs/<Label>.<TYPE>.dgl           the intra-modal graph as a DGL graph, edges both ways, weights in ``edata["weight"]``
hypergraph.dgl                      all hyperedges as a DGL heterograph: hyperedge → member → entity, the value as node data
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import parquet

from pipeline.domain import dgl_graphs
from pipeline.domain.artifact import MANIFEST, Artifact, read_artifact, write_artifact
from pipeline.domain.dataset import Dataset
from pipeline.domain.hypergraph import Hypergraph
from pipeline.errors import ArtifactError

FORMAT = "hyperlearn-snapshot-3"


@dataclass(frozen=True)
class SnapshotSummary:
    """What the manifest says of a snapshot: enough to plan a training, without reading the rest.

    Attributes
    ----------
    dataset
        The description.
    counts
        Number of entities, relations and hyperedges by name.
    measured
        Hyperedge types whose values differ from each other, so that they must be measurements.
    origin
        As of the `Snapshot`.
    digest
        Of the hypergraph.
    """

    dataset: Dataset
    counts: Mapping[str, Mapping[str, int]]
    measured: frozenset[str]
    origin: Mapping[str, Any]
    digest: str


@dataclass(frozen=True)
class Snapshot:
    """One state of a hypergraph.

    Attributes
    ----------
    hypergraph
        The hypergraph in rows.
    entities
        Per modality label, a frame with the columns ``id`` and ``name`` in the order of the rows.
    origin
        Where and when it was read, and after which ingest; its ``state`` and ``key`` (see `pipeline.domain.keys`) if the database
        named its state.
    """

    hypergraph: Hypergraph
    entities: Mapping[str, pd.DataFrame]
    origin: Mapping[str, Any]

    @property
    def ids(self) -> dict[str, list[str]]:
        """Per modality label, the ids in the order of the rows."""
        return _ids(self.entities)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Number of entities, relations and hyperedges by name."""
        return {
            "entities": dict(self.hypergraph.num_entities),
            "relations": {f"{label}-{kind}": matrix.nnz // 2 for (label, kind), matrix in self.hypergraph.graphs.items()},
            "hyperedges": {label: edges.num_hyperedges for label, edges in self.hypergraph.hyperedges.items()},
        }

    @property
    def manifest(self) -> dict[str, Any]:
        """What a directory's manifest says of its content."""
        return {
            "dataset": self.hypergraph.dataset.to_json(),
            "origin": dict(self.origin),
            "counts": self.counts,
            "measured": [label for label, edges in self.hypergraph.hyperedges.items() if edges.is_measured],
            "digest": self.hypergraph.digest,
        }

    def write(self, directory: Path) -> None:
        """Write the directory, which must not exist, as a whole or not at all."""

        def fill(folder: Path) -> None:
            for name in ("entities", "graphs"):
                (folder / name).mkdir()
            for label, table in self.entities.items():
                table.to_parquet(folder / "entities" / f"{label}.parquet", index=False)
            for (label, kind), weights in self.hypergraph.graphs.items():
                dgl_graphs.save_graph(folder / "graphs" / f"{label}.{kind}.dgl", weights)
            dgl_graphs.save_hyperedges(folder / "hypergraph.dgl", self.hypergraph.num_entities, self.hypergraph.hyperedges)

        write_artifact(directory, FORMAT, self.manifest, fill)

    @staticmethod
    def read_summary(directory: Path) -> SnapshotSummary:
        """Read the manifest alone.

        Raises
        ------
        ArtifactError
            If it is missing, damaged or of another version.
        """
        with read_artifact(directory, FORMAT, verify=False) as artifact:
            return _summary(artifact)

    @staticmethod
    def take_over(source: Path, directory: Path, key: str) -> bool:
        """Copy a directory that has a key to another place, which must not exist, as a whole or not at all.

        Returns
        -------
        bool
            Whether it has the key; one that has not is not copied.

        Raises
        ------
        ArtifactError
            If the source is incomplete, damaged or of another version.
        """

        def fill(folder: Path) -> None:
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)

        with read_artifact(source, FORMAT) as artifact:
            if artifact.manifest["origin"].get("key") != key:
                return False
            write_artifact(directory, FORMAT, dict(artifact.manifest), fill)
            return True

    @classmethod
    def read(cls, directory: Path) -> "Snapshot":
        """Read a directory that `write` made.

        Raises
        ------
        ArtifactError
            If it is incomplete, damaged or of another version.
        """
        with read_artifact(directory, FORMAT) as artifact:
            hypergraph = _hypergraph(artifact, verify=True)
            return cls(hypergraph, _entities(artifact), artifact.manifest["origin"])

    @staticmethod
    def read_hypergraph(directory: Path, *, verify: bool = True) -> Hypergraph:
        """Read the hypergraph alone, without ids and names; without ``verify`` no digest is compared, which another process does.

        Raises
        ------
        ArtifactError
            As `read` does.
        """
        with read_artifact(directory, FORMAT, verify=verify) as artifact:
            return _hypergraph(artifact, verify=verify)

    @staticmethod
    def read_ids(directory: Path) -> dict[str, list[str]]:
        """Read the ids alone, as `ids` gives them.

        Raises
        ------
        ArtifactError
            As `read` does.
        """
        with read_artifact(directory, FORMAT, verify=False) as artifact:
            return _ids(_entities(artifact))


def _summary(artifact: Artifact) -> SnapshotSummary:
    manifest = artifact.manifest
    dataset = Dataset.from_json(manifest["dataset"])
    names = {
        "entities": dataset.labels,
        "relations": ["-".join(graph.key) for graph in dataset.graphs],
        "hyperedges": [kind.label for kind in dataset.hyperedge_types],
    }
    counts = {kind: {name: int(manifest["counts"][kind][name]) for name in those} for kind, those in names.items()}
    return SnapshotSummary(dataset, counts, frozenset(manifest["measured"]), manifest["origin"], manifest["digest"])


def _hypergraph(artifact: Artifact, *, verify: bool) -> Hypergraph:
    summary = _summary(artifact)
    dataset = summary.dataset
    hypergraph = Hypergraph(
        dataset,
        summary.counts["entities"],
        dgl_graphs.load_hyperedges(artifact.file("hypergraph.dgl"), dataset.hyperedge_types),
        {
            graph.key: dgl_graphs.load_graph(artifact.file(f"graphs/{graph.modality}.{graph.relation_type}.dgl"))
            for graph in dataset.graphs
        },
    )
    for label, count in summary.counts["entities"].items():
        num_ids = parquet.read_metadata(artifact.file(f"entities/{label}.parquet")).num_rows
        if num_ids != count:
            raise ArtifactError(
                f"{artifact.directory} has {num_ids:,} ids of {label}, and {count:,} entities", hint="run the export again"
            )
    if verify and hypergraph.digest != summary.digest:
        raise ArtifactError(f"{artifact.directory} holds another hypergraph than its manifest says", hint="run the export again")
    return hypergraph


def _entities(artifact: Artifact) -> dict[str, pd.DataFrame]:
    labels = _summary(artifact).counts["entities"]
    return {label: pd.read_parquet(artifact.file(f"entities/{label}.parquet")) for label in labels}


def _ids(entities: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    return {label: [str(value) for value in table["id"]] for label, table in entities.items()}
