"""A hypergraph is checked when it is made, and an edited snapshot is told as such before anything computes with it."""

import hashlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pipeline.domain import dgl_graphs
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import ArtifactError, HypergraphError
from tests.unit.train.hypergraphs import coupled, snapshot_of

HYPERGRAPH = coupled(1)
TRIO = HYPERGRAPH.hyperedges["Trio"]


def with_row(row: int) -> HyperedgeList:
    members = TRIO.members_EK.copy()
    members[4, 1] = row
    return replace(TRIO, members_EK=members)


@pytest.mark.parametrize("row", [-1, 7, 99_999_999, 2**40])
def test_a_member_is_a_row_of_its_modality(row: int) -> None:
    with pytest.raises(HypergraphError, match=rf"Trio, member 1 \(Bee\): row {row} at 4, there are 7 entities"):
        replace(HYPERGRAPH, hyperedges={**HYPERGRAPH.hyperedges, "Trio": with_row(row)})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(TRIO, values_E=TRIO.values_E[1:]), r"30 hyperedges of Ant × Bee × Cat have values of shape \(29,\)"),
        (lambda: replace(TRIO, members_EK=TRIO.members_EK[:, :2]), r"shape \(30, 2\), whole numbers in 3 columns"),
        (lambda: replace(TRIO, members_EK=TRIO.members_EK.astype(float)), "members are float64"),
        (lambda: replace(HYPERGRAPH, num_entities={"Ant": 9}), "entities are of Ant, described are Ant, Bee, Cat, Dog"),
        (lambda: replace(HYPERGRAPH, hyperedges={"Other": TRIO}), "hyperedges of Other join Ant, Bee, Cat, described is nothing"),
        (lambda: replace(HYPERGRAPH, hyperedges={"Pair": TRIO}), "hyperedges of Pair join Ant, Bee, Cat, described is Cat, Bee"),
        (lambda: with_graph(sparse.csr_array((8, 9), dtype=np.float32)), r"shape \(8, 9\), \(9, 9\) is expected"),
        (lambda: with_graph(beyond()), "graph Ant-SIMILAR: row 9 at 0, there are 9 entities"),
        (lambda: replace(HYPERGRAPH, graphs={("Ant", "OTHER"): beyond()}), "graph Ant-OTHER is not described"),
    ],
)
def test_parts_that_do_not_fit_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(HypergraphError, match=message):
        make()


def with_graph(weights: sparse.csr_array) -> Hypergraph:
    return replace(HYPERGRAPH, graphs={("Ant", "SIMILAR"): weights})


def beyond() -> sparse.csr_array:
    """A matrix that SciPy took at its word."""
    weights = sparse.csr_array((np.ones(1, np.float32), ([0], [1])), shape=(9, 9))
    weights.indices[0] = 9
    return weights


def test_the_digest_is_that_of_the_content() -> None:
    assert coupled(1).digest == HYPERGRAPH.digest
    assert coupled(2).digest != HYPERGRAPH.digest
    moved = replace(HYPERGRAPH, hyperedges={**HYPERGRAPH.hyperedges, "Trio": with_row(0)})
    assert moved.digest != HYPERGRAPH.digest
    halved = {key: weights * np.float32(0.5) for key, weights in HYPERGRAPH.graphs.items()}
    assert replace(HYPERGRAPH, graphs=halved).digest != HYPERGRAPH.digest


def test_other_graphs_are_described_as_they_are() -> None:
    doubled = sparse.csr_array(2 * HYPERGRAPH.graphs["Ant", "SIMILAR"])
    found = HYPERGRAPH.with_graphs({("Ant", "SIMILAR"): doubled})
    assert found.dataset.graphs == tuple(graph for graph in HYPERGRAPH.dataset.graphs if graph.key == ("Ant", "SIMILAR"))
    assert found.graphs == {("Ant", "SIMILAR"): doubled}
    assert found.hyperedges is HYPERGRAPH.hyperedges
    assert HYPERGRAPH.with_graphs({}).dataset.graphs == ()


def test_some_hyperedges_keep_their_order() -> None:
    edges = HyperedgeList(("Film", "Maker"), np.array([[3, 0], [1, 1], [2, 0]]), np.array([1, 2, 3], np.float32))
    some = edges.only(np.array([True, False, True]))
    assert (some.modalities, some.members_EK.tolist(), some.values_E.tolist()) == (("Film", "Maker"), [[3, 0], [2, 0]], [1, 3])


def manifest_of(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    return content


def rewrite(directory: Path, manifest: dict[str, Any]) -> None:
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def mend(directory: Path) -> None:
    """Digest the files anew, as somebody would who edited one."""
    manifest = manifest_of(directory)
    manifest["files"] = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in manifest["files"]}
    rewrite(directory, manifest)


def edit_hyperedges(position: int, rows: Callable[[np.ndarray], np.ndarray], count: int) -> Callable[[Path], None]:
    """Give the members at a position of Trio other rows, in a DGL graph that has room for them."""

    def edit(directory: Path) -> None:
        os.environ.setdefault("DGLBACKEND", "pytorch")
        dgl = importlib.import_module("dgl")
        file = str(directory / "hypergraph.dgl")
        (graph,), _ = dgl.load_graphs(file)
        edges = {kind: graph.edges(etype=kind) for kind in graph.canonical_etypes}
        kind = ("Trio", f"member{position}", TRIO.modalities[position])
        edges[kind] = (edges[kind][0], edges[kind][1].new_tensor(rows(edges[kind][1].numpy().copy())))
        counts = {name: graph.num_nodes(name) for name in graph.ntypes} | {TRIO.modalities[position]: count}
        edited = dgl.heterograph(edges, num_nodes_dict=counts)
        for name in HYPERGRAPH.hyperedges:
            edited.nodes[name].data["value"] = graph.nodes[name].data["value"]
        dgl.save_graphs(file, [edited])
        mend(directory)

    return edit


def one_row(row: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows_E: np.where(np.arange(len(rows_E)) == 4, row, rows_E)


def edit_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        manifest = manifest_of(directory)
        change(manifest)
        rewrite(directory, manifest)

    return edit


def edit_file(name: str, content: bytes) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        (directory / name).write_bytes(content)
        mend(directory)

    return edit


def edit_graph(directory: Path) -> None:
    dgl_graphs.save_graph(directory / "graphs" / "Ant.SIMILAR.dgl", sparse.csr_array(np.ones((12, 12), np.float32)))
    mend(directory)


def edit_entities(directory: Path) -> None:
    pd.DataFrame({"id": ["a", "b"], "name": ["a", "b"]}).to_parquet(directory / "entities" / "Bee.parquet")
    mend(directory)


EDITS = {
    "a row beyond the entities": (edit_hyperedges(1, one_row(99_999_999), 10**8), "row 99999999 at 4, there are 7 entities"),
    "a row beyond 32 bits": (edit_hyperedges(1, one_row(2**40), 2**41), "row 1099511627776 at 4"),
    "another row": (edit_hyperedges(1, one_row(0), 7), "another hypergraph than its manifest says"),
    "a larger graph": (edit_graph, r"graph Ant-SIMILAR has the shape \(12, 12\), \(9, 9\) is expected"),
    "no graph": (edit_file("graphs/Ant.SIMILAR.dgl", b"nothing"), "holds no DGL graph"),
    "fewer ids": (edit_entities, "has 2 ids of Bee, and 7 entities"),
    "other counts": (edit_manifest(lambda m: m["counts"]["entities"].update(Ant=10)), r"\(9, 9\), \(10, 10\) is expected"),
    "no counts": (edit_manifest(lambda m: m.pop("counts")), "'counts' is missing"),
    "no table": (edit_file("entities/Bee.parquet", b"nothing"), "is damaged"),
    "no list of files": (edit_manifest(lambda m: m.pop("files")), "it lists no files"),
    "files in a list": (edit_manifest(lambda m: m.update(files=list(m["files"]))), "it lists no files"),
    "a file elsewhere": (edit_manifest(lambda m: m["files"].update({"../passwords": "0"})), r"lists \.\./passwords"),
    "an absolute file": (edit_manifest(lambda m: m["files"].update({"/etc/hostname": "0"})), "lists /etc/hostname"),
    "a file that is not listed": (edit_manifest(lambda m: m["files"].pop("hypergraph.dgl")), "does not list hypergraph.dgl"),
    "no description": (edit_manifest(lambda m: m.pop("dataset")), "'dataset' is missing"),
    "half a description": (edit_manifest(lambda m: m["dataset"].pop("graphs")), "'graphs' is missing"),
    "another description": (edit_manifest(lambda m: m["dataset"].update(modalities=[])), "names modality Ant"),
    "a list for a manifest": (lambda d: (d / "manifest.json").write_text("[]"), r"holds \[\]"),
}


@pytest.mark.parametrize(("edit", "message"), EDITS.values(), ids=EDITS.keys())
def test_an_edited_snapshot_is_a_bad_snapshot(tmp_path: Path, edit: Callable[[Path], None], message: str) -> None:
    directory = tmp_path / "snapshot"
    snapshot_of(HYPERGRAPH).write(directory)
    edit(directory)
    with pytest.raises(ArtifactError, match=message) as raised:
        Snapshot.read(directory)
    assert "\n" not in str(raised.value)


def test_too_few_values_are_a_bad_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DGL itself wants a value per hyperedge; whatever gives fewer is noticed."""
    snapshot_of(HYPERGRAPH).write(tmp_path / "snapshot")
    read = dgl_graphs.load_hyperedges

    def fewer(*given: Any) -> dict[str, HyperedgeList]:
        return {label: HyperedgeList(e.modalities, e.members_EK, e.values_E[:-1]) for label, e in read(*given).items()}

    monkeypatch.setattr(dgl_graphs, "load_hyperedges", fewer)
    with pytest.raises(ArtifactError, match="have values of shape"):
        Snapshot.read(tmp_path / "snapshot")


def test_training_an_edited_snapshot_is_one_line(tmp_path: Path) -> None:
    directory = tmp_path / "snapshot"
    snapshot_of(HYPERGRAPH).write(directory)
    edit_hyperedges(1, one_row(99_999_999), 10**8)(directory)
    command = [sys.executable, "-m", "pipeline", "train", str(directory), str(tmp_path / "embeddings")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "row 99999999 at 4, there are 7 entities" in result.stderr
    assert not (tmp_path / "embeddings").exists()
