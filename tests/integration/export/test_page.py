"""The page about export: its example runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import variables
from tests.integration.writeback.test_writeback import embeddings

PAGE = Path(__file__).parents[3] / "docs" / "export.md"


def test_the_example_of_the_page_runs(client: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(client, tiny.tables())
    write_back(client, embeddings("run-1"))
    for name, value in variables(client.connection, tmp_path).items():
        monkeypatch.setenv(name, value)
    (example,) = re.findall(r"<!-- example -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, Any] = {}
    exec(example.replace('"movies"', '"tiny"').replace('"Movie"', '"Film"'), found)  # noqa: S102 - our own page
    assert found["vectors"].shape == (24, 5)
    assert found["heterograph"].num_nodes("Film") == 24
    assert len(found["graph"]) == 24 + 8 + 2 + sum(map(len, tiny.tables().hyperedges.values()))
