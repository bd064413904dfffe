import json
from pathlib import Path

from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.domain.run_folder import embeddings_folder
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import variables
from tests.integration.writeback.test_writeback import embeddings

QUESTION = {"type": "Making", "slot": 0, "modality": "Film", "mrr": 0.5, "baseline": "popularity", "baselineMrr": 0.25}


def invoke(client: GraphClient, home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, env=variables(client.connection, home) | {"COLUMNS": "40"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_runs_are_listed_with_what_they_can_be_served_from(client: GraphClient, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    assert json.loads(invoke(client, tmp_path, "runs", "tiny", "--json")) == []
    for number in range(1, 5):
        wrote = embeddings(f"run-{number}", seed=number)
        wrote.report["quality"] = [QUESTION, QUESTION | {"mrr": 0.7}]  # type: ignore[index]
        if number == 2:
            wrote.write(embeddings_folder(tmp_path / "runs", "tiny", wrote.run))
        write_back(client, wrote)
    rows = json.loads(invoke(client, tmp_path, "runs", "tiny", "--json"))
    assert [(row["id"], row["status"], row["served"], row["vectorsFrom"]) for row in rows] == [
        ("run-4", "published", True, "database"),
        ("run-3", "superseded", False, "database"),
        ("run-2", "superseded", False, "folder"),
        ("run-1", "superseded", False, None),
    ]
    assert {(row["embeddingDim"], row["numEntities"], len(row["quality"])) for row in rows} == {(4, 34, 2)}
    shown = invoke(client, tmp_path, "runs", "tiny")
    assert "run-4  served" in shown
    assert "MRR 0.600 (counting 0.250)" in shown
    done = json.loads(invoke(client, tmp_path, "rollback", "tiny", "--to", "run-2", "--json"))
    assert done == {
        "run": "run-2",
        "former": "run-4",
        "vectorsFrom": "folder",
        "vectors": {"Film": 24, "Maker": 8, "Style": 2},
        "missing": {"Film": 0, "Maker": 0, "Style": 0},
    }
    assert "run run-4 is served in place of run-2: 34 vectors" in invoke(client, tmp_path, "rollback", "tiny", "--to", "run-4")
    assert [row["id"] for row in json.loads(invoke(client, tmp_path, "runs", "tiny", "--json")) if row["served"]] == ["run-4"]
