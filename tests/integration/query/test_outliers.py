"""The oddest hyperedges of a data set in a database: as those of what was learned, whoever came since."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.outliers import outliers as of_hypergraph
from pipeline.errors import QueryError
from pipeline.export.export import read_snapshot
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.query import vectors as module
from pipeline.query.outliers import outliers
from pipeline.query.vectors import read_embeddings
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import variables
from tests.integration.query.test_complete import with_types


@pytest.fixture
def wrote(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    write_back(client, with_types("run-1"))
    return client


@pytest.mark.parametrize("page", [5, 8, 10_000])
def test_what_was_learned_is_read_as_it_was_written(
    wrote: GraphClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: int
) -> None:
    monkeypatch.setattr(module, "_PAGE", page)  # of eight makers the last page is empty
    read, expected = read_embeddings(wrote, "tiny"), with_types("run-1")
    assert read is not None
    read.write(tmp_path / "embeddings")  # as a training that starts towards it is given it
    read = Embeddings.read(tmp_path / "embeddings")
    assert read.types.keys() == expected.types.keys()
    for label, learned in expected.types.items():
        told = read.types[label]
        assert (told.modalities, told.loss, told.mean, told.shifts) == (
            learned.modalities,
            learned.loss,
            learned.mean,
            learned.shifts,
        )
        np.testing.assert_array_equal(told.scale_D, learned.scale_D)
        np.testing.assert_array_equal(told.centres_KD, learned.centres_KD)
        for bias_N, expected_N in zip(told.biases, learned.biases, strict=True):
            np.testing.assert_array_equal(bias_N, expected_N)


def test_who_has_come_since_is_left_out_and_changes_nothing(wrote: GraphClient) -> None:
    learned = read_embeddings(wrote, "tiny")
    assert learned is not None
    before = outliers(read_snapshot(wrote, "tiny"), learned, "Making", k=10)
    assert (before.num_new, len(before.found)) == (0, 10)
    tables = tiny.tables()
    tables.entities["Film"].loc[len(tables.entities["Film"])] = ["e0", "New", 2020, ["film"]]
    making = tables.hyperedges["Making"]
    tables.hyperedges["Making"] = pd.concat([making, making.head(1).assign(member0="e0")], ignore_index=True)
    ingest(wrote, tables)
    after = outliers(read_snapshot(wrote, "tiny"), learned, "Making", k=10)
    assert (after.num_new, after.num_hyperedges) == (1, before.num_hyperedges)
    assert [each.members for each in after.found] == [each.members for each in before.found]


def test_the_command_shows_them(wrote: GraphClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in variables(wrote.connection, tmp_path).items():
        monkeypatch.setenv(name, value)
    snapshot, learned = read_snapshot(wrote, "tiny"), with_types("run-1")
    names = {of: pd.Series(table["name"].to_numpy(), table["id"].to_numpy()) for of, table in snapshot.entities.items()}
    expected = of_hypergraph(snapshot.hypergraph.hyperedges["Making"], learned.types["Making"], learned.factors, names, 3)
    asked = ["outliers", "tiny", "--type", "Making", "-k", "3"]
    rows = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert [[member["id"] for member in row["members"]] for row in rows] == [
        [member.id for member in each.members] for each in expected
    ]
    assert rows[0].keys() == {"type", "members", "odd", "seen", "expected", "times"}
    shown = CliRunner().invoke(app, asked).stdout
    assert all(member.name in shown for each in expected for member in each.members)
    assert "Remake" in CliRunner().invoke(app, ["outliers", "tiny"]).stdout
    many = CliRunner().invoke(app, ["outliers", "tiny", "--type", "Making", "-k", "1000"])
    assert "Making: in all others each member is the likeliest" in many.stderr
    assert many.stdout


def test_a_question_without_an_answer_is_refused(client: GraphClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in variables(client.connection, tmp_path).items():
        monkeypatch.setenv(name, value)
    ingest(client, tiny.tables())
    assert isinstance(error := CliRunner().invoke(app, ["outliers", "tiny"]).exception, QueryError)
    assert "has no vectors yet" in str(error)
    write_back(client, with_types("run-1"))
    assert isinstance(error := CliRunner().invoke(app, ["outliers", "tiny", "--type", "making"]).exception, QueryError)
    assert "Making" in str(error)
