from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import DatasetChangedError, QueryError
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.query import vectors as module
from pipeline.query.vectors import read_vectors
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import change, variables
from tests.integration.writeback.test_writeback import embeddings


@pytest.fixture
def wrote(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    write_back(client, embeddings("run-1"))
    return client


class WritersBetween:
    """A progress that has somebody publish two runs after the first page, each time that vectors are read."""

    def __init__(self, client: GraphClient, *runs: int) -> None:
        self.client, self.runs = client, list(runs)

    @contextmanager
    def __call__(self, description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        # Two each time: the second one writes where the vectors are that are being read.
        now, self.runs = self.runs[:2], self.runs[2:]

        def advance(steps: int) -> None:
            while now:
                number = now.pop(0)
                write_back(self.client, embeddings(f"run-{number}", seed=number))

        yield advance


@pytest.mark.parametrize("page", [5, 10_000])
def test_they_come_out_as_they_went_in(wrote: GraphClient, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(module, "_PAGE", page)
    read = read_vectors(wrote, "tiny", "Film")
    expected = embeddings("run-1")
    assert (read.run, read.ids) == ("run-1", expected.ids["Film"])
    assert read.matrix_NR.dtype == np.float32
    np.testing.assert_array_equal(read.matrix_NR, expected.factors["Film"])
    assert read.frame.loc["f4", "name"] == "Film 4"
    np.testing.assert_array_equal(read.frame.loc[:, "v0":"v3"].to_numpy(), expected.factors["Film"])


def test_those_of_two_runs_are_never_mixed(wrote: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 5)
    read = read_vectors(wrote, "tiny", "Film", WritersBetween(wrote, 2, 3))
    assert read.run == "run-3"
    np.testing.assert_array_equal(read.matrix_NR, embeddings("run-3", seed=3).factors["Film"])
    with pytest.raises(DatasetChangedError, match="another run of tiny was published each time"):
        read_vectors(wrote, "tiny", "Film", WritersBetween(wrote, *range(4, 10)))


def test_an_entity_that_came_since_is_left_out(wrote: GraphClient) -> None:
    change(wrote, "CREATE (:Entity:Maker {id: 'm9', name: 'new'})")
    assert read_vectors(wrote, "tiny", "Maker").ids == embeddings("run-1").ids["Maker"]


def test_questions_that_have_no_answer(client: GraphClient) -> None:
    with pytest.raises(QueryError, match="holds no data set tiny"):
        read_vectors(client, "tiny", "Film")
    ingest(client, tiny.tables())
    with pytest.raises(QueryError, match="tiny has no vectors yet"):
        read_vectors(client, "tiny", "Film")
    with pytest.raises(QueryError, match=r"tiny has no modality films; did you mean Film\?"):
        read_vectors(client, "tiny", "films")
    with pytest.raises(QueryError, match=r"holds no data set tyny; did you mean tiny\?"):
        read_vectors(client, "tyny", "Film")


def test_the_command_writes_a_file(wrote: GraphClient, tmp_path: Path) -> None:
    environment = variables(wrote.connection, tmp_path)
    file = tmp_path / "films.npy"
    result = CliRunner().invoke(app, ["vectors", "tiny", "Film", "--out", str(file), "--json"], env=environment)
    assert result.exit_code == 0, result.output
    assert '"vectors": 24' in result.stdout
    np.testing.assert_array_equal(np.load(file), embeddings("run-1").factors["Film"])


@pytest.mark.parametrize("form", ["dgl", "networkx", "hif", "parquet"])
def test_the_command_exports_every_format(wrote: GraphClient, tmp_path: Path, form: str) -> None:
    environment = variables(wrote.connection, tmp_path)
    result = CliRunner().invoke(app, ["export", "tiny", str(tmp_path / form), "--format", form, "--json"], env=environment)
    assert result.exit_code == 0, result.output
    assert '"Film": 24' in result.stdout
    assert (tmp_path / form / "manifest.json").exists()
