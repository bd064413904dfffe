import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.writeback.writeback import write_back
from tests import tiny

SCRIPT = Path(__file__).with_name("retrievers.py")


def test_graphrag_and_langchain_find_the_nearest_by_the_fixed_index(client: GraphClient) -> None:
    """As the README promises: they know one index and one property, and ask them by their own retrievers."""
    ingest(client, tiny.tables())
    ids = {label: sorted(table["id"]) for label, table in tiny.tables().entities.items()}
    names = tiny.tables().entities["Film"].set_index("id")["name"]
    random = np.random.default_rng(0)
    factors = {label: random.standard_normal((len(of), 4)).astype(np.float32) for label, of in ids.items()}
    write_back(client, Embeddings("run-1", "tiny", 4, ids, factors, {}, {}), fixed_names=True)
    unit = factors["Film"] / np.linalg.norm(factors["Film"], axis=1, keepdims=True)
    cosine = unit @ unit[ids["Film"].index("f4")]
    nearest = [ids["Film"][row] for row in np.argsort(-cosine)[:5]]

    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "the tests are run by uv"
    connection = client.connection
    environment = os.environ | {
        "NEO4J_URI": connection.uri,
        "NEO4J_USER": connection.user,
        "NEO4J_PASSWORD": connection.password,
        "LANGSMITH_TRACING": "false",
    }
    done = subprocess.run(
        [uv, "run", "--quiet", "--locked", "--python", sys.executable, "--script", SCRIPT, "film_embedding", "Film", "f4"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["graphrag"]) == 5
    for id_, content in zip(nearest, found["graphrag"], strict=True):
        assert f"'{id_}'" in content
    for id_, content in zip(nearest, found["graphrag with Cypher"], strict=True):
        assert f"'{names[id_]}'" in content
    assert [name for name, _ in found["langchain"]] == [names[id_] for id_ in nearest]
    np.testing.assert_allclose([score for _, score in found["langchain"]], (1 + np.sort(cosine)[::-1][:5]) / 2, atol=0.02)
    assert len(found["langchain, as a chain asks"]) == 5
