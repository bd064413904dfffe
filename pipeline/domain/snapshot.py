"""A snapshot directory: one state of the hypergraph in Neo4j, in rows, which export writes and training reads.

manifest.json                       the data set's description, counts, where and when it was read
entities/<Label>.parquet            id and name; the place in the file is the row
graphs/<Label>.<TYPE>.dgl           the intra-modal graph as a DGL graph, edges both ways, weights in ``edata["weight"]``
hyperedges/<Type>.members.npy       int64, E × K: the rows of the members by position
hyperedges/<Type>.values.npy        float32, E
hypergraph.dgl                      all hyperedges as a DGL heterograph: hyperedge → member → entity
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.domain import dgl_graphs
from pipeline.domain.artifact import read_manifest, write_artifact
from pipeline.domain.dataset import Dataset
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph

FORMAT = "hyperlearn-snapshot-1"


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
        Where and when it was read.
    """

    hypergraph: Hypergraph
    entities: Mapping[str, pd.DataFrame]
    origin: Mapping[str, Any]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Number of entities, relations and hyperedges by name."""
        return {
            "entities": dict(self.hypergraph.num_entities),
            "relations": {f"{label}-{kind}": matrix.nnz // 2 for (label, kind), matrix in self.hypergraph.graphs.items()},
            "hyperedges": {label: edges.num_hyperedges for label, edges in self.hypergraph.hyperedges.items()},
        }

    def write(self, directory: Path) -> None:
        """Write the directory, which must not exist, as a whole or not at all."""

        def fill(folder: Path) -> None:
            for name in ("entities", "graphs", "hyperedges"):
                (folder / name).mkdir()
            for label, table in self.entities.items():
                table.to_parquet(folder / "entities" / f"{label}.parquet", index=False)
            for (label, kind), weights in self.hypergraph.graphs.items():
                dgl_graphs.save_graph(folder / "graphs" / f"{label}.{kind}.dgl", weights)
            for label, edges in self.hypergraph.hyperedges.items():
                np.save(folder / "hyperedges" / f"{label}.members.npy", edges.members_EK, allow_pickle=False)
                np.save(folder / "hyperedges" / f"{label}.values.npy", edges.values_E, allow_pickle=False)
            dgl_graphs.save_hypergraph(folder / "hypergraph.dgl", self.hypergraph)

        manifest = {"dataset": self.hypergraph.dataset.to_json(), "origin": dict(self.origin), "counts": self.counts}
        write_artifact(directory, FORMAT, manifest, fill)

    @classmethod
    def read(cls, directory: Path) -> "Snapshot":
        """Read a directory that `write` made.

        Raises
        ------
        ArtifactError
            If it is incomplete, damaged or of another version.
        """
        manifest = read_manifest(directory, FORMAT)
        dataset = Dataset.from_json(manifest["dataset"])
        entities = {label: pd.read_parquet(directory / "entities" / f"{label}.parquet") for label in dataset.labels}
        hypergraph = Hypergraph(
            dataset=dataset,
            num_entities={label: len(table) for label, table in entities.items()},
            hyperedges={
                hyperedge_type.label: HyperedgeList(
                    hyperedge_type.members,
                    np.load(directory / "hyperedges" / f"{hyperedge_type.label}.members.npy", allow_pickle=False),
                    np.load(directory / "hyperedges" / f"{hyperedge_type.label}.values.npy", allow_pickle=False),
                )
                for hyperedge_type in dataset.hyperedge_types
            },
            graphs={
                graph.key: dgl_graphs.load_graph(directory / "graphs" / f"{graph.modality}.{graph.relation_type}.dgl")
                for graph in dataset.graphs
            },
        )
        return cls(hypergraph, entities, manifest["origin"])
