"""Every query of a guide, run on the server as a person would run it; names and ids may hold anything."""

import json
import signal
import subprocess
import sys
from html.parser import HTMLParser
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import neo4j
import numpy as np
import pandas as pd
import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.ingest.ingest import ingest
from pipeline.query.find import find
from pipeline.query.guide_queries import general_queries, modality_queries
from pipeline.query.served import published
from pipeline.query.similar import similar
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import ask, num_nodes, variables
from tests.integration.writeback.test_writeback import embeddings

HOSTILE = [
    "It's",
    "'}) DETACH DELETE n //",
    "\\' OR true //",
    "\\",
    "\\u0027}) RETURN 1 //",
    "`}) MATCH (m:`Film`",
    '"<script>alert(1)</script>" onload=alert(1)',
    "two\nlines; RETURN 1; :style reset",
    "nul\x01 \u202e \u2028 costs $who",
    "/* comment */ // {{}} ==== AsciiDoc ----",
]


def queries(client: GraphClient, dataset: Dataset = tiny.DATASET) -> dict[str, dict[str, str]]:
    _, run = published(client, dataset.labels[0])
    found = {modality.label: modality_queries(client, run, dataset, modality) for modality in dataset.modalities}
    return {**found, "general": general_queries(client, dataset)}


@pytest.fixture
def served(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    write_back(client, embeddings("run-1"))
    return client


def test_all_that_can_be_asked_of_the_data_is_there(served: GraphClient) -> None:
    found = queries(served)
    films = list(found["Film"])
    best = films[1].removesuffix(" in the middle of its hyperedges")
    assert films[:5] == [
        "The ten Film nodes that most hyperedges join",
        f"{best} in the middle of its hyperedges",
        f"{best} and those tied to it by LIKE",
        f"The Film nodes nearest to {best}",
        f"{best}, the five nearest, and what each shares with it",
    ]
    assert films[5].startswith(f"Why {best} and Film ")
    assert films[6:] == ["The same by their vectors: the components that carry the cosine"]
    # No relations among makers.
    assert len(found["Maker"]) == 6
    assert list(found["general"]) == [
        "Some hyperedges of the type Making",
        "Some hyperedges of the type Remake",
        "What was trained and when, and which run is served",
    ]
    assert queries(served) == found


def test_the_nearest_are_those_of_similar(served: GraphClient) -> None:
    """With its scores, which know by how many hyperedges."""
    film, run = published(served, "Film")
    ((asked, query),) = [each for each in queries(served)["Film"].items() if "nearest to" in each[0]]
    entity = find(served, film, asked.partition(" nearest to ")[2])
    nearest = similar(served, run, film, entity.id, k=10)
    rows = ask(served, query)
    assert [row["name"] for row in rows] == [neighbour.name for neighbour in nearest]
    assert [row["score"] for row in rows] == pytest.approx([neighbour.score for neighbour in nearest], abs=1e-3)


def test_the_server_plans_every_query_without_complaint_and_answers_it(served: GraphClient, connection: Connection) -> None:
    with (
        neo4j.GraphDatabase.driver(connection.uri, auth=(connection.user, connection.password)) as driver,
        driver.session(database=connection.database, default_access_mode="READ") as session,
    ):
        for slide in queries(served).values():
            for asked, query in slide.items():
                result = session.run(neo4j.Query(query))
                assert list(result), asked
                notes = [note.status_description for note in result.consume().gql_status_objects if note.is_notification]
                assert notes == [], asked


def strange() -> tiny.Tables:
    """A modality for each hostile text, as the name of its best-connected entity; or as its id, the name being another's too."""
    modalities = [Modality(f"Kind{number}") for number in range(2 * len(HOSTILE))]
    types = [HyperedgeType(f"Type{number}", (modality.label, "Maker")) for number, modality in enumerate(modalities)]
    entities, hyperedges = {"Maker": tiny.entities("Maker", 3)}, {}
    for number, modality in enumerate(modalities):
        frame = tiny.entities(modality.label, 4)
        frame.loc[0, "name"] = HOSTILE[number // 2]
        if number % 2:
            frame.loc[0, "id"], frame.loc[1, "name"] = HOSTILE[number // 2], HOSTILE[number // 2]
        entities[modality.label] = frame
        pairs = [(frame.id[0], f"m{maker}", 1.0) for maker in range(3)] + [(id_, "m0", 1.0) for id_ in frame.id[1:]]
        hyperedges[f"Type{number}"] = pd.DataFrame(pairs, columns=["member0", "member1", "value"])
    return tiny.Tables(Dataset("tiny", (*modalities, Modality("Maker")), tuple(types)), entities, {}, hyperedges)


def test_whatever_a_name_or_an_id_holds_the_query_asks_for_it(client: GraphClient) -> None:
    tables = strange()
    ingest(client, tables)
    ids = {label: sorted(frame["id"]) for label, frame in tables.entities.items()}
    random = np.random.default_rng(0)
    vectors = {label: random.standard_normal((len(of), 4)).astype(np.float32) for label, of in ids.items()}
    write_back(client, Embeddings("run-1", "tiny", 4, ids, vectors, {}, {"seconds": 1.0}))
    before = num_nodes(client)
    found = queries(client, tables.dataset)
    for number, modality in enumerate(tables.dataset.modalities[:-1]):
        strange_one = tables.entities[modality.label].iloc[0]
        asked = found[modality.label]
        assert len(asked) == 6
        (around,) = [query for question, query in asked.items() if question.endswith("in the middle of its hyperedges")]
        assert ("{id: '" in around) == bool(number % 2)
        rows = ask(client, around)
        assert len(rows) == 3
        assert {row["path"].start_node["id"] for row in rows} == {strange_one["id"]}
        assert {row["path"].start_node["name"] for row in rows} == {strange_one["name"]}
        for question, query in asked.items():
            assert ask(client, query), question
    assert num_nodes(client) == before


class _Queries(HTMLParser):
    """Texts of a guide's queries."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "pre"
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def test_the_command_serves_guide_and_style_until_it_is_interrupted(
    served: GraphClient, connection: Connection, tmp_path: Path
) -> None:
    browser = "http://graph.example:7474"
    command = [sys.executable, "-m", "pipeline", "browse", "tiny", "--browser", browser, "--json"]
    with subprocess.Popen(
        command, env=variables(connection, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        while "Ctrl-C" not in process.stderr.readline():
            assert process.poll() is None
        url = urlsplit(told["url"])
        asked = parse_qs(url.query)
        assert (url.netloc, url.path, asked["cmd"]) == ("graph.example:7474", "/browser/", ["guide"])
        assert connection.password not in told["url"]
        (address,) = asked["arg"]
        for ending, file in (("html", told["guide"]), ("grass", told["style"])):
            server = HTTPConnection("127.0.0.1", urlsplit(address).port or 0, timeout=10)
            server.request("GET", f"/tiny.{ending}", headers={"Origin": browser})
            answer = server.getresponse()
            assert answer.getheader("Access-Control-Allow-Origin") == browser
            assert answer.read().decode() == Path(file).read_text(encoding="utf-8")
            server.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert Path(told["guide"]).parent == tmp_path / "browser"
    assert Path(told["guide"]).parent.stat().st_mode & 0o077 == 0
    assert json.loads(Path(told["style"]).read_text(encoding="utf-8"))["node.Making"]["caption"] == "Making"
    expected = [query for slide in queries(served).values() for query in slide.values()]
    assert _Queries(Path(told["guide"]).read_text(encoding="utf-8")).found == expected


def test_a_data_set_without_vectors_has_no_guide_yet(client: GraphClient, connection: Connection, tmp_path: Path) -> None:
    ingest(client, tiny.tables())
    command = [sys.executable, "-m", "pipeline", "browse", "tiny"]
    result = subprocess.run(command, env=variables(connection, tmp_path), capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "data set tiny has no vectors yet" in result.stderr
    assert not (tmp_path / "browser").exists()
