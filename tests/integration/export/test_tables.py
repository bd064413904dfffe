import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.domain.dataset import HyperedgeType, Modality
from pipeline.errors import ArtifactError
from pipeline.export.tables import export_tables
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from tests import tiny


def test_tables_come_out_as_they_went_in(client: GraphClient, tmp_path: Path) -> None:
    tables = tiny.tables()
    ingest(client, tables)
    counts = export_tables(client, "tiny", tmp_path / "out")
    assert counts["entities"] == {"Film": 24, "Maker": 8, "Style": 2}

    def rows(path: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = pq.read_table(tmp_path / "out" / f"{path}.parquet").to_pylist()
        return found

    films = rows("entities/Film")
    assert [film["id"] for film in films] == sorted(tables.entities["Film"]["id"])
    expected = tables.entities["Film"].sort_values("id").astype({"year": object})
    assert films == expected.where(expected.notna(), None).to_dict("records")
    for kind in tables.dataset.hyperedge_types:
        frame = tables.hyperedges[kind.label]
        expected = frame.sort_values(list(frame.columns)[:-1])
        assert rows(f"hyperedges/{kind.label}") == expected.to_dict("records")
    ends = ["source", "target"]
    like = tables.relations["Film", "LIKE"].copy()
    like[ends] = [sorted(pair) for pair in like[ends].to_numpy().tolist()]
    assert rows("relations/Film.LIKE") == like.sort_values(ends).to_dict("records")


def test_days_and_moments_keep_their_types(client: GraphClient, tmp_path: Path) -> None:
    day, moment = dt.date(2001, 2, 3), dt.datetime(2001, 2, 3, 4, 5, 6, 789)
    films = replace(tiny.DATASET.modalities[0], properties={"seen": "date"}, distinguish_by=())
    making = HyperedgeType("Making", ("Film", "Maker"), time="datetime")
    dataset = replace(tiny.DATASET, modalities=(films, Modality("Maker")), hyperedge_types=(making,), graphs=())
    tables = tiny.Tables(
        dataset,
        {
            "Film": pd.DataFrame({"id": ["f0", "f1"], "name": ["a", "b"], "seen": [day, None]}),
            "Maker": pd.DataFrame({"id": ["m0"], "name": ["m"]}),
        },
        {},
        {"Making": pd.DataFrame({"member0": ["f0"], "member1": ["m0"], "value": [1.0], "time": [moment]})},
    )
    ingest(client, tables)
    export_tables(client, "tiny", tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "entities" / "Film.parquet")["seen"].to_pylist() == [day, None]
    assert pq.read_table(tmp_path / "out" / "hyperedges" / "Making.parquet")["time"].to_pylist() == [moment]


def test_a_directory_that_is_there_is_left_alone(client: GraphClient, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    with pytest.raises(ArtifactError, match="exists already"):
        export_tables(client, "tiny", tmp_path)
